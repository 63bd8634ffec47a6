// What an agent does to a call goes to the provider first; the session tells it once the provider
// obeyed.
#include "services/session/service/live_control.h"

#include <algorithm>

#include "ctc/recording/v1/recording_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "services/session/service/click.h"
#include "services/session/service/provider_calls.h"

namespace ctc::session {
namespace {

using dispatch::v1::ControlCallRequest;
using Kind = v1::CallFact;

struct RecordingAction {
  ControlCallRequest::Action action;
  Kind::Kind kind;
  domain::RecordingState already;
};

RecordingAction ActionOf(LiveControl::RecordingStep step) {
  using Step = LiveControl::RecordingStep;
  using domain::RecordingState;
  switch (step) {
    case Step::kStart:
      return {ControlCallRequest::START_RECORDING, Kind::RECORDING_STARTED,
              RecordingState::kRunning};
    case Step::kStop:
      return {ControlCallRequest::STOP_RECORDING, Kind::RECORDING_STOPPED,
              RecordingState::kStopped};
    case Step::kPause:
      return {ControlCallRequest::PAUSE_RECORDING, Kind::RECORDING_PAUSED, RecordingState::kPaused};
    case Step::kResume:
      break;
  }
  return {ControlCallRequest::RESUME_RECORDING, Kind::RECORDING_RESUMED, RecordingState::kRunning};
}

bool RunsOrPauses(domain::RecordingState state) {
  return state == domain::RecordingState::kRunning || state == domain::RecordingState::kPaused;
}

}  // namespace

Task<absl::StatusOr<store::RecordPtr>> LiveControl::AddFact(const store::Record& record,
                                                            domain::Fact fact) {
  store::Change change;
  change.tenant = record.tenant;
  change.id = record.id();
  change.facts.push_back(std::move(fact));
  co_return co_await core_.writer.Apply(std::move(change), core_.WriteDeadline());
}

Task<absl::StatusOr<store::RecordPtr>> LiveControl::GetJoined(const rpc::Context& context,
                                                              const std::string& id) {
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record, co_await GetVisible(core_, context, id));
  if (domain::IsJoined(record->state.status)) co_return record;
  co_return NotLive(*record, "The call must be connected for this");
}

Task<absl::StatusOr<store::RecordPtr>> LiveControl::Act(const rpc::Context& context,
                                                        store::RecordPtr record, Action action,
                                                        v1::CallFact::Kind kind) {
  CTC_CO_ASSIGN_OR_RETURN(const dispatch::v1::ControlCallResponse answer,
                          co_await Control(core_, context, record, action, ""));
  if (answer.call_is_gone()) {
    CTC_CO_ASSIGN_OR_RETURN(record, co_await SettleGone(context, record, ""));
    co_return NotLive(*record, "The provider says that the call has ended");
  }
  domain::Fact fact = OwnFact(core_, kind, v1::SUBMISSION, core_.ids.Token("control:", 8));
  absl::StatusOr<store::RecordPtr> told = co_await AddFact(*record, std::move(fact));
  if (told.ok()) co_return told;
  co_return AfterOrder(told.status(), "It was done, but could not be written down");
}

Task<absl::StatusOr<store::RecordPtr>> LiveControl::EndCall(rpc::Context context,
                                                            const v1::EndCallRequest& request) {
  CTC_CO_RETURN_IF_ERROR(CheckText("reason", request.reason(), 255));
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record,
                          co_await GetVisible(core_, context, request.id()));
  if (!domain::IsLive(record->state.status)) co_return record;
  if (!domain::IsJoined(record->state.status)) {
    domain::Fact asked = OwnFact(core_, Kind::CANCEL_REQUESTED, v1::SUBMISSION, "control:cancel");
    asked.set_message(request.reason());
    CTC_CO_ASSIGN_OR_RETURN(record, co_await AddFact(*record, std::move(asked)));
  }
  co_return co_await HangUp(context, record, request.reason());
}

Task<absl::StatusOr<store::RecordPtr>> LiveControl::HangUp(const rpc::Context& context,
                                                           store::RecordPtr record,
                                                           std::string reason) {
  const bool joined = domain::IsJoined(record->state.status);
  const bool accepted = record->session.submission() == v1::Session::ACCEPTED;
  const absl::StatusOr<dispatch::v1::ControlCallResponse> answer =
      co_await Control(core_, context, record, ControlCallRequest::HANG_UP, "");
  v1::KnownBy source = v1::SUBMISSION;
  if (!answer.ok()) {
    if (!base::IsError(answer.status(), base::kCapabilityMissing)) co_return answer.status();
    source = v1::CLIENT;  // the provider takes no orders: the client's word is all there is
  } else if (answer->call_is_gone()) {
    // Before the provider answered the submission the call may just not be there yet: it is hung up
    // as soon as it is.
    if (!accepted && !joined) co_return record;
    co_return co_await SettleGone(context, record, std::move(reason));
  }
  domain::Fact ended =
      OwnFact(core_, joined ? Kind::CALL_ENDED : Kind::CALL_CANCELLED, source, "control:hangup");
  ended.set_message(std::move(reason));
  co_return co_await AddFact(*record, std::move(ended));
}

