// The first look at a request, and the line that tells of its refusal.
#include "services/webhook/service/reception.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "services/webhook/domain/claim.h"
#include "services/webhook/domain/payload.h"

namespace ctc::webhook {
namespace {

using common::v1::ProviderType;
using ReadVerdict = dispatch::v1::ReadWebhookResponse;

constexpr size_t kMaxBody = 64 << 10;
constexpr size_t kMaxTypeName = 64;
constexpr size_t kMaxMessage = 1000;
// Providers wait 5 s and more for an answer.
constexpr absl::Duration kTimeout = absl::Seconds(4);

std::optional<ProviderType::Value> TypeOf(std::string_view path) {
  std::string name(path.substr(0, kMaxTypeName));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  ProviderType::Value type;
  if (!ProviderType::Value_Parse(name, &type)) return std::nullopt;
  if (type == ProviderType::PROVIDER_TYPE_UNSPECIFIED) return std::nullopt;
  return type;
}

std::string_view HeaderOf(const common::v1::HttpRequest& request, std::string_view name) {
  for (const auto& header : request.headers()) {
    if (header.name() == name) return header.value();
  }
  return {};
}

}  // namespace

std::string PayloadOf(const common::v1::HttpRequest& request, size_t max_bytes) {
  return CleanPayload(request.body().empty() ? request.query() : request.body(), max_bytes);
}

bool IsSignedRightly(ReadVerdict::Verdict verdict) {
  return verdict == ReadVerdict::GENUINE || verdict == ReadVerdict::OUTSIDE_WINDOW ||
         verdict == ReadVerdict::UNREADABLE;
}

Refusal RefusalFor(ReadVerdict::Verdict verdict, std::string_view reason) {
  switch (verdict) {
    case ReadVerdict::UNSIGNED:
      return {Verdict::kUnsigned, base::MakeError(base::kSignatureMissing, "no signature")};
    case ReadVerdict::OUTSIDE_WINDOW:
      return {Verdict::kOutsideWindow,
              base::MakeError(base::kWebhookOutsideWindow, std::string(reason))};
    case ReadVerdict::UNREADABLE: {
      base::ErrorDetail detail;
      detail.fields.push_back({"body", std::string(reason)});
      return {Verdict::kUnreadable,
              base::MakeError(base::kWebhookUnreadable, std::string(reason), std::move(detail))};
    }
    case ReadVerdict::NO_ACCOUNT:
      return {Verdict::kNoAccount,
              base::MakeError(base::kSignatureInvalid, "the signature fits no account")};
    default:
      return {Verdict::kForged,
              base::MakeError(base::kSignatureInvalid, "the signature fits no account")};
  }
}

rpc::Context ContextFor(const rpc::Context& from, const base::TenantId& tenant,
                        absl::Time deadline) {
  rpc::Context context = rpc::Context::ForService(tenant, deadline);
  context.request_id = from.request_id;
  context.traceparent = from.traceparent;
  return context;
}

Arrival Reception::Begin(const rpc::Context& context, std::string_view provider) {
  Arrival arrival;
  LogEntry& entry = arrival.line.entry;
  entry.id = ids_.Uuid();
  entry.received_at = clock_.Now();
  arrival.deadline = std::min(context.deadline, entry.received_at + kTimeout);
  if (const auto type = TypeOf(provider)) {
    arrival.type = *type;
    entry.provider_type = ProviderType::Value_Name(*type);
  }
  return arrival;
}

// What can be said without any secret.
absl::Status CheckEnvelope(const common::v1::HttpRequest& raw, Arrival& arrival) {
  absl::StatusOr<base::TenantId> tenant = ClaimedTenant(raw.query(), "");
  if (tenant.ok()) {
    arrival.tenant = *std::move(tenant);
    arrival.line.entry.tenant = arrival.tenant.value();
  }
  if (arrival.type == ProviderType::PROVIDER_TYPE_UNSPECIFIED) {
    return base::MakeError(base::kUnknownProviderType, "there is no such provider type");
  }
  CTC_RETURN_IF_ERROR(ClaimedTenant(raw.query(), HeaderOf(raw, "x-tenant-id")).status());
  if (raw.body().size() > kMaxBody) {
    return base::MakeError(base::kBodyTooLarge, "a webhook may have 64 KiB");
  }
  return absl::OkStatus();
}

Arrival Reception::BeginEvent(const rpc::Context& context, base::TenantId tenant,
                              ProviderType::Value type, const std::string& provider_id) {
  Arrival arrival;
  LogEntry& entry = arrival.line.entry;
  entry.id = ids_.Uuid();
  entry.received_at = clock_.Now();
  entry.tenant = tenant.value();
  entry.source = kFromEventSocket;
  entry.signature_valid = true;
  if (type != ProviderType::PROVIDER_TYPE_UNSPECIFIED) {
    entry.provider_type = ProviderType::Value_Name(type);
  }
  if (base::IsUuid(provider_id)) entry.provider_id = provider_id;
  arrival.tenant = std::move(tenant);
  arrival.type = type;
  arrival.deadline = std::min(context.deadline, entry.received_at + kTimeout);
  return arrival;
}

// Those who prove who they are have a limit of their own, which strangers cannot use up.
bool Reception::IsWritten(const Arrival& arrival, Verdict verdict) {
  const LogEntry& entry = arrival.line.entry;
  const bool invented = verdict == Verdict::kNoAccount || verdict == Verdict::kBadEnvelope;
  const std::string key = absl::StrCat(
      entry.tenant, entry.signature_valid ? " proven " : " claimed ", entry.provider_type);
  const RefusalLimiter::Decision decision = refusals_.Count(key, invented, clock_.Monotonic());
  if (decision.left_out_before > 0) {
    observability::Warn("webhook refusals were left out of the log in a minute before",
                        {{"count", decision.left_out_before}});
  }
  if (decision.limit_met) {
    observability::Warn("webhook refusals are only counted for the rest of the minute",
                        {{"tenant", entry.tenant}, {"provider_type", entry.provider_type}});
  }
  return decision.write;
}

// Logs why, once for people and once for the tenant, and hands the error back.
Task<absl::Status> Reception::Refuse(Arrival arrival, Verdict verdict, absl::Status why,
                                     std::string_view reason) {
  LogEntry& entry = arrival.line.entry;
  metrics_.Count(arrival.type, verdict);
  if (!IsWritten(arrival, verdict)) co_return why;
  entry.state = kRefused;
  entry.error_code = base::DetailOf(why).code;
  entry.error_message = CleanText(reason, kMaxMessage);
  if (entry.payload.size() > kMaxRefusedPayload) {
    entry.payload = CleanPayload(entry.payload, kMaxRefusedPayload);
  }
  arrival.line.facts.Clear();
  observability::Warn("webhook refused", {{"webhook", entry.id},
                                          {"tenant", entry.tenant},
                                          {"provider_type", entry.provider_type},
                                          {"code", entry.error_code},
                                          {"reason", entry.error_message}});
  const absl::Time deadline = arrival.deadline;
  const absl::Status logged = co_await log_.Add(std::move(arrival.line), deadline);
  if (!logged.ok()) {
    observability::Warn("a refused webhook cannot be logged", {{"error", logged}});
  }
  co_return why;
}

}  // namespace ctc::webhook
