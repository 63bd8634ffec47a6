// The submission table of domain rule 2: only a request that certainly did not arrive, or was
// refused for the provider's own fault, is followed by the next candidate.
#include "services/session/service/submission.h"

#include <algorithm>

#include "ctc/dispatch/v1/dispatch_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "services/session/domain/clean_fact.h"
#include "services/session/service/provider_calls.h"

namespace ctc::session {
namespace {

using dispatch::v1::PlaceCallResponse;
using dispatch::v1::DispatchServiceRpc::kPlaceCall;
using v1::Session;

constexpr int kCommitTries = 3;

// An rpc that failed says less than a provider's answer: unless nothing can have been sent, the
// call may be on its way.
PlaceCallResponse OutcomeOfError(const absl::Status& status) {
  PlaceCallResponse answer;
  const bool nothing_sent = absl::IsNotFound(status) || absl::IsFailedPrecondition(status) ||
                            absl::IsInvalidArgument(status) || absl::IsUnimplemented(status) ||
                            absl::IsResourceExhausted(status) ||
                            base::IsError(status, base::kOverloaded);
  answer.set_outcome(nothing_sent ? PlaceCallResponse::NOT_SENT
                                  : PlaceCallResponse::UNKNOWN_OUTCOME);
  answer.set_may_fail_over(nothing_sent);
  answer.set_error_code(
      std::string(nothing_sent ? base::kProviderUnreachable.code : base::kSubmissionUnknown.code));
  answer.set_error_message(nothing_sent ? "The account cannot be used" : "The answer was lost");
  return answer;
}

const base::ErrorSpec& SpecOf(const PlaceCallResponse& answer) {
  for (const base::ErrorSpec* spec : base::AllErrors()) {
    if (spec->code == answer.error_code()) return *spec;
  }
  return answer.outcome() == PlaceCallResponse::NOT_SENT ? base::kProviderUnreachable
                                                         : base::kProviderRefused;
}

absl::Status ErrorOf(const PlaceCallResponse& answer, const base::ErrorSpec& spec,
                     const store::Record& record) {
  base::ErrorDetail extra;
  extra.metadata["session_id"] = record.session.session_id();
  extra.metadata["id"] = record.id();
  if (answer.retry_after_seconds() > 0) {
    extra.retry_after = absl::Seconds(answer.retry_after_seconds());
  }
  const std::string detail =
      answer.error_message().empty() ? std::string(spec.title) : answer.error_message();
  return base::MakeError(spec, detail, std::move(extra));
}

void NoteOutcome(v1::StoredRoute& route, const std::string& provider_id, std::string_view outcome,
                 const std::string& detail) {
  for (v1::RouteCandidate& candidate : *route.mutable_candidates()) {
    if (candidate.provider_id() != provider_id || candidate.outcome() == "skipped") continue;
    candidate.set_outcome(std::string(outcome));
    candidate.set_detail(domain::CleanText(detail, 200));
    return;
  }
}

std::string_view OutcomeName(PlaceCallResponse::Outcome outcome) {
  switch (outcome) {
    case PlaceCallResponse::ACCEPTED:
      return "accepted";
    case PlaceCallResponse::REFUSED:
      return "refused";
    case PlaceCallResponse::NOT_SENT:
      return "not_sent";
    default:
      return "unknown";
  }
}

store::Change ChangeFor(const store::Record& record, store::SubmissionChange submission) {
  store::Change change;
  change.tenant = record.tenant;
  change.id = record.id();
  change.submission = std::move(submission);
  return change;
}

// The change that ends a session no provider took.
store::Change FinalFailure(const Core& core, const store::Record& record, v1::StoredRoute route,
                           const PlaceCallResponse& answer, const base::ErrorSpec& spec) {
  const bool not_sent = answer.outcome() == PlaceCallResponse::NOT_SENT;
  store::SubmissionChange submission{not_sent ? Session::NOT_SENT : Session::REFUSED, "",
                                     std::nullopt, std::move(route)};
  store::Change change = ChangeFor(record, std::move(submission));
  domain::Fact fact = OwnFact(core, v1::CallFact::CALL_FAILED, v1::SUBMISSION, "submission:failed");
  fact.set_reason(answer.end_reason() != v1::END_REASON_UNSPECIFIED ? answer.end_reason()
                  : not_sent                                        ? v1::PROVIDER_UNREACHABLE
                                                                    : v1::PROVIDER_REJECTED);
  fact.set_error_code(std::string(spec.code));
  fact.set_message(answer.error_message());
  change.facts.push_back(domain::CleanFact(std::move(fact), core.clock.Now()));
  return change;
}

}  // namespace

Submission::Submission(Core& core, Background background)
    : core_(core),
      background_(std::move(background)),
      seconds_(observability::MakeHistogram("ctc_session_initiate_seconds",
                                            "Time of a phase of placing a call",
                                            {{"phase", "dial"}})) {}

bool Submission::IsUnderWay(const std::string& id) const {
  const base::MutexLock lock(mutex_);
  return under_way_.contains(id);
}

Task<absl::StatusOr<store::RecordPtr>> Submission::Run(
    rpc::Context context, store::RecordPtr record, std::vector<routing::v1::Candidate> candidates) {
  const std::string id = record->id();
  {
    const base::MutexLock lock(mutex_);
    under_way_.insert(id);
  }
  absl::StatusOr<store::RecordPtr> result =
      co_await Try(std::move(context), std::move(record), std::move(candidates));
  {
    const base::MutexLock lock(mutex_);
    under_way_.erase(id);
  }
  co_return result;
}

Task<PlaceCallResponse> Submission::Place(const rpc::Context& context, const store::Record& record,
                                          const routing::v1::Candidate& candidate) {
  dispatch::v1::PlaceCallRequest request;
  request.set_provider_id(candidate.provider_id());
  *request.mutable_order() = OrderOf(record);
  const int seconds = candidate.timeout_seconds() > 0 ? candidate.timeout_seconds() : 30;
  const absl::Time deadline =
      core_.clock.Now() + absl::Seconds(seconds) + core_.settings.place_grace;
  const absl::Duration begin = core_.clock.Monotonic();
  absl::StatusOr<PlaceCallResponse> answer =
      co_await rpc::Call(core_.dispatch, kPlaceCall, ServiceContext(context, deadline), request);
  seconds_.Observe(absl::ToDoubleSeconds(core_.clock.Monotonic() - begin));
  if (!answer.ok()) co_return OutcomeOfError(answer.status());
  co_return *std::move(answer);
}

// Tried again for a while: the provider has acted, and the database should know.
Task<absl::StatusOr<store::RecordPtr>> Submission::Commit(store::Change change,
                                                          db::Urgency urgency) {
  absl::StatusOr<store::RecordPtr> record;
  for (int i = 0; i < kCommitTries; ++i) {
    record = co_await core_.writer.Apply(change, core_.WriteDeadline(), urgency);
    if (record.ok() || !absl::IsUnavailable(record.status())) co_return record;
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(200));
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  observability::Warn("a step of the submission could not be written; it will be looked up",
                      {{"session", change.id}, {"error", record.status()}});
  co_return record;
}

Task<absl::StatusOr<store::RecordPtr>> Submission::Accepted(const rpc::Context& context,
                                                            store::RecordPtr record,
                                                            const PlaceCallResponse& answer) {
  const std::string call_id = domain::CleanText(answer.provider_call_id(), 191);
  if (answer.found_by_order() && !is_stopping_) {
    // After a crash the watchdog asks the provider and learns the same, so neither the agent nor
    // the database need be bothered: the next change of the session writes it along.
    const store::RecordPtr told = core_.writer.Foretell(record, call_id);
    SettleForetold(store::Foretold::Which::kDue, 1);  // where there are too many
    if (told != nullptr) co_return told;
  }
  store::SubmissionChange submission{Session::ACCEPTED, call_id, std::nullopt, std::nullopt};
  store::Change change = ChangeFor(*record, std::move(submission));
  if (!answer.found_by_order()) {
    co_return co_await Settle(context, std::move(change), db::Urgency::kNow);
  }
  // An event was faster, or the agent gave up: then somebody may wait for it.
  auto accepted = std::make_shared<store::Record>(*record);
  store::Submit(*change.submission, *accepted);
  background_(SettleSoon(context, std::move(change)));
  co_return accepted;
}

absl::Duration Submission::Patience() const {
  const domain::WatchdogTimes& times = core_.settings.watchdog;
  return is_alone_ ? std::max(times.submit, times.accepted) : times.submit;
}

void Submission::SettleForetold(store::Foretold::Which which, int limit) {
  constexpr int kAtOnce = 1000;  // well below what the writer's queue takes
  const auto room = static_cast<size_t>(std::clamp(kAtOnce - settling_, 0, limit));
  for (store::Change& change : core_.writer.TakeForetold(which, room)) {
    ++settling_;
    background_(SettleOne(std::move(change)));
  }
}

Task<void> Submission::SettleOne(store::Change change) {
  rpc::Context context = rpc::Context::ForService(change.tenant, core_.WriteDeadline());
  co_await SettleSoon(std::move(context), std::move(change));
  --settling_;
}

Task<void> Submission::SettleSoon(rpc::Context context, store::Change change) {
  const auto settled = co_await Settle(std::move(context), std::move(change), db::Urgency::kSoon);
  (void)settled;  // Commit has told of a failure; the watchdog looks the call up
}

Task<absl::StatusOr<store::RecordPtr>> Submission::Settle(rpc::Context context,
                                                          store::Change change,
                                                          db::Urgency urgency) {
  CTC_CO_ASSIGN_OR_RETURN(const store::RecordPtr record,
                          co_await Commit(std::move(change), urgency));
  if (record->state.cancel_requested) {
    // The agent gave up while the request was under way; now there is something to hang up, even if
    // the session has ended by the agent's word.
    const auto hung_up =
        co_await Control(core_, context, record, dispatch::v1::ControlCallRequest::HANG_UP, "");
    if (!hung_up.ok()) {
      observability::Warn("a cancelled call could not be hung up yet",
                          {{"session", record->id()}, {"error", hung_up.status()}});
    }
  }
  co_return record;
}

// Writes the next try down, unless the call was cancelled or ended meanwhile (CANCELLED).
Task<absl::StatusOr<store::RecordPtr>> Submission::NextCandidate(
    store::RecordPtr record, const routing::v1::Candidate& tried,
    const routing::v1::Candidate& next, v1::StoredRoute route) {
  // A number chosen by the caller stays; an account's own goes with its account.
  const bool own_number = record->session.from_phone() == tried.phone_number();
  store::NextAttempt attempt{next.provider_id(), next.provider_type(),
                             own_number ? next.phone_number() : record->session.from_phone()};
  store::SubmissionChange submission{Session::SENT, "", std::move(attempt), std::move(route)};
  store::Change change = ChangeFor(*record, std::move(submission));
  change.decide = [](const store::Record& newest) -> absl::StatusOr<domain::Facts> {
    if (newest.state.cancel_requested || !domain::IsLive(newest.state.status)) {
      return absl::CancelledError("cancelled meanwhile");
    }
    return domain::Facts{};
  };
  co_return co_await Commit(std::move(change));
}

// The agent gave up between two tries: nothing is dialled any more.
Task<absl::StatusOr<store::RecordPtr>> Submission::Stopped(store::RecordPtr record,
                                                           v1::StoredRoute route) {
  store::SubmissionChange submission{Session::REFUSED, "", std::nullopt, std::move(route)};
  store::Change change = ChangeFor(*record, std::move(submission));
  change.facts.push_back(
      OwnFact(core_, v1::CallFact::CALL_CANCELLED, v1::SUBMISSION, "submission:cancelled"));
  co_return co_await Commit(std::move(change));
}

Task<absl::StatusOr<store::RecordPtr>> Submission::Try(
    rpc::Context context, store::RecordPtr record, std::vector<routing::v1::Candidate> candidates) {
  v1::StoredRoute route = record->route;
  for (size_t i = 0;; ++i) {
    const PlaceCallResponse answer = co_await Place(context, *record, candidates[i]);
    if (answer.outcome() == PlaceCallResponse::ACCEPTED) {
      co_return co_await Accepted(context, record, answer);
    }
    NoteOutcome(route, candidates[i].provider_id(), OutcomeName(answer.outcome()),
                answer.error_message());
    const bool certain = answer.outcome() == PlaceCallResponse::REFUSED ||
                         answer.outcome() == PlaceCallResponse::NOT_SENT;
    if (!certain) co_return co_await Unknown(*record, std::move(route), answer);
    if (!answer.may_fail_over() || i + 1 == candidates.size()) {
      const base::ErrorSpec& spec = SpecOf(answer);
      const auto committed =
          co_await Commit(FinalFailure(core_, *record, std::move(route), answer, spec));
      if (!committed.ok()) co_return committed.status();
      co_return ErrorOf(answer, spec, **committed);
    }
    absl::StatusOr<store::RecordPtr> next =
        co_await NextCandidate(record, candidates[i], candidates[i + 1], route);
    if (absl::IsCancelled(next.status())) co_return co_await Stopped(record, std::move(route));
    if (!next.ok()) co_return next;
    record = *std::move(next);
  }
}

// Nobody dials again before the provider was asked: the watchdog does that soon.
Task<absl::StatusOr<store::RecordPtr>> Submission::Unknown(const store::Record& record,
                                                           v1::StoredRoute route,
                                                           const PlaceCallResponse& answer) {
  store::SubmissionChange submission{Session::UNKNOWN_OUTCOME, "", std::nullopt, std::move(route)};
  store::Change change = ChangeFor(record, std::move(submission));
  change.watchdog_at = core_.clock.Now() + absl::Seconds(2);
  const auto committed = co_await Commit(std::move(change));
  if (!committed.ok()) co_return committed.status();
  const bool timed_out = answer.error_code() == base::kProviderTimeout.code;
  co_return ErrorOf(answer, timed_out ? base::kProviderTimeout : base::kSubmissionUnknown, record);
}

}  // namespace ctc::session
