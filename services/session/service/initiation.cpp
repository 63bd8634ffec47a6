// InitiateCall, in the order of the design: nothing is dialled before the session is committed.
#include "services/session/service/initiation.h"

#include <algorithm>

#include "ctc/recording/v1/recording_service.rpc.h"
#include "ctc/routing/v1/routing_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/crypto/crypto.h"
#include "libs/observability/log.h"
#include "services/session/domain/clean_fact.h"
#include "services/session/service/click.h"

namespace ctc::session {
namespace {

using recording::v1::RecordingServiceRpc::kCheckCall;
using routing::v1::Candidate;
using routing::v1::ChooseRouteResponse;
using routing::v1::RoutingServiceRpc::kChooseRoute;

// As long as the edge keeps the answer of a key.
constexpr absl::Duration kKeyKept = absl::Hours(24);

observability::Histogram PhaseSeconds(const char* phase) {
  return observability::MakeHistogram("ctc_session_initiate_seconds",
                                      "Time of a phase of placing a call", {{"phase", phase}});
}

absl::Status Blocked(const recording::v1::CheckCallResponse& verdict) {
  base::ErrorDetail extra;
  for (const auto& reason : verdict.reasons()) {
    extra.fields.push_back({reason.code(), reason.detail()});
  }
  const std::string detail =
      verdict.reasons().empty() ? "A rule forbids this call" : verdict.reasons(0).detail();
  return base::MakeError(base::kBlockedByPolicy, detail, std::move(extra));
}

// Why there is no candidate: nothing is configured to take calls, or what is cannot take them now.
absl::Status NoCandidate(const ChooseRouteResponse& route) {
  const bool none_active =
      std::all_of(route.skipped().begin(), route.skipped().end(), [](const Candidate& skipped) {
        const std::string& reason = skipped.reason();
        return reason.find("inactive") != std::string::npos ||
               reason.find("not active") != std::string::npos;
      });
  if (none_active) {
    return base::MakeError(base::kNoActiveProvider, "No active provider can place this call");
  }
  base::ErrorDetail extra;
  extra.retry_after = absl::Seconds(5);
  for (const Candidate& skipped : route.skipped()) {
    extra.fields.push_back({skipped.provider_id(), skipped.reason()});
  }
  return base::MakeError(base::kProvidersUnavailable, "Every provider is out of order now",
                         std::move(extra));
}

absl::Status CheckRoute(const ChooseRouteResponse& route) {
  if (route.provider_unknown()) {
    return base::InvalidField("provider_id", "is no provider of this tenant");
  }
  if (route.agent_registered() && !route.agent_active()) {
    return base::MakeError(base::kAgentInactive, "The agent is switched off");
  }
  return route.candidates().empty() ? NoCandidate(route) : absl::OkStatus();
}

// The same agent and number within one tenant; nothing without an agent, since then nobody can have
// clicked twice.
std::string DialGuard(const base::TenantId& tenant, const v1::InitiateCallRequest& click) {
  if (!click.has_agent_id()) return "";
  return crypto::Sha256(tenant.value() + '\n' + click.agent_id() + '\n' + click.to_phone())
      .substr(0, 16);
}

v1::StoredRoute RouteOf(const ChooseRouteResponse& route) {
  v1::StoredRoute stored;
  for (const Candidate& c : route.candidates()) {
    v1::RouteCandidate& candidate = *stored.add_candidates();
    candidate.set_provider_id(c.provider_id());
    candidate.set_reason(domain::CleanText(c.reason(), 200));
    candidate.set_outcome("not_tried");
  }
  for (const Candidate& c : route.skipped()) {
    v1::RouteCandidate& candidate = *stored.add_candidates();
    candidate.set_provider_id(c.provider_id());
    candidate.set_outcome("skipped");
    candidate.set_detail(domain::CleanText(c.reason(), 200));
  }
  return stored;
}

void FillFromClick(const v1::InitiateCallRequest& click, v1::Session& s) {
  s.set_to_phone(click.to_phone());
  s.set_phone_type(click.phone_type());
  s.set_direction(v1::Session::OUTBOUND);
  s.set_priority(click.priority());
  if (click.has_lead_id()) s.set_lead_id(click.lead_id());
  if (click.has_agent_id()) s.set_agent_id(click.agent_id());
  if (click.has_contact_name()) s.set_contact_name(click.contact_name());
  if (click.has_contact_email()) s.set_contact_email(click.contact_email());
  if (click.has_campaign_id()) s.set_campaign_id(click.campaign_id());
  if (click.has_account_id()) s.set_account_id(click.account_id());
  if (click.has_callback_url()) s.set_callback_url(click.callback_url());
  if (click.has_metadata()) *s.mutable_metadata() = click.metadata();
}

void FillFromRoute(const v1::InitiateCallRequest& click, const ChooseRouteResponse& route,
                   v1::Session& s) {
  const Candidate& first = route.candidates(0);
  s.set_provider_id(first.provider_id());
  s.set_provider_type(first.provider_type());
  s.set_from_phone(click.has_from_phone() ? click.from_phone() : first.phone_number());
  const std::string& agent_phone =
      click.has_agent_phone() ? click.agent_phone() : route.agent_phone();
  if (!agent_phone.empty()) s.set_agent_phone(agent_phone);
  s.set_submission(v1::Session::SENT);
  s.set_attempts(1);
}

// What tells one click from another; the rest of a body is no reason to call again.
bool IsSameClick(const v1::InitiateCallRequest& click, const v1::Session& s) {
  return click.to_phone() == s.to_phone() && click.agent_id() == s.agent_id() &&
         click.lead_id() == s.lead_id() && click.campaign_id() == s.campaign_id();
}

v1::InitiateCallResponse Answer(const store::Record& record) {
  v1::InitiateCallResponse response;
  response.set_success(true);
  *response.mutable_session() = record.session;
  return response;
}

}  // namespace

Initiation::Initiation(Core& core, Submission& submission, Background background)
    : core_(core),
      submission_(submission),
      background_(std::move(background)),
      check_seconds_(PhaseSeconds("check")),
      route_seconds_(PhaseSeconds("route")),
      commit_seconds_(PhaseSeconds("commit")) {}

Task<absl::StatusOr<v1::InitiateCallResponse>> Initiation::InitiateCall(
    rpc::Context context, const v1::InitiateCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const v1::InitiateCallRequest click, CheckClick(context, request));
  absl::StatusOr<v1::InitiateCallResponse> response = co_await Begin(context, click);
  if (response.ok() || context.idempotency_key.empty()) co_return response;
  if (base::DetailOf(response.status()).metadata.contains("id")) co_return response;
  // Refused before a session was made. A repetition of a request that had succeeded answers with
  // its session, whatever has changed since.
  const absl::StatusOr<store::RecordPtr> first = co_await FindByKey(context);
  if (first.ok()) co_return Repeated(click, **first);
  co_return response;
}

