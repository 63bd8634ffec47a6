// The way of a webhook from the edge into the log.
#include "services/webhook/service/intake.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "ctc/dispatch/v1/dispatch_service.rpc.h"
#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/observability/log.h"
#include "services/webhook/domain/claim.h"
#include "services/webhook/domain/payload.h"
#include "services/webhook/domain/retry.h"

namespace ctc::webhook {
namespace {

namespace dv1 = dispatch::v1;
namespace sv1 = session::v1;
using common::v1::ProviderType;

constexpr size_t kMaxEventType = 128;
constexpr int kMaxFacts = 1000;  // what the session service takes in one call
constexpr absl::Duration kResolveTimeout = absl::Seconds(1);
// A provider can be faster than the transaction that writes its id of the call down.
constexpr int kResolveTries = 4;
constexpr std::chrono::milliseconds kResolvePause(100);
constexpr std::string_view kDone = R"({"success":true,"message":"Webhook processed successfully"})";

Task<void> Pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// Facts name tenant, account and source themselves; none may come from the event's text.
void Complete(sv1::SessionFact& fact, const base::TenantId& tenant, const std::string& provider_id,
              absl::Time now, sv1::KnownBy source) {
  fact.set_tenant_id(tenant.value());
  if (fact.provider_id().empty()) fact.set_provider_id(provider_id);
  sv1::CallFact& said = *fact.mutable_fact();
  if (said.source() == sv1::KNOWN_BY_UNSPECIFIED) said.set_source(source);
  // By the clock that wrote the line, not the one of whoever read it.
  if (!said.has_received_time() || source == sv1::WEBHOOK) {
    *said.mutable_received_time() = base::ToPreciseProto(now);
  }
}

bool SameSession(const sv1::SessionFact& a, const sv1::SessionFact& b) {
  return a.session() == b.session() && a.provider_call_id() == b.provider_call_id();
}

// How a line begins that is to be applied, or that says nothing to apply.
void MakeDue(LogWriter::NewEntry& line) {
  LogEntry& entry = line.entry;
  if (line.facts.facts_size() == 0) {
    entry.state = kApplied;
    entry.processed_at = entry.received_at;
    return;
  }
  line.facts.SerializeToString(&entry.facts);
  entry.next_attempt_at = entry.received_at + kFirstClaim;
}

}  // namespace

Intake::Intake(rpc::Channel& dispatch, rpc::Channel& session, Reception& reception, LogWriter& log,
               const base::Clock& clock)
    : dispatch_(dispatch), session_(session), reception_(reception), log_(log), clock_(clock) {}

Task<absl::StatusOr<dv1::ReadWebhookResponse>> Intake::Read(
    const rpc::Context& context, const v1::ReceiveWebhookRequest& request, const Arrival& arrival) {
  dv1::ReadWebhookRequest read;
  read.set_provider(request.provider());
  read.set_tenant_id(arrival.tenant.value());
  *read.mutable_request() = request.raw();
  rpc::Context ours = ContextFor(context, arrival.tenant, arrival.deadline);
  co_return co_await rpc::Call(dispatch_, dv1::DispatchServiceRpc::kReadWebhook, std::move(ours),
                               read);
}

Task<absl::StatusOr<sv1::ResolveSessionResponse>> Intake::Resolve(const rpc::Context& context,
                                                                  const Arrival& arrival,
                                                                  const sv1::SessionFact& fact) {
  sv1::ResolveSessionRequest request;
  request.set_session(fact.session());
  if (fact.session().empty()) {
    request.set_provider_id(fact.provider_id());
    request.set_provider_call_id(fact.provider_call_id());
  }
  const int tries = fact.session().empty() ? kResolveTries : 1;
  for (int i = 1;; ++i) {
    const absl::Time deadline = std::min(arrival.deadline, clock_.Now() + kResolveTimeout);
    rpc::Context ours = ContextFor(context, arrival.tenant, deadline);
    absl::StatusOr<sv1::ResolveSessionResponse> found = co_await rpc::Call(
        session_, sv1::SessionServiceRpc::kResolveSession, std::move(ours), request);
    if (found.ok() || !absl::IsNotFound(found.status()) || i == tries) co_return found;
    co_await Pause(kResolvePause);
  }
}

// True only when the session service says so: while it is away, events are taken all the same.
Task<bool> Intake::IsOfUnknownSession(const rpc::Context& context, Arrival& arrival) {
  const auto& facts = arrival.line.facts.facts();
  for (int i = 0; i < facts.size(); ++i) {
    if (i > 0 && SameSession(facts[i], facts[i - 1])) continue;
    absl::StatusOr<sv1::ResolveSessionResponse> found =
        co_await Resolve(context, arrival, facts[i]);
    if (found.ok()) {
      arrival.line.entry.session_id = found->session_id();
      co_return false;
    }
    const bool unknown =
        absl::IsNotFound(found.status()) || absl::IsInvalidArgument(found.status());
    if (!unknown) co_return false;
  }
  co_return !facts.empty();
}

// After this returned OK, the event is never lost.
Task<absl::Status> Intake::Commit(Arrival arrival) {
  MakeDue(arrival.line);
  const ProviderType::Value type = arrival.type;
  const bool socket = arrival.line.entry.source == kFromEventSocket;
  const absl::Time deadline = arrival.deadline;
  const absl::Status committed = co_await log_.Add(std::move(arrival.line), deadline);
  const Verdict taken = socket ? Verdict::kEventSocket : Verdict::kGenuine;
  reception_.metrics().Count(type, committed.ok() ? taken : Verdict::kNotTaken);
  co_return committed;
}

Task<absl::StatusOr<v1::ReceiveWebhookResponse>> Intake::ReceiveWebhook(
    rpc::Context context, const v1::ReceiveWebhookRequest& request) {
  Arrival arrival = reception_.Begin(context, request.provider());
  LogEntry& entry = arrival.line.entry;
  const absl::Status envelope = CheckEnvelope(request.raw(), arrival);
  if (!envelope.ok()) {
    entry.payload = PayloadOf(request.raw(), kMaxRefusedPayload);
    co_return co_await reception_.Refuse(std::move(arrival), Verdict::kBadEnvelope, envelope,
                                         std::string(envelope.message()));
  }
  absl::StatusOr<dv1::ReadWebhookResponse> read = co_await Read(context, request, arrival);
  if (!read.ok()) {
    reception_.metrics().Count(arrival.type, Verdict::kNotTaken);
    co_return read.status();
  }
  const bool genuine = read->verdict() == dv1::ReadWebhookResponse::GENUINE;
  entry.payload = PayloadOf(request.raw(), genuine ? kMaxPayload : kMaxRefusedPayload);
  entry.event_type = CleanText(read->event_type(), kMaxEventType);
  entry.session_id = CleanText(read->session(), kMaxId);
  entry.correlation_id = CleanText(read->correlation_id(), kMaxId);
  if (base::IsUuid(read->provider_id())) entry.provider_id = read->provider_id();
  entry.signature_valid = IsSignedRightly(read->verdict());
  if (!genuine) {
    Refusal refusal = RefusalFor(read->verdict(), read->reason());
    co_return co_await reception_.Refuse(std::move(arrival), refusal.verdict,
                                         std::move(refusal.status), read->reason());
  }
  arrival.line.facts.mutable_facts()->Swap(read->mutable_facts());
  for (sv1::SessionFact& fact : *arrival.line.facts.mutable_facts()) {
    Complete(fact, arrival.tenant, read->provider_id(), entry.received_at, sv1::WEBHOOK);
  }
  const bool unknown = co_await IsOfUnknownSession(context, arrival);
  if (unknown) {
    absl::Status why = base::MakeError(base::kUnknownSession, "no session of this tenant");
    co_return co_await reception_.Refuse(std::move(arrival), Verdict::kUnknownSession,
                                         std::move(why),
                                         "the session it names is not one of this tenant");
  }
  absl::Status committed = co_await Commit(std::move(arrival));
  CTC_CO_RETURN_IF_ERROR(committed);
  v1::ReceiveWebhookResponse response;
  if (read->has_answer()) {
    response.mutable_raw()->Swap(read->mutable_answer());
  } else {
    response.mutable_raw()->set_status(200);
    response.mutable_raw()->set_content_type("application/json");
    response.mutable_raw()->set_body(kDone.data(), kDone.size());
  }
  co_return response;
}

Task<absl::StatusOr<v1::IngestFactsResponse>> Intake::IngestFacts(
    rpc::Context context, const v1::IngestFactsRequest& request) {
  std::string tenant = context.tenant.value();
  if (tenant.empty() && request.facts_size() > 0) tenant = request.facts(0).tenant_id();
  if (!IsTenantId(tenant)) co_return base::InvalidField("facts", "must name their tenant");
  if (request.facts_size() > kMaxFacts) co_return base::InvalidField("facts", "are more than 1000");
  for (const sv1::SessionFact& fact : request.facts()) {
    if (!fact.tenant_id().empty() && fact.tenant_id() != tenant) {
      co_return base::InvalidField("facts", "must be of one tenant");
    }
  }
  const ProviderType::Value type = request.provider_type();
  Arrival arrival =
      reception_.BeginEvent(context, base::TenantId(tenant), type, request.provider_id());
  LogEntry& entry = arrival.line.entry;
  entry.event_type = CleanText(request.event_type(), kMaxEventType);
  entry.payload = CleanPayload(request.payload(), kMaxPayload);
  arrival.line.facts.mutable_facts()->CopyFrom(request.facts());
  for (sv1::SessionFact& fact : *arrival.line.facts.mutable_facts()) {
    Complete(fact, arrival.tenant, request.provider_id(), entry.received_at, sv1::EVENT_SOCKET);
  }
  if (request.facts_size() > 0) entry.session_id = CleanText(request.facts(0).session(), kMaxId);
  absl::Status committed = co_await Commit(std::move(arrival));
  CTC_CO_RETURN_IF_ERROR(committed);
  co_return v1::IngestFactsResponse();
}

}  // namespace ctc::webhook
