#include "services/dispatch/service/agent_leg.h"

#include <utility>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "services/dispatch/service/session_order.h"

namespace ctc::dispatch {
namespace {

using routing::v1::FlowInput;
using session::v1::CallEvent;
using session::v1::Leg;
using Outcome = v1::PlaceCallResponse::Outcome;

constexpr char kConsumer[] = "dispatch.agent_leg";
constexpr absl::Duration kDatabaseTimeout = absl::Seconds(5);
constexpr absl::Duration kPeerTimeout = absl::Seconds(5);
// A caller hears music meanwhile; no request of ours takes longer.
constexpr absl::Duration kAbandonedAfter = absl::Seconds(40);
constexpr absl::Duration kSweepEvery = absl::Seconds(10);
constexpr int kTries = 3;
constexpr absl::Duration kBetweenTries = absl::Seconds(1);

v1::ControlCallRequest RequestOf(const session::v1::Session& session,
                                 v1::ControlCallRequest::Action action) {
  v1::ControlCallRequest request;
  request.set_provider_id(session.provider_id());
  *request.mutable_order() = OrderOf(session);
  request.set_provider_call_id(session.provider_call_id());
  *request.mutable_legs() = session.legs();
  request.set_action(action);
  request.set_not_joined_yet(true);
  request.mutable_target()->set_leg_id("agent");
  request.mutable_target()->set_party(Leg::AGENT);
  return request;
}

// The request may have arrived.
bool IsDoubtful(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsInternal(status) || absl::IsUnknown(status);
}

// Nothing came of it, for now.
bool MayBeAskedAgain(const absl::Status& status) {
  return IsDoubtful(status) || absl::IsResourceExhausted(status);
}

CallNow NowOf(const session::v1::GetFlowStepResponse& flow) {
  return {flow.session(), flow.step()};
}

}  // namespace

AgentLeg::AgentLeg(const AgentLegParts& parts)
    : parts_(parts),
      feed_(
          kConsumer, parts.session, parts.submissions, parts.clock,
          [this](const SubmissionFeed::Batch& batch) { return Choose(batch); },
          [this](const Submission& submission) { Start(submission); }) {}

Task<absl::StatusOr<AgentLeg::Flow>> AgentLeg::GetFlow(base::TenantId tenant, std::string session) {
  session::v1::GetFlowStepRequest request;
  request.set_id(std::move(session));
  rpc::Context context =
      rpc::Context::ForService(std::move(tenant), parts_.clock.Now() + kPeerTimeout);
  co_return co_await rpc::Call(parts_.session, session::v1::SessionServiceRpc::kGetFlowStep,
                               std::move(context), request);
}

Task<absl::StatusOr<std::vector<Submission>>> AgentLeg::Choose(const SubmissionFeed::Batch& batch) {
  std::vector<Submission> wanted;
  for (const CallEvent& event : batch) {
    const providers::Adapter* adapter = parts_.registry.Find(event.provider_type());
    const bool ours = adapter != nullptr && adapter->AgentIsDialledByUs();
    if (!ours || !MayLead(event)) continue;
    const absl::StatusOr<Flow> flow =
        co_await GetFlow(base::TenantId(event.tenant_id()), event.id());
    if (absl::IsNotFound(flow.status())) continue;
    CTC_CO_RETURN_IF_ERROR(flow.status());
    const std::optional<Errand> errand = ErrandOf(event, NowOf(*flow));
    if (!errand) continue;
    wanted.push_back(
        {base::TenantId(event.tenant_id()), event.id(), event.provider_id(), NameOf(*errand)});
  }
  co_return wanted;
}

void AgentLeg::Start(const Submission& submission) {
  const std::optional<Errand> errand = ReadName(submission.leg_id);
  if (!errand) return;
  parts_.background.Spawn("agent's leg",
                          [this, submission, errand] { return Begin(submission, *errand); });
}

Task<absl::StatusOr<AgentLeg::Target>> AgentLeg::FindTarget(Submission submission) {
  Target target;
  CTC_CO_ASSIGN_OR_RETURN(target.flow, co_await GetFlow(submission.tenant, submission.session));
  CTC_CO_ASSIGN_OR_RETURN(target.account,
                          co_await parts_.directory.Find(submission.tenant, submission.provider_id,
                                                         parts_.clock.Now() + kDatabaseTimeout));
  target.adapter = parts_.registry.Find(target.account->config.provider_type());
  if (target.adapter == nullptr) co_return absl::UnimplementedError("no adapter for this type");
  co_return target;
}

Task<void> AgentLeg::Begin(Submission submission, Errand errand) {
  absl::StatusOr<Target> target = co_await FindTarget(submission);
  // Left SENT: the sweep comes back to it once all are back.
  if (!target.ok()) {
    observability::Warn("the agent's leg waits",
                        {{"session", submission.session}, {"error", target.status()}});
    co_return;
  }
  co_await Run(submission, errand, *std::move(target));
}

Task<void> AgentLeg::Run(Submission submission, Errand errand, Target target) {
  std::optional<Outcome> outcome = v1::PlaceCallResponse::ACCEPTED;
  bool done = true;
  switch (errand.deed) {
    case Deed::kRing:
      outcome = co_await Ring(submission, std::move(target), errand.number);
      done = outcome.has_value();
      break;
    case Deed::kAsk:
      done = co_await Ask(std::move(target), errand.number, errand.outcome);
      break;
    case Deed::kDrop:
      done = co_await Drop(std::move(target));
      break;
  }
  if (!done) co_return;  // the sweep comes back to it
  co_await Finish(submission, *outcome);
}

Task<void> AgentLeg::Finish(const Submission& submission, Outcome outcome) {
  const absl::Time now = parts_.clock.Now();
  (void)co_await parts_.submissions.Finish(submission, outcome, "", now, now + kDatabaseTimeout);
}

Task<absl::StatusOr<v1::ControlCallResponse>> AgentLeg::Control(const Target& target,
                                                                v1::ControlCallRequest request) {
  const absl::Duration began = parts_.clock.Monotonic();
  absl::StatusOr<v1::ControlCallResponse> answer =
      co_await target.adapter->Control(*target.account, request);
  const absl::Status status = answer.status();
  parts_.gate.Report(*target.account, "agent_leg", Gate::VerdictOf(status),
                     status.ok() ? "ok" : base::DetailOf(status).code,
                     parts_.clock.Monotonic() - began, std::string(status.message()));
  co_return answer;
}

Task<std::optional<Outcome>> AgentLeg::Ring(Submission submission, Target target, int step) {
  if (!StillOffered(NowOf(target.flow), step)) co_return v1::PlaceCallResponse::NOT_SENT;
  const routing::v1::FlowStep::Dial& dial = target.flow.step().dial();
  v1::ControlCallRequest request =
      RequestOf(target.flow.session(), v1::ControlCallRequest::DIAL_PARTY);
  request.mutable_order()->set_record(dial.record());
  request.mutable_target()->set_phone(dial.phone());
  request.mutable_target()->set_agent_id(dial.agent_id());
  request.mutable_target()->set_ring_seconds(dial.ring_seconds());
  const absl::StatusOr<v1::ControlCallResponse> answer =
      co_await Control(target, std::move(request));
  if (!answer.ok()) {
    observability::Warn("an agent could not be rung",
                        {{"session", submission.session}, {"error", answer.status()}});
    if (!co_await GiveUp(std::move(target), step)) co_return std::nullopt;
    co_return IsDoubtful(answer.status()) ? v1::PlaceCallResponse::UNKNOWN_OUTCOME
                                          : v1::PlaceCallResponse::REFUSED;
  }
  // The caller may have left while the request was under way.
  absl::StatusOr<Target> after = co_await FindTarget(submission);
  if (after.ok() && HasEnded(after->flow.session())) co_await Drop(*std::move(after));
  co_return answer->call_is_gone() ? v1::PlaceCallResponse::REFUSED
                                   : v1::PlaceCallResponse::ACCEPTED;
}

Task<bool> AgentLeg::GiveUp(Target target, int step) {
  if (!StillOffered(NowOf(target.flow), step)) co_return true;
  v1::ControlCallRequest drop =
      RequestOf(target.flow.session(), v1::ControlCallRequest::DROP_PARTY);
  (void)co_await Control(target, std::move(drop));
  co_return co_await Ask(std::move(target), step, FlowInput::DIAL_FAILED);
}

Task<bool> AgentLeg::Ask(Target target, int step, FlowInput::Kind outcome) {
  if (!StillOffered(NowOf(target.flow), step)) co_return true;
  v1::ControlCallRequest request =
      RequestOf(target.flow.session(), v1::ControlCallRequest::ASK_FLOW);
  request.mutable_flow_input()->set_kind(outcome);
  request.mutable_flow_input()->set_step_number(step);
  for (int i = 0; i < kTries; ++i) {
    const absl::StatusOr<v1::ControlCallResponse> answer = co_await Control(target, request);
    if (answer.ok() || !MayBeAskedAgain(answer.status())) co_return true;
    if (!co_await parts_.background.Sleep(kBetweenTries)) break;
  }
  co_return false;
}

// By its place in the room and, since it may not be there yet, by its own id.
Task<bool> AgentLeg::Drop(Target target) {
  v1::ControlCallRequest drop =
      RequestOf(target.flow.session(), v1::ControlCallRequest::DROP_PARTY);
  absl::StatusOr<v1::ControlCallResponse> answer = co_await Control(target, std::move(drop));
  if (!HasEnded(target.flow.session())) {
    co_return answer.ok() || !MayBeAskedAgain(answer.status());
  }
  v1::ControlCallRequest hang_up =
      RequestOf(target.flow.session(), v1::ControlCallRequest::HANG_UP);
  for (Leg& leg : *hang_up.mutable_legs()) {
    // The session's end ended all its legs; this one may ring all the same.
    if (leg.party() == Leg::AGENT) leg.set_state(Leg::RINGING);
  }
  answer = co_await Control(target, std::move(hang_up));
  co_return answer.ok() || !MayBeAskedAgain(answer.status());
}

// Whether the agent was rung is not known: it is not rung again by this offer, unless its leg says
// that it was.
Task<void> AgentLeg::TakeOver(Submission submission) {
  const std::optional<Errand> errand = ReadName(submission.leg_id);
  if (!errand) co_return;
  absl::StatusOr<Target> target = co_await FindTarget(submission);
  if (!target.ok()) {
    observability::Warn("an abandoned agent's leg cannot be taken over",
                        {{"session", submission.session}, {"error", target.status()}});
    // Nothing is left to be done where the call or the account is gone; else the next sweep comes
    // back to it.
    if (!absl::IsNotFound(target.status())) co_return;
    co_await Finish(submission, v1::PlaceCallResponse::UNKNOWN_OUTCOME);
    co_return;
  }
  if (errand->deed != Deed::kRing) {
    co_await Run(submission, *errand, *std::move(target));
    co_return;
  }
  bool rings = false;
  for (const Leg& leg : target->flow.session().legs()) {
    rings |= leg.id() == "agent" && !leg.provider_leg_id().empty() && leg.state() != Leg::ENDED;
  }
  const bool done = rings || co_await GiveUp(*std::move(target), errand->number);
  if (!done) co_return;
  co_await Finish(submission,
                  rings ? v1::PlaceCallResponse::ACCEPTED : v1::PlaceCallResponse::UNKNOWN_OUTCOME);
}

Task<void> AgentLeg::SweepAbandoned() {
  do {
    const absl::Time now = parts_.clock.Now();
    const absl::StatusOr<std::vector<Submission>> abandoned =
        co_await parts_.submissions.ClaimAbandoned(
            SubmissionStore::Legs::kAgents, now - kAbandonedAfter, now, now + kDatabaseTimeout);
    if (!abandoned.ok()) {
      observability::Warn("abandoned agents' legs cannot be looked for",
                          {{"error", abandoned.status()}});
      continue;
    }
    // Each for itself: a provider that hangs keeps no other's waiting.
    for (const Submission& submission : *abandoned) {
      parts_.background.Spawn("agent's leg", [this, submission] { return TakeOver(submission); });
    }
  } while (co_await parts_.background.Sleep(kSweepEvery));
}

}  // namespace ctc::dispatch
