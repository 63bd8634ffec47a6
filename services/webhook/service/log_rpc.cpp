// List, read and replay over the store.
#include "services/webhook/service/log_rpc.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/webhook/service/flow_intake.h"

namespace ctc::webhook {
namespace {

namespace sv1 = session::v1;
using common::v1::ProviderType;

constexpr absl::Duration kTimeout = absl::Seconds(10);
constexpr std::array<std::string_view, 5> kStates = {kReceived, kApplied, kDuplicate, kRefused,
                                                     kParked};

std::string UpperCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

absl::StatusOr<store::Filter> FilterOf(const v1::ListWebhookLogsRequest& request) {
  store::Filter filter;
  filter.state = UpperCase(request.state());
  if (!filter.state.empty() &&
      std::find(kStates.begin(), kStates.end(), filter.state) == kStates.end()) {
    return base::InvalidField("state", "must be RECEIVED, APPLIED, DUPLICATE, REFUSED or PARKED");
  }
  filter.provider_type = UpperCase(request.provider_type());
  ProviderType::Value type;
  if (!filter.provider_type.empty() && !ProviderType::Value_Parse(filter.provider_type, &type)) {
    return base::InvalidField("provider_type", "is no type of provider");
  }
  return filter;
}

v1::WebhookLog Shown(const LogEntry& entry) {
  v1::WebhookLog log;
  ProviderType::Value type = ProviderType::PROVIDER_TYPE_UNSPECIFIED;
  if (ProviderType::Value_Parse(entry.provider_type, &type)) log.set_provider_type(type);
  log.set_id(entry.id);
  log.set_provider_id(entry.provider_id);
  log.set_event_type(entry.event_type);
  log.set_session_id(entry.session_id);
  log.set_correlation_id(entry.correlation_id);
  log.set_signature_valid(entry.signature_valid);
  log.set_state(entry.state);
  log.set_error_message(entry.error_message);
  log.set_error_code(entry.error_code);
  log.set_source(entry.source);
  log.set_payload(entry.payload);
  *log.mutable_received_at() = base::ToProto(entry.received_at);
  if (entry.processed_at != absl::InfiniteFuture()) {
    *log.mutable_processed_at() = base::ToProto(entry.processed_at);
  }
  log.set_attempts(entry.attempts);
  return log;
}

v1::ReplayWebhookResponse Outcome(bool success, std::string_view message) {
  v1::ReplayWebhookResponse response;
  response.set_success(success);
  response.set_message(std::string(message));
  return response;
}

absl::Status CheckTenant(const rpc::Context& context) {
  if (!context.tenant.empty()) return absl::OkStatus();
  return base::MakeError(base::kTenantRequired, "X-Tenant-ID is missing");
}

}  // namespace

LogRpc::LogRpc(rpc::Channel& session, db::Database& database, const base::Clock& clock)
    : session_(session), database_(database), clock_(clock) {}

// A line may name its session by either of its names: both are looked for. A session that cannot be
// resolved is looked for as it was given.
Task<std::vector<std::string>> LogRpc::NamesOf(const rpc::Context& context, std::string session) {
  std::vector<std::string> names;
  if (session.empty()) co_return names;
  sv1::ResolveSessionRequest request;
  request.set_session(session);
  rpc::Context ours = rpc::Context::ForService(context.tenant, context.deadline);
  const absl::StatusOr<sv1::ResolveSessionResponse> found = co_await rpc::Call(
      session_, sv1::SessionServiceRpc::kResolveSession, std::move(ours), request);
  if (found.ok()) {
    names.push_back(found->id());
    names.push_back(found->session_id());
  } else {
    names.push_back(std::move(session));
  }
  co_return names;
}

Task<absl::StatusOr<v1::ListWebhookLogsResponse>> LogRpc::ListWebhookLogs(
    rpc::Context context, const v1::ListWebhookLogsRequest& request) {
  CTC_CO_RETURN_IF_ERROR(CheckTenant(context));
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(store::kLogOrders, context.tenant, request));
  CTC_CO_ASSIGN_OR_RETURN(store::Filter filter, FilterOf(request));
  context.deadline = std::min(context.deadline, clock_.Now() + kTimeout);
  filter.sessions = co_await NamesOf(context, request.session_id());
  store::Page found;
  absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& connection) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(found, store::List(connection, context.tenant, filter, page));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  v1::ListWebhookLogsResponse response;
  page.Describe(found.total, found.next_cursor, response);
  for (const LogEntry& entry : found.entries) *response.add_logs() = Shown(entry);
  co_return response;
}

