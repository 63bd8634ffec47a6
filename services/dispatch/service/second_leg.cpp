#include "services/dispatch/service/second_leg.h"

#include "ctc/session/v1/session_service.rpc.h"
#include "ctc/webhook/v1/webhook_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/observability/log.h"
#include "libs/providers/outcome.h"
#include "services/dispatch/domain/agent_offer.h"
#include "services/dispatch/service/own_call.h"
#include "services/dispatch/service/session_order.h"

namespace ctc::dispatch {
namespace {

using session::v1::Leg;
using session::v1::Session;

constexpr char kConsumer[] = "dispatch.second_leg";
constexpr absl::Duration kDatabaseTimeout = absl::Seconds(5);
constexpr absl::Duration kPeerTimeout = absl::Seconds(5);
// Longer than the longest wait for a provider's answer.
constexpr absl::Duration kAbandonedAfter = absl::Seconds(150);
constexpr absl::Duration kSweepEvery = absl::Seconds(60);
constexpr int kLookUps = 4;
constexpr absl::Duration kBetweenLookUps = absl::Seconds(2);
// A look-up that fails is made again for so long; then the sweep comes back to it.
constexpr absl::Duration kLookUpFor = absl::Seconds(60);
// An agent waits for the customer about as long.
constexpr absl::Duration kAwaitTargetFor = absl::Seconds(60);
constexpr absl::Duration kBetweenTries = absl::Seconds(1);
// For people who look into a call; nobody else reads a finished row.
constexpr absl::Duration kKeepFinished = absl::Hours(30 * 24);
// In one turn of the sweep, so that it stays with what is abandoned.
constexpr int kMostDeletions = 10;

// It may be otherwise in a moment.
bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status);
}

}  // namespace

SecondLeg::SecondLeg(const SecondLegParts& parts)
    : parts_(parts),
      feed_(
          kConsumer, parts.session, parts.submissions, parts.clock,
          [this](const SubmissionFeed::Batch& batch) { return Choose(batch); },
          [this](const Submission& submission) {
            parts_.background.Spawn("second leg", [this, submission] { return Dial(submission); });
          }) {}

bool SecondLeg::IsForUs(const session::v1::CallEvent& event) const {
  if (event.fact_kind() != session::v1::CallFact::CALL_ANSWERED || event.party() != Leg::AGENT) {
    return false;
  }
  const providers::Adapter* adapter = parts_.registry.Find(event.provider_type());
  return adapter != nullptr && adapter->CustomerIsDialledByUs();
}

Task<absl::StatusOr<std::vector<Submission>>> SecondLeg::Choose(
    const SubmissionFeed::Batch& batch) {
  std::vector<Submission> wanted;
  for (const session::v1::CallEvent& event : batch) {
    if (!IsForUs(event)) continue;
    wanted.push_back({base::TenantId(event.tenant_id()), event.id(), event.provider_id(),
                      std::string(kCustomerLeg)});
  }
  co_return wanted;
}

Task<absl::StatusOr<SecondLeg::Target>> SecondLeg::FindTarget(Submission submission) {
  Target target;
  session::v1::GetSessionRequest request;
  request.set_id(submission.session);
  rpc::Context context =
      rpc::Context::ForService(submission.tenant, parts_.clock.Now() + kPeerTimeout);
  CTC_CO_ASSIGN_OR_RETURN(
      const session::v1::GetSessionResponse found,
      co_await rpc::Call(parts_.session, session::v1::SessionServiceRpc::kGetSession,
                         std::move(context), request));
  target.order = OrderOf(found.session());
  target.provider_call_id = found.session().provider_call_id();
  // A caller needs no call, whoever answers it; nor a session that took a call over.
  target.has_customer =
      found.session().direction() == Session::INBOUND || found.session().has_parent_session_id();
  target.ended = HasEnded(found.session());
  target.handed_over = found.session().status() == Session::TRANSFERRED;
  CTC_CO_ASSIGN_OR_RETURN(target.account,
                          co_await parts_.directory.Find(submission.tenant, submission.provider_id,
                                                         parts_.clock.Now() + kDatabaseTimeout));
  target.adapter = parts_.registry.Find(target.account->config.provider_type());
  if (target.adapter == nullptr) co_return absl::UnimplementedError("no adapter for this type");
  co_return target;
}

Task<absl::StatusOr<SecondLeg::Target>> SecondLeg::AwaitTarget(Submission submission) {
  const absl::Duration until = parts_.clock.Monotonic() + kAwaitTargetFor;
  for (;;) {
    absl::StatusOr<Target> target = co_await FindTarget(submission);
    const bool late = parts_.clock.Monotonic() >= until;
    if (target.ok() || !MayPass(target.status()) || late) co_return target;
    if (!co_await parts_.background.Sleep(kBetweenTries)) co_return target;
  }
}