// The provider does not know the call any more: its record tells how it ended, else we say that it
// did.
Task<absl::StatusOr<store::RecordPtr>> LiveControl::SettleGone(const rpc::Context& context,
                                                               store::RecordPtr record,
                                                               std::string reason) {
  CTC_CO_ASSIGN_OR_RETURN(const LookUpOutcome outcome, co_await LookUp(core_, context, record));
  record = outcome.record;
  if (!domain::IsLive(record->state.status) || outcome.found == domain::Found::kLive) {
    co_return record;
  }
  const bool joined = domain::IsJoined(record->state.status);
  domain::Fact ended = OwnFact(core_, joined ? Kind::CALL_ENDED : Kind::CALL_CANCELLED,
                               v1::SUBMISSION, "control:hangup");
  ended.set_message(std::move(reason));
  co_return co_await AddFact(*record, std::move(ended));
}

Task<absl::StatusOr<store::RecordPtr>> LiveControl::Hold(rpc::Context context,
                                                         const std::string& id) {
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record, co_await GetJoined(context, id));
  if (record->state.status == v1::Session::ON_HOLD) co_return record;
  co_return co_await Act(context, record, ControlCallRequest::HOLD, Kind::CALL_HELD);
}

Task<absl::StatusOr<store::RecordPtr>> LiveControl::Resume(rpc::Context context,
                                                           const std::string& id) {
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record, co_await GetJoined(context, id));
  if (record->state.status == v1::Session::CONNECTED) co_return record;
  co_return co_await Act(context, record, ControlCallRequest::RESUME, Kind::CALL_RESUMED);
}

Task<absl::StatusOr<store::RecordPtr>> LiveControl::Mute(rpc::Context context,
                                                         const std::string& id) {
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record, co_await GetJoined(context, id));
  if (record->state.is_muted) co_return record;
  co_return co_await Act(context, record, ControlCallRequest::MUTE, Kind::CALL_MUTED);
}

Task<absl::StatusOr<store::RecordPtr>> LiveControl::Unmute(rpc::Context context,
                                                           const std::string& id) {
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record, co_await GetJoined(context, id));
  if (!record->state.is_muted) co_return record;
  co_return co_await Act(context, record, ControlCallRequest::UNMUTE, Kind::CALL_UNMUTED);
}

Task<absl::StatusOr<store::RecordPtr>> LiveControl::SendDtmf(rpc::Context context,
                                                             const v1::SendDtmfRequest& request) {
  constexpr std::string_view kKeys = "0123456789ABCD*#";
  const std::string& digits = request.digits();
  const bool right = !digits.empty() && digits.size() <= 32 &&
                     std::all_of(digits.begin(), digits.end(),
                                 [&](char c) { return kKeys.find(c) != std::string_view::npos; });
  if (!right) co_return base::InvalidField("digits", "must be 1 to 32 of 0-9 A-D * #");
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record, co_await GetJoined(context, request.id()));
  CTC_CO_ASSIGN_OR_RETURN(
      const dispatch::v1::ControlCallResponse answer,
      co_await Control(core_, context, record, ControlCallRequest::SEND_DTMF, digits));
  if (!answer.call_is_gone()) co_return record;
  CTC_CO_ASSIGN_OR_RETURN(record, co_await SettleGone(context, record, ""));
  co_return NotLive(*record, "The provider says that the call has ended");
}

// The law and the tenant's rules hold for a recording begun by hand as well.
Task<absl::Status> LiveControl::CheckConsent(const rpc::Context& context,
                                             const store::Record& record) {
  recording::v1::CheckCallRequest request;
  request.set_session_id(record.id());
  request.set_to_phone(record.start.customer_phone);
  request.set_agent_id(record.session.agent_id());
  request.set_record(true);
  CTC_CO_ASSIGN_OR_RETURN(
      const recording::v1::CheckCallResponse verdict,
      co_await rpc::Call(core_.recording, recording::v1::RecordingServiceRpc::kCheckCall, context,
                         request));
  if (verdict.record()) co_return absl::OkStatus();
  base::ErrorDetail extra;
  for (const auto& reason : verdict.reasons()) {
    extra.fields.push_back({reason.code(), reason.detail()});
  }
  co_return base::MakeError(base::kBlockedByPolicy, "This call may not be recorded",
                            std::move(extra));
}

Task<absl::StatusOr<store::RecordPtr>> LiveControl::Record(rpc::Context context,
                                                           const std::string& id,
                                                           RecordingStep step) {
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record, co_await GetJoined(context, id));
  const RecordingAction wanted = ActionOf(step);
  if (record->state.recording == wanted.already) co_return record;
  if (step == RecordingStep::kStart) {
    CTC_CO_RETURN_IF_ERROR(co_await CheckConsent(context, *record));
  } else if (!RunsOrPauses(record->state.recording)) {
    co_return NotLive(*record, "No recording runs");
  }
  co_return co_await Act(context, record, wanted.action, wanted.kind);
}

}  // namespace ctc::session