Task<absl::StatusOr<LogEntry>> LogRpc::Find(const rpc::Context& context, const std::string& id) {
  CTC_CO_RETURN_IF_ERROR(CheckTenant(context));
  if (!base::IsUuid(id)) co_return base::MakeError(base::kNotFound, "there is no such webhook");
  absl::StatusOr<LogEntry> entry = absl::UnknownError("not read");
  const absl::Time deadline = std::min(context.deadline, clock_.Now() + kTimeout);
  absl::Status status =
      co_await database_.Run(deadline, [&](db::Connection& connection) -> absl::Status {
        entry = store::Get(connection, context.tenant, id);
        return entry.status();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  co_return entry;
}

Task<absl::StatusOr<v1::GetWebhookLogResponse>> LogRpc::GetWebhookLog(
    rpc::Context context, const v1::GetWebhookLogRequest& request) {
  absl::StatusOr<LogEntry> entry = co_await Find(context, request.id());
  CTC_CO_RETURN_IF_ERROR(entry.status());
  v1::GetWebhookLogResponse response;
  *response.mutable_log() = Shown(*entry);
  co_return response;
}

Task<absl::StatusOr<v1::ReplayWebhookResponse>> LogRpc::ReplayWebhook(
    rpc::Context context, const v1::ReplayWebhookRequest& request) {
  absl::StatusOr<LogEntry> entry = co_await Find(context, request.id());
  CTC_CO_RETURN_IF_ERROR(entry.status());
  if (entry->event_type == kFlowEvent) {
    co_return base::InvalidField("id",
                                 "is a question about a caller, answered when it came; only "
                                 "events are replayed");
  }
  if (entry->state == kRefused) co_return Outcome(false, "refused");
  if (entry->state == kApplied || entry->state == kDuplicate) co_return Outcome(true, "duplicate");
  co_return co_await Apply(context, *entry);
}

Task<absl::StatusOr<v1::ReplayWebhookResponse>> LogRpc::Apply(const rpc::Context& context,
                                                              const LogEntry& entry) {
  sv1::ApplyFactsRequest facts;
  if (!facts.ParseFromString(entry.facts)) {
    co_return base::MakeError(base::kInternal, "the facts of the event cannot be read");
  }
  const absl::Time deadline = std::min(context.deadline, clock_.Now() + kTimeout);
  rpc::Context ours = rpc::Context::ForService(base::TenantId(), deadline);
  const absl::StatusOr<sv1::ApplyFactsResponse> response =
      co_await rpc::Call(session_, sv1::SessionServiceRpc::kApplyFacts, std::move(ours), facts);
  CTC_CO_RETURN_IF_ERROR(response.status());
  bool applied = false;
  for (const int result : response->results()) {
    if (result == sv1::ApplyFactsResponse::UNKNOWN_SESSION) co_return Outcome(false, "refused");
    applied = applied || result == sv1::ApplyFactsResponse::APPLIED;
  }
  const std::vector<std::string> ids(1, entry.id);
  const absl::Status marked = co_await database_.Run(deadline, [&](db::Connection& connection) {
    return store::MarkDone(connection, ids, applied ? kApplied : kDuplicate, clock_.Now());
  });
  CTC_CO_RETURN_IF_ERROR(marked);
  co_return Outcome(true, applied ? "applied" : "duplicate");
}

}  // namespace ctc::webhook