// The key outlives its day in the session's row: an old one, or one of another click, is neither
// dialled nor answered with a call that nobody asked for.
absl::StatusOr<v1::InitiateCallResponse> Initiation::Repeated(const v1::InitiateCallRequest& click,
                                                              const store::Record& first) const {
  const absl::Duration age = core_.clock.Now() - store::TimeOfId(first.id());
  if (age <= kKeyKept && IsSameClick(click, first.session)) return Answer(first);
  return base::MakeError(base::kIdempotencyKeyReused,
                         "The Idempotency-Key belongs to another call.");
}

Task<absl::StatusOr<v1::InitiateCallResponse>> Initiation::Begin(
    rpc::Context context, const v1::InitiateCallRequest& click) {
  CTC_CO_ASSIGN_OR_RETURN(Plan plan, co_await MakePlan(context, click));
  const absl::Duration begin = core_.clock.Monotonic();
  CTC_CO_ASSIGN_OR_RETURN(store::CreateOutcome created,
                          co_await Commit(context, std::move(plan.session)));
  commit_seconds_.Observe(absl::ToDoubleSeconds(core_.clock.Monotonic() - begin));
  if (created.existed) co_return Repeated(click, *created.record);
  if (context.prefer_async) {
    background_(SubmitAlone(context, created.record, std::move(plan.candidates)));
    co_return Answer(*created.record);
  }
  CTC_CO_ASSIGN_OR_RETURN(
      const store::RecordPtr record,
      co_await submission_.Run(context, created.record, std::move(plan.candidates)));
  co_return Answer(*record);
}