Task<void> SecondLeg::Dial(Submission submission) {
  absl::StatusOr<Target> target = co_await AwaitTarget(submission);
  // Left SENT: the sweep looks it up once the session service is back.
  if (!target.ok()) {
    observability::Warn("the customer's leg waits",
                        {{"session", submission.session}, {"error", target.status()}});
    co_return;
  }
  if (target->ended || target->has_customer) {
    co_await Finish(submission, v1::PlaceCallResponse::NOT_SENT, "");
    co_return;
  }
  const absl::Duration began = parts_.clock.Monotonic();
  v1::PlaceCallResponse outcome =
      co_await target->adapter->DialCustomer(*target->account, target->order);
  const bool bad = providers::CountsAgainstProvider(outcome);
  const bool good = outcome.outcome() == v1::PlaceCallResponse::ACCEPTED;
  parts_.gate.Report(*target->account, "dial_customer",
                     good  ? Verdict::kGood
                     : bad ? Verdict::kBad
                           : Verdict::kNeutral,
                     v1::PlaceCallResponse::Outcome_Name(outcome.outcome()),
                     parts_.clock.Monotonic() - began, outcome.error_message());
  if (outcome.outcome() == v1::PlaceCallResponse::UNKNOWN_OUTCOME) {
    co_await Resolve(submission);
  } else {
    co_await Settle(submission, *std::move(target), std::move(outcome));
  }
}

Task<void> SecondLeg::Resolve(Submission submission) {
  absl::StatusOr<Target> target = co_await FindTarget(submission);
  if (!target.ok()) {
    co_await LetGo(submission, target.status());
    co_return;
  }
  v1::PlaceCallResponse outcome = providers::UnknownOutcome(
      base::kSubmissionUnknown, "the provider does not know the customer's leg");
  // What a provider shows lags behind what it did: absent is believed only when it stays absent.
  const absl::Duration until = parts_.clock.Monotonic() + kLookUpFor;
  const Owners owners{parts_.session, parts_.clock, submission.tenant};
  const AskProvider ask = [&target](const v1::LookUpCallRequest& question) {
    return target->adapter->LookUpCustomer(*target->account, question);
  };
  v1::LookUpCallRequest request;
  request.set_provider_id(submission.provider_id);
  *request.mutable_order() = target->order;
  int absent = 0;
  while (absent < kLookUps) {
    if (!co_await parts_.background.Sleep(kBetweenLookUps)) co_return;
    if (parts_.clock.Monotonic() >= until) co_return;
    const absl::StatusOr<v1::LookUpCallResponse> found =
        co_await LookUpOwnCall(owners, request, ask);
    if (!found.ok() || found->found() == v1::LookUpCallResponse::FOUND_UNSPECIFIED) continue;
    if (found->found() == v1::LookUpCallResponse::NOT_FOUND) {
      ++absent;
      continue;
    }
    outcome = providers::Accepted(found->provider_call_id());
    break;
  }
  // A leg that came and went meanwhile is not found either; but a webhook has told of it.
  if (outcome.outcome() != v1::PlaceCallResponse::ACCEPTED) {
    target = co_await FindTarget(submission);
    if (!target.ok()) {
      co_await LetGo(submission, target.status());
      co_return;
    }
  }
  co_await Settle(submission, *std::move(target), std::move(outcome));
}

Task<void> SecondLeg::LetGo(const Submission& submission, const absl::Status& why) {
  if (!absl::IsNotFound(why)) co_return;
  observability::Warn("a second leg is given up, since its call or account is gone",
                      {{"session", submission.session}, {"error", why}});
  co_await Finish(submission, v1::PlaceCallResponse::UNKNOWN_OUTCOME, "");
}

Task<void> SecondLeg::Settle(Submission submission, Target target, v1::PlaceCallResponse outcome) {
  absl::Status done;
  if (outcome.outcome() == v1::PlaceCallResponse::ACCEPTED) {
    done = co_await HangUpIfEnded(submission, outcome.provider_call_id());
  } else if (!target.has_customer) {
    if (!target.ended) done = co_await TellFailure(submission, target, outcome);
    if (done.ok()) done = co_await HangUpAgent(submission, target);
  }
  if (!done.ok()) {
    observability::Warn("a second leg could not be told of, or somebody not hung up on",
                        {{"session", submission.session}, {"error", done}});
    if (MayPass(done)) co_return;  // left SENT: the sweep looks it up and does it again
  }
  co_await Finish(submission, outcome.outcome(), outcome.provider_call_id());
}

