// AdvanceFlow: find or open, ask, commit. Whoever comes second finds the first one's answer.
#include "services/session/service/call_flow.h"

#include "ctc/recording/v1/recording_service.rpc.h"
#include "ctc/routing/v1/ivr_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/crypto/crypto.h"
#include "libs/observability/log.h"
#include "services/session/domain/clean_fact.h"
#include "services/session/domain/flow_facts.h"
#include "services/session/service/carry_over.h"

namespace ctc::session {
namespace {

using domain::FlowInput;
using domain::FlowStep;
using routing::v1::NextFlowStepResponse;

// Each try that another question overtook is followed by its answer; more than this is a storm.
constexpr int kTries = 5;
// For what routing would find out by itself, later.
constexpr absl::Duration kPatience = absl::Seconds(1);
constexpr size_t kLongestCallId = 191;
constexpr size_t kLongestPhone = 32;
constexpr size_t kLongestExplanation = 200;

absl::Status Check(const v1::AdvanceFlowRequest& request) {
  if (request.provider_id().empty()) return base::InvalidField("provider_id", "is required");
  if (request.input().kind() == FlowInput::KIND_UNSPECIFIED) {
    return base::InvalidField("input.kind", "is required");
  }
  const std::string& call_id = request.provider_call_id();
  if (request.session().empty() && call_id.empty()) {
    return base::InvalidField("provider_call_id", "is required for a new call");
  }
  if (call_id.size() > kLongestCallId || call_id != domain::CleanText(call_id, kLongestCallId)) {
    return base::InvalidField("provider_call_id", "is too long, or no text");
  }
  return absl::OkStatus();
}

v1::KnownBy SourceOf(const v1::AdvanceFlowRequest& request) {
  const bool known = request.source() != v1::KNOWN_BY_UNSPECIFIED;
  return known ? request.source() : v1::WEBHOOK;
}

// The same for every repetition of a call's first question; no key of a client's looks like it.
std::string KeyOf(const v1::AdvanceFlowRequest& request) {
  return "inbound:" +
         crypto::ToHex(crypto::Sha256(request.provider_id() + '\n' + request.provider_call_id()));
}

store::Record NewRecord(Core& core, const rpc::Context& context,
                        const v1::AdvanceFlowRequest& request) {
  store::Record record;
  record.tenant = context.tenant;
  v1::Session& s = record.session;
  s.set_id(core.ids.Uuid());
  s.set_session_id(core.ids.SessionId());
  s.set_correlation_id(s.session_id());
  s.set_conversation_id(s.id());
  s.set_direction(v1::Session::INBOUND);
  s.set_phone_type("EXTERNAL");
  s.set_from_phone(domain::CleanText(request.from_phone(), kLongestPhone));
  s.set_to_phone(domain::CleanText(request.to_phone(), kLongestPhone));
  s.set_provider_id(request.provider_id());
  s.set_provider_type(request.provider_type());
  s.set_provider_call_id(request.provider_call_id());
  s.set_submission(v1::Session::ACCEPTED);
  s.set_attempts(1);
  const absl::Time now = store::TimeOfId(s.id());
  *s.mutable_created_at() = base::ToProto(now);
  record.start = store::StartOf(s);
  record.facts.push_back(domain::ArrivalFact(request.provider_call_id(), SourceOf(request), now));
  record.idempotency_key = KeyOf(request);
  record.watchdog_at = now + core.settings.watchdog.accepted;
  return record;
}

// Some providers' questions cannot bear a step's number: their answer is to the step the caller is
// in when it is first read.
v1::AdvanceFlowRequest WithStepNumber(v1::AdvanceFlowRequest request, const store::Record& record) {
  FlowInput& input = *request.mutable_input();
  if (input.kind() != FlowInput::STARTED && input.step_number() == 0) {
    input.set_step_number(record.flow.state().current().number());
  }
  return request;
}

// True for the answer to the step the caller is in: any other was answered before.
bool IsNews(const store::Record& record, const FlowInput& input) {
  if (!record.flow.has_state()) return true;
  return input.kind() == FlowInput::CALLER_GONE ||
         (input.kind() != FlowInput::STARTED &&
          input.step_number() == record.flow.state().current().number());
}

// True for an answer to a step that this process may not know of: another one gave it, and the
// cache hears of that by the next write only.
bool MayBeBehind(const store::Record& record, const FlowInput& input) {
  if (input.kind() == FlowInput::STARTED || input.kind() == FlowInput::CALLER_GONE) return false;
  return input.step_number() == 0 || input.step_number() > record.flow.state().current().number();
}

v1::AdvanceFlowResponse AnswerOf(const store::Record& record) {
  v1::AdvanceFlowResponse response;
  *response.mutable_session() = record.session;
  const FlowStep& current = record.flow.state().current();
  const bool live = domain::IsLive(record.state.status);
  *response.mutable_step() = live ? current : domain::Farewell(record.state, current.number());
  return response;
}

recording::v1::CheckRecordingRequest RecordingQuestion(const store::Record& record,
                                                       const FlowStep& step) {
  recording::v1::CheckRecordingRequest ask;
  ask.set_session_id(record.id());
  ask.set_phone(record.session.from_phone());
  ask.set_agent_id(step.dial().agent_id());
  ask.set_subject(step.has_voicemail() ? recording::v1::CheckRecordingRequest::MESSAGE
                                       : recording::v1::CheckRecordingRequest::CONVERSATION);
  if (step.has_voicemail() || step.dial().record()) ask.set_record(true);
  return ask;
}

// For the timeline; empty when nothing stood against it.
std::string WhyNotRecorded(const absl::StatusOr<recording::v1::CheckRecordingResponse>& verdict) {
  if (!verdict.ok()) return "not recorded: the rules could not be asked";
  return verdict->reasons().empty() ? "" : "not recorded: " + verdict->reasons(0).detail();
}

// Refuses when the call went on since `seen`, else adds what the new step means.
store::Change ChangeOf(const Core& core, const store::Record& seen,
                       const v1::AdvanceFlowRequest& request, const NextFlowStepResponse& next) {
  const absl::Time now = core.clock.Now();
  store::Change change;
  change.tenant = seen.tenant;
  change.id = seen.id();
  for (domain::Fact& fact : domain::FactsOfInput(seen.state, seen.flow.state().current(),
                                                 request.input(), SourceOf(request), now)) {
    change.facts.push_back(domain::CleanFact(std::move(fact), now));
  }
  store::FlowChange flow;
  *flow.flow.mutable_state() = next.state();
  flow.flow.set_answered_at_ms(absl::ToUnixMillis(now));
  flow.explanation = domain::CleanText(next.explanation(), kLongestExplanation);
  const int before = seen.flow.state().current().number();
  const bool gone = request.input().kind() == FlowInput::CALLER_GONE;
  change.decide = [before, gone, now, step = next.state().current(), why = flow.explanation](
                      const store::Record& newest) -> absl::StatusOr<domain::Facts> {
    if (newest.flow.state().current().number() != before || !domain::IsLive(newest.state.status)) {
      return absl::AbortedError("the call went on meanwhile");
    }
    domain::Facts facts;
    if (gone) return facts;  // nobody is there to be given a step
    for (domain::Fact& fact : domain::FactsOfStep(newest.state, step, why, now)) {
      facts.push_back(domain::CleanFact(std::move(fact), now));
    }
    return facts;
  };
  change.flow = std::move(flow);
  return change;
}

}  // namespace

Task<absl::StatusOr<store::RecordPtr>> CallFlow::Open(const rpc::Context& context,
                                                      const v1::AdvanceFlowRequest& request) {
  store::NewSession session;
  session.record = NewRecord(core_, context, request);
  CTC_CO_ASSIGN_OR_RETURN(const store::CreateOutcome created,
                          co_await core_.writer.Create(std::move(session), context.deadline));
  co_return created.record;
}

Task<absl::StatusOr<store::RecordPtr>> CallFlow::FindOrOpen(const rpc::Context& context,
                                                            const v1::AdvanceFlowRequest& request) {
  absl::StatusOr<store::RecordPtr> found = base::MakeError(base::kNotFound, "not looked for");
  if (!request.session().empty()) {
    found = co_await core_.reader.Get(context.tenant, request.session(), context.deadline);
  } else {
    found = co_await core_.reader.GetByProviderCall(context.tenant, request.provider_id(),
                                                    request.provider_call_id(), context.deadline);
    if (absl::IsNotFound(found.status())) found = co_await Open(context, request);
    // The way a caller was led is told by the session it began with.
    if (found.ok()) found = co_await FirstOf(core_, *std::move(found));
  }
  if (!found.ok()) co_return found;
  const v1::Session& session = (*found)->session;
  if (session.provider_id() != request.provider_id() ||
      session.direction() != v1::Session::INBOUND) {
    co_return base::MakeError(base::kNotFound, "There is no such inbound call");
  }
  co_return found;
}

Task<absl::StatusOr<NextFlowStepResponse>> CallFlow::AskRouting(const rpc::Context& context,
                                                                const store::Record& record,
                                                                routing::v1::FlowState state,
                                                                FlowInput input) {
  routing::v1::NextFlowStepRequest ask;
  ask.set_session(record.id());
  ask.set_from_phone(record.session.from_phone());
  ask.set_to_phone(record.session.to_phone());
  const bool has_state = state.current().number() > 0;
  *ask.mutable_state() = std::move(state);
  *ask.mutable_input() = std::move(input);
  // A caller whose first answer got lost starts anew.
  if (!has_state) {
    ask.mutable_input()->Clear();
    ask.mutable_input()->set_kind(FlowInput::STARTED);
  }
  rpc::Context ours = ServiceContext(context, context.deadline);
  co_return co_await rpc::Call(core_.routing, routing::v1::IvrServiceRpc::kNextFlowStep,
                               std::move(ours), ask);
}

Task<absl::StatusOr<NextFlowStepResponse>> CallFlow::Restrain(const rpc::Context& context,
                                                              const store::Record& record,
                                                              NextFlowStepResponse next) {
  FlowStep& step = *next.mutable_state()->mutable_current();
  if (!step.has_dial() && !step.has_voicemail()) co_return next;
  const recording::v1::CheckRecordingRequest ask = RecordingQuestion(record, step);
  rpc::Context ours = ServiceContext(context, context.deadline);
  const absl::StatusOr<recording::v1::CheckRecordingResponse> verdict = co_await rpc::Call(
      core_.recording, recording::v1::RecordingServiceRpc::kCheckRecording, std::move(ours), ask);
  // Nobody is recorded unasked, and no caller is lost because of it.
  const bool may = verdict.ok() && verdict->record();
  if (!verdict.ok()) {
    observability::Warn("whether a caller may be recorded could not be asked",
                        {{"session", record.id()}, {"error", verdict.status()}});
  }
  const std::string why = WhyNotRecorded(verdict);
  if (step.has_dial()) {
    step.mutable_dial()->set_record(may);
    if (!why.empty()) next.set_explanation(next.explanation() + "; " + why);
    co_return next;
  }
  if (may) co_return next;
  FlowInput refused;
  refused.set_kind(FlowInput::MESSAGE_REFUSED);
  refused.set_step_number(step.number());
  CTC_CO_ASSIGN_OR_RETURN(NextFlowStepResponse instead,
                          co_await AskRouting(context, record, next.state(), std::move(refused)));
  // At the end of its steps routing has no other to give.
  FlowStep& last = *instead.mutable_state()->mutable_current();
  if (last.has_voicemail()) {
    last.clear_prompts();
    last.mutable_hang_up()->set_reason(v1::AGENT_NO_ANSWER);
  }
  instead.set_explanation(next.explanation() + "; " + instead.explanation() + ": " + why);
  co_return instead;
}

Task<absl::StatusOr<store::RecordPtr>> CallFlow::Advance(const rpc::Context& context,
                                                         store::RecordPtr record,
                                                         const v1::AdvanceFlowRequest& request) {
  const bool gone = request.input().kind() == FlowInput::CALLER_GONE;
  absl::StatusOr<NextFlowStepResponse> next =
      co_await AskRouting(context, *record, record->flow.state(), request.input());
  // That a caller has gone is true whatever routing makes of it.
  if (!next.ok() && !gone) co_return next.status();
  const int before = record->flow.state().current().number();
  const bool goes_on = next.ok() && next->state().current().number() > before;
  // Beyond the most steps a call may have there is no next one: the last is to be obeyed.
  if (!goes_on && !gone && record->flow.has_state()) co_return record;
  if (!goes_on && !gone) {
    co_return base::MakeError(base::kInternal, "routing gave no first step");
  }
  if (goes_on && !gone) {
    next = co_await Restrain(context, *record, *std::move(next));
    CTC_CO_RETURN_IF_ERROR(next.status());
  }
  store::Change change =
      ChangeOf(core_, *record, request, goes_on ? *next : NextFlowStepResponse());
  if (!goes_on) change.flow.reset();
  co_return co_await core_.writer.Apply(std::move(change), core_.WriteDeadline());
}

Task<void> CallFlow::NoteGone(store::RecordPtr record) {
  const FlowStep& current = record->flow.state().current();
  if (!record->flow.has_state() || current.has_hang_up()) co_return;
  if (domain::IsLive(record->state.status)) co_return;
  FlowInput gone;
  gone.set_kind(FlowInput::CALLER_GONE);
  gone.set_step_number(current.number());
  const rpc::Context context =
      rpc::Context::ForService(record->tenant, core_.clock.Now() + kPatience);
  const auto told = co_await AskRouting(context, *record, record->flow.state(), std::move(gone));
  if (!told.ok()) {
    observability::Debug("a caller's end was not told to routing",
                         {{"session", record->id()}, {"error", told.status()}});
  }
}

Task<absl::StatusOr<v1::AdvanceFlowResponse>> CallFlow::AdvanceFlow(
    rpc::Context context, const v1::AdvanceFlowRequest& request) {
  CTC_CO_RETURN_IF_ERROR(Check(request));
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record, co_await FindOrOpen(context, request));
  if (MayBeBehind(*record, request.input())) {
    CTC_CO_ASSIGN_OR_RETURN(
        record, co_await core_.reader.GetNewest(context.tenant, record->id(), context.deadline));
  }
  const v1::AdvanceFlowRequest asked = WithStepNumber(request, *record);
  for (int i = 0; i < kTries; ++i) {
    const bool news = IsNews(*record, asked.input());
    if (!domain::IsLive(record->state.status)) {
      if (news) co_await NoteGone(record);
      co_return AnswerOf(*record);
    }
    if (!news) co_return AnswerOf(*record);
    absl::StatusOr<store::RecordPtr> advanced = co_await Advance(context, record, asked);
    if (advanced.ok()) co_return AnswerOf(**advanced);
    if (!absl::IsAborted(advanced.status())) co_return advanced.status();
    CTC_CO_ASSIGN_OR_RETURN(
        record, co_await core_.reader.Get(context.tenant, record->id(), context.deadline));
  }
  co_return base::MakeError(base::kOverloaded, "this call is asked about too often at once");
}

Task<absl::StatusOr<v1::GetFlowStepResponse>> CallFlow::GetFlowStep(
    rpc::Context context, const v1::GetFlowStepRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(
      const store::RecordPtr record,
      co_await core_.reader.Get(context.tenant, request.id(), context.deadline));
  v1::GetFlowStepResponse response;
  *response.mutable_session() = record->session;
  if (record->flow.has_state()) *response.mutable_step() = record->flow.state().current();
  co_return response;
}

}  // namespace ctc::session