// A connection that broke may have broken behind the commit: a session that is there is ours to
// submit, whatever its client would hear otherwise.
Task<absl::StatusOr<store::CreateOutcome>> Initiation::Commit(const rpc::Context& context,
                                                              store::NewSession session) {
  const std::string id = session.record.id();
  absl::StatusOr<store::CreateOutcome> created =
      co_await core_.writer.Create(std::move(session), context.deadline);
  const bool doubtful =
      absl::IsUnavailable(created.status()) && !base::IsError(created.status(), base::kOverloaded);
  if (!doubtful) co_return created;
  absl::StatusOr<store::RecordPtr> found =
      co_await core_.reader.Get(context.tenant, id, core_.WriteDeadline());
  if (!found.ok()) co_return created;
  co_return store::CreateOutcome{*std::move(found), false};
}

Task<absl::StatusOr<Initiation::Plan>> Initiation::MakePlan(const rpc::Context& context,
                                                            const v1::InitiateCallRequest& click) {
  Plan plan;
  store::Record& record = plan.session.record;
  record.tenant = context.tenant;
  v1::Session& session = record.session;
  session.set_id(core_.ids.Uuid());
  session.set_session_id(core_.ids.SessionId());
  session.set_correlation_id(session.session_id());
  session.set_conversation_id(session.id());
  CTC_CO_ASSIGN_OR_RETURN(record.record_requested,
                          co_await CheckPolicy(context, click, session.id()));
  CTC_CO_ASSIGN_OR_RETURN(const ChooseRouteResponse route, co_await ChooseRoute(context, click));
  CTC_CO_RETURN_IF_ERROR(CheckRoute(route));
  FillFromClick(click, session);
  FillFromRoute(click, route, session);
  const absl::Time now = store::TimeOfId(session.id());
  *session.mutable_created_at() = base::ToProto(now);
  record.start = store::StartOf(session);
  record.route = RouteOf(route);
  record.idempotency_key = context.idempotency_key;
  record.dial_guard = DialGuard(context.tenant, click);
  record.watchdog_at = now + submission_.Patience();
  plan.session.agent_capacity = route.agent_registered() ? route.agent_capacity() : 0;
  plan.candidates.assign(route.candidates().begin(), route.candidates().end());
  co_return plan;
}

// True when the call is to be recorded.
Task<absl::StatusOr<bool>> Initiation::CheckPolicy(const rpc::Context& context,
                                                   const v1::InitiateCallRequest& click,
                                                   const std::string& id) {
  recording::v1::CheckCallRequest request;
  request.set_session_id(id);
  request.set_to_phone(click.to_phone());
  request.set_agent_id(click.agent_id());
  if (click.has_record()) request.set_record(click.record());
  const absl::Duration begin = core_.clock.Monotonic();
  CTC_CO_ASSIGN_OR_RETURN(const recording::v1::CheckCallResponse verdict,
                          co_await rpc::Call(core_.recording, kCheckCall, context, request));
  check_seconds_.Observe(absl::ToDoubleSeconds(core_.clock.Monotonic() - begin));
  if (verdict.verdict() != "ALLOW") co_return Blocked(verdict);
  co_return verdict.record();
}

Task<absl::StatusOr<ChooseRouteResponse>> Initiation::ChooseRoute(
    const rpc::Context& context, const v1::InitiateCallRequest& click) {
  routing::v1::ChooseRouteRequest request;
  request.set_to_phone(click.to_phone());
  request.set_agent_id(click.agent_id());
  request.set_provider_id(click.provider_id());
  request.set_campaign_id(click.campaign_id());
  const absl::Duration begin = core_.clock.Monotonic();
  absl::StatusOr<ChooseRouteResponse> route =
      co_await rpc::Call(core_.routing, kChooseRoute, context, request);
  route_seconds_.Observe(absl::ToDoubleSeconds(core_.clock.Monotonic() - begin));
  co_return route;
}

Task<absl::StatusOr<store::RecordPtr>> Initiation::FindByKey(const rpc::Context& context) {
  co_return co_await core_.reader.GetByIdempotencyKey(context.tenant, context.idempotency_key,
                                                      core_.WriteDeadline());
}

Task<void> Initiation::SubmitAlone(rpc::Context context, store::RecordPtr record,
                                   std::vector<routing::v1::Candidate> candidates) {
  const std::string id = record->id();
  const auto result =
      co_await submission_.Run(std::move(context), std::move(record), std::move(candidates));
  if (!result.ok()) {
    observability::Info("a call could not be placed",
                        {{"session", id}, {"error", result.status()}});
  }
}

}  // namespace ctc::session