Task<void> SecondLeg::Finish(const Submission& submission, v1::PlaceCallResponse::Outcome outcome,
                             std::string provider_call_id) {
  const absl::Time now = parts_.clock.Now();
  (void)co_await parts_.submissions.Finish(submission, outcome, std::move(provider_call_id), now,
                                           now + kDatabaseTimeout);
}

Task<absl::Status> SecondLeg::HangUpIfEnded(const Submission& submission,
                                            const std::string& provider_leg_id) {
  CTC_CO_ASSIGN_OR_RETURN(const Target now, co_await AwaitTarget(submission));
  if (!now.ended || now.handed_over) co_return absl::OkStatus();
  v1::ControlCallRequest hang_up;
  hang_up.set_provider_id(submission.provider_id);
  *hang_up.mutable_order() = now.order;
  hang_up.set_action(v1::ControlCallRequest::HANG_UP);
  hang_up.set_not_joined_yet(true);  // the leg may be too young to be hung up at once
  Leg& leg = *hang_up.add_legs();
  leg.set_id(std::string(kCustomerLeg));
  leg.set_party(Leg::CUSTOMER);
  leg.set_state(Leg::RINGING);
  leg.set_provider_leg_id(provider_leg_id);
  const auto ended = co_await now.adapter->Control(*now.account, hang_up);
  co_return ended.status();
}

Task<absl::Status> SecondLeg::TellFailure(const Submission& submission, const Target& target,
                                          const v1::PlaceCallResponse& outcome) {
  webhook::v1::IngestFactsRequest request;
  request.set_provider_type(target.account->config.provider_type());
  request.set_provider_id(submission.provider_id);
  request.set_event_type("SecondLegFailed");
  session::v1::SessionFact& item = *request.add_facts();
  item.set_tenant_id(submission.tenant.value());
  item.set_session(submission.session);
  item.set_provider_id(submission.provider_id);
  session::v1::CallFact& fact = *item.mutable_fact();
  fact.set_event_key("dispatch:" + submission.session + ":second-leg-failed");
  fact.set_kind(session::v1::CallFact::CALL_FAILED);
  fact.set_party(Leg::CUSTOMER);
  fact.set_source(session::v1::SUBMISSION);
  *fact.mutable_received_time() = base::ToPreciseProto(parts_.clock.Now());
  fact.set_reason(outcome.end_reason());
  fact.set_error_code(outcome.error_code());
  fact.set_message(outcome.error_message());
  rpc::Context context =
      rpc::Context::ForService(submission.tenant, parts_.clock.Now() + kPeerTimeout);
  const auto told = co_await rpc::Call(parts_.webhook, webhook::v1::WebhookServiceRpc::kIngestFacts,
                                       std::move(context), request);
  co_return told.status();
}

Task<absl::Status> SecondLeg::HangUpAgent(const Submission& submission, const Target& target) {
  v1::ControlCallRequest hang_up;
  hang_up.set_provider_id(submission.provider_id);
  *hang_up.mutable_order() = target.order;
  hang_up.set_provider_call_id(target.provider_call_id);
  hang_up.set_action(v1::ControlCallRequest::HANG_UP);
  const auto ended = co_await target.adapter->Control(*target.account, hang_up);
  co_return ended.status();
}

Task<void> SecondLeg::SweepAbandoned() {
  do {
    const absl::Time now = parts_.clock.Now();
    const absl::StatusOr<std::vector<Submission>> abandoned =
        co_await parts_.submissions.ClaimAbandoned(
            SubmissionStore::Legs::kCustomers, now - kAbandonedAfter, now, now + kDatabaseTimeout);
    if (!abandoned.ok()) {
      observability::Warn("abandoned second legs cannot be looked for",
                          {{"error", abandoned.status()}});
      continue;
    }
    // Each for itself: a provider that hangs keeps no other's waiting.
    for (const Submission& submission : *abandoned) {
      parts_.background.Spawn("second leg", [this, submission] { return Resolve(submission); });
    }
    co_await DeleteFinished();
  } while (co_await parts_.background.Sleep(kSweepEvery));
}

Task<void> SecondLeg::DeleteFinished() {
  int64_t deleted = SubmissionStore::kDeletedAtOnce;
  for (int i = 0; i < kMostDeletions && deleted == SubmissionStore::kDeletedAtOnce; ++i) {
    if (parts_.background.stopping()) co_return;
    const absl::Time now = parts_.clock.Now();
    const absl::StatusOr<int64_t> rows =
        co_await parts_.submissions.DeleteFinished(now - kKeepFinished, now + kDatabaseTimeout);
    if (!rows.ok()) {
      observability::Warn("finished legs cannot be deleted", {{"error", rows.status()}});
      co_return;
    }
    deleted = *rows;
  }
}

}  // namespace ctc::dispatch
