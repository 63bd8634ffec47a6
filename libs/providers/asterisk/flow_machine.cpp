#include "libs/providers/asterisk/flow_machine.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "libs/providers/asterisk/speech.h"

namespace ctc::providers::asterisk {
namespace {

using Kind = Action::Kind;
using Message = Flow::Message;
using Phase = Flow::Phase;
using Type = AriEvent::Type;
using routing::v1::FlowInput;
using routing::v1::FlowStep;
using session::v1::CallFact;

// Asterisk never tells of the end of a prompt whose scheme it does not know.
constexpr absl::Duration kLongestPrompt = absl::Minutes(3);
// The end of a message whose event got lost.
constexpr absl::Duration kMessageGrace = absl::Seconds(10);
constexpr absl::Duration kEndGrace = absl::Seconds(3);
constexpr int kMinSeconds = 1;
constexpr size_t kMaxAhead = 32;  // as many as one step may collect

void Start(Flow& flow, absl::Duration duration, Effects& effects) {
  ++flow.timer;
  effects.timer = duration;
}

void Ask(Flow& flow, FlowInput::Kind kind, Effects& effects) {
  ++flow.timer;
  flow.phase = kind == FlowInput::CALLER_GONE ? Phase::kGone : Phase::kAsking;
  flow.asking = true;
  effects.ask.emplace();
  effects.ask->set_kind(kind);
  effects.ask->set_step_number(flow.step.number());
}

void Release(Flow& flow, Effects& effects) {
  flow.phase = Phase::kGone;
  ++flow.timer;
  std::move(flow.held.begin(), flow.held.end(), std::back_inserter(effects.facts));
  flow.held.clear();
}

std::string PromptOf(const Flow& flow, const Call& call) {
  return PromptId(call.plan.call, flow.step.number(), flow.prompt);
}
std::string MessageOf(const Flow& flow, const Call& call) {
  return MessageName(call.plan.call, flow.step.number());
}

absl::Duration Seconds(int seconds) { return absl::Seconds(std::max(seconds, kMinSeconds)); }

FlowInput::Kind OutcomeOf(const LegState& agent) {
  switch (agent.outcome) {
    case CallFact::CALL_BUSY:
      return FlowInput::DIAL_BUSY;
    case CallFact::CALL_NO_ANSWER:
    case CallFact::CALL_CANCELLED:
      return FlowInput::DIAL_NO_ANSWER;
    case CallFact::CALL_REJECTED:
      return FlowInput::DIAL_REJECTED;
    default:
      return FlowInput::DIAL_FAILED;
  }
}

// ARI's reason for a hang-up: before the answer it becomes the SIP code that the caller is told.
std::string AriReason(const Flow& flow, session::v1::EndReason reason) {
  if (flow.answered) return "normal";
  switch (reason) {
    case session::v1::INVALID_NUMBER:
      return "unallocated";
    case session::v1::BLOCKED_BY_POLICY:
    case session::v1::AGENT_REJECTED:
      return "rejected";
    case session::v1::AGENT_NO_ANSWER:
      return "no_answer";
    case session::v1::PROVIDER_ERROR:
    case session::v1::PROVIDER_UNREACHABLE:
      return "congestion";
    default:
      return "busy";
  }
}

// A bridge that is emptied ends its recording as well, but often does not tell.
void StopRecordings(const Call& call, Effects& effects) {
  for (const auto& [session, recording] : call.recordings) {
    if (!recording.running) continue;
    effects.actions.push_back({Kind::kStopRecording, std::string(kCustomerLeg), session});
  }
}

void FinishGather(Flow& flow, Effects& effects) {
  Ask(flow, flow.digits.empty() ? FlowInput::NO_INPUT : FlowInput::DIGITS, effects);
  effects.ask->set_digits(std::exchange(flow.digits, ""));
}

}  // namespace

bool FlowMachine::HoldsEnd(const Flow& flow) {
  return flow.phase != Phase::kTalking && flow.phase != Phase::kLeaving &&
         flow.phase != Phase::kGone;
}

Effects FlowMachine::Begin(Flow& flow) const {
  Effects effects;
  Ask(flow, FlowInput::STARTED, effects);
  return effects;
}

Effects FlowMachine::OnStep(Flow& flow, Call& call, const FlowStep& step) const {
  Effects effects;
  flow.asking = false;
  if (flow.phase == Phase::kGone) {
    Release(flow, effects);
    return effects;
  }
  flow.step = step;
  flow.prompt = 0;
  flow.digits.clear();
  if (call.customer().ended) {
    Ask(flow, FlowInput::CALLER_GONE, effects);
  } else {
    Perform(flow, call, effects);
  }
  return effects;
}

Effects FlowMachine::OnAskFailed(Flow& flow, Call& call) const {
  Effects effects;
  flow.asking = false;
  if (flow.phase == Phase::kGone || call.customer().ended) {
    Release(flow, effects);
    return effects;
  }
  call.hang_up_reason = session::v1::PROVIDER_ERROR;
  HangUp(flow, call, effects);
  return effects;
}

void FlowMachine::Perform(Flow& flow, Call& call, Effects& effects) const {
  const bool refuses = flow.step.has_hang_up() && flow.step.prompts().empty();
  if (!flow.answered && !refuses) {
    effects.actions.push_back({Kind::kAnswerCaller});
    flow.answered = true;
  }
  if (!flow.ahead.empty()) return TakeAhead(flow, call, effects);
  PlayNext(flow, call, effects);
}

// Who knows the menu need not hear it: keys typed ahead go to the next step that awaits any.
void FlowMachine::TakeAhead(Flow& flow, Call& call, Effects& effects) const {
  if (flow.step.has_gather()) {
    flow.phase = Phase::kGathering;
    while (flow.phase == Phase::kGathering && !flow.ahead.empty()) {
      const std::string key = flow.ahead.substr(0, 1);
      flow.ahead.erase(0, 1);
      OnKey(flow, call, key, effects);
    }
    return;
  }
  // A person, a queue or the voicemail comes between: what follows was not meant.
  if (flow.step.then_case() != FlowStep::THEN_NOT_SET) flow.ahead.clear();
  PlayNext(flow, call, effects);
}

void FlowMachine::PlayNext(Flow& flow, Call& call, Effects& effects) const {
  for (; flow.prompt < flow.step.prompts_size(); ++flow.prompt) {
    std::string media = MediaOf(flow.step.prompts(flow.prompt), say_);
    if (media.empty()) continue;
    flow.phase = Phase::kPrompting;
    effects.actions.push_back(
        {Kind::kPlay, std::string(kCustomerLeg), PromptOf(flow, call), std::move(media)});
    return Start(flow, kLongestPrompt, effects);
  }
  Then(flow, call, effects);
}

void FlowMachine::EndPrompt(Flow& flow, Call& call, Effects& effects) const {
  ++flow.prompt;
  PlayNext(flow, call, effects);
}

void FlowMachine::Then(Flow& flow, Call& call, Effects& effects) const {
  switch (flow.step.then_case()) {
    case FlowStep::kGather:
      flow.phase = Phase::kGathering;
      return Start(flow, Seconds(flow.step.gather().timeout_seconds()), effects);
    case FlowStep::kDial:
      return Dial(flow, call, effects);
    case FlowStep::kWait:
      return Wait(flow, call, effects);
    case FlowStep::kVoicemail:
      return TakeMessage(flow, call, effects);
    case FlowStep::kHangUp:
      call.hang_up_reason = flow.step.hang_up().reason();
      return HangUp(flow, call, effects);
    case FlowStep::THEN_NOT_SET:
      return Ask(flow, FlowInput::DONE, effects);
  }
}

void FlowMachine::Dial(Flow& flow, Call& call, Effects& effects) const {
  const FlowStep::Dial& dial = flow.step.dial();
  ++flow.timer;
  flow.phase = Phase::kDialling;
  effects.actions.push_back({Kind::kStartMusic});
  // After a restart the phone may ring already.
  if (call.agent().live()) return;
  call.agent() = LegState();
  call.agent().requested = true;
  call.agent().session = call.plan.call;
  call.agent().channel = ChannelId(
      LegName{call.plan.call, std::string(kAgentLeg), call.plan.call, flow.step.number()});
  call.agent().ring_limit = Seconds(dial.ring_seconds());
  effects.actions.push_back(
      {Kind::kRingAgent, std::string(kAgentLeg), "", dial.phone(), Seconds(dial.ring_seconds())});
}

void FlowMachine::Wait(Flow& flow, Call& call, Effects& effects) const {
  flow.phase = Phase::kWaiting;
  std::string music = MediaOfUrl(flow.step.wait().music_url());
  if (music.empty()) {
    effects.actions.push_back({Kind::kStartMusic});
  } else {
    effects.actions.push_back(
        {Kind::kPlay, std::string(kCustomerLeg), PromptOf(flow, call), std::move(music)});
  }
  Start(flow, Seconds(flow.step.wait().seconds()), effects);
}

void FlowMachine::TakeMessage(Flow& flow, Call& call, Effects& effects) const {
  const FlowStep::Voicemail& voicemail = flow.step.voicemail();
  flow.phase = Phase::kRecording;
  flow.message = Message::kAsked;
  effects.actions.push_back({Kind::kTakeMessage, std::string(kCustomerLeg), MessageOf(flow, call),
                             voicemail.finish_on_key(), Seconds(voicemail.max_seconds())});
  AwaitMessage(flow, effects);
}

void FlowMachine::AwaitMessage(Flow& flow, Effects& effects) const {
  Start(flow, Seconds(flow.step.voicemail().max_seconds()) + kMessageGrace, effects);
}

void FlowMachine::EndMessage(Flow& flow, Call& call, int seconds, Effects& effects) const {
  const std::string url = absl::StrCat(recording_url_prefix_, MessageOf(flow, call), "/file");
  Ask(flow, FlowInput::VOICEMAIL_LEFT, effects);
  effects.ask->set_recording_url(url);
  effects.ask->set_recording_seconds(seconds);
}

void FlowMachine::LeaveNoMessage(Flow& flow, Call& call, Effects& effects) const {
  Ask(flow, call.customer().ended ? FlowInput::CALLER_GONE : FlowInput::DONE, effects);
}

// A hang-up, before it is told, ends a prompt, and a recording at its beginning.
void FlowMachine::AwaitCallersEnd(Flow& flow, Call& call, Effects& effects) const {
  if (call.customer().ended) return LeaveNoMessage(flow, call, effects);
  flow.message = Message::kNone;
  Start(flow, kEndGrace, effects);
}

void FlowMachine::OnMessage(Flow& flow, Call& call, const AriEvent& event, Effects& effects) const {
  if (event.type == Type::kRecordingStarted) {
    // Late, after a request of which nobody knew whether it had arrived: he is let speak.
    if (flow.message == Message::kNone) AwaitMessage(flow, effects);
    flow.message = Message::kBegan;
  } else if (event.name == "RecordingFailed") {
    AwaitCallersEnd(flow, call, effects);
  } else if (event.seconds == 0) {
    effects.actions.push_back(
        {Kind::kDropMessage, std::string(kCustomerLeg), MessageOf(flow, call)});
    AwaitCallersEnd(flow, call, effects);
  } else {
    EndMessage(flow, call, event.seconds, effects);
  }
}

void FlowMachine::HangUp(Flow& flow, Call& call, Effects& effects) const {
  ++flow.timer;
  flow.phase = Phase::kLeaving;
  effects.actions.push_back(
      {Kind::kHangUp, std::string(kCustomerLeg), "", AriReason(flow, call.hang_up_reason)});
}

void FlowMachine::OnKey(Flow& flow, Call& call, const std::string& key, Effects& effects) const {
  if (flow.phase == Phase::kRecording) {
    if (key == flow.step.voicemail().finish_on_key()) {
      effects.actions.push_back(
          {Kind::kEndMessage, std::string(kCustomerLeg), MessageOf(flow, call)});
    }
    return;
  }
  if (flow.phase == Phase::kAsking) {
    if (flow.ahead.size() < kMaxAhead) flow.ahead += key;
    return;
  }
  if (!flow.step.has_gather()) return;
  const FlowStep::Gather& gather = flow.step.gather();
  if (flow.phase == Phase::kPrompting) {
    effects.actions.push_back({Kind::kStopPlay, std::string(kCustomerLeg), PromptOf(flow, call)});
    flow.phase = Phase::kGathering;
  }
  if (flow.phase != Phase::kGathering) return;
  if (!key.empty() && key == gather.finish_on_key()) return FinishGather(flow, effects);
  flow.digits += key;
  if (gather.max_digits() > 0 && static_cast<int>(flow.digits.size()) >= gather.max_digits()) {
    return FinishGather(flow, effects);
  }
  Start(flow, Seconds(gather.timeout_seconds()), effects);
}

Effects FlowMachine::OnEvent(Flow& flow, Call& call, const AriEvent& event) const {
  Effects effects;
  if (event.type == Type::kDtmf && event.tag == kCustomerLeg) {
    OnKey(flow, call, event.digit, effects);
  } else if (event.type == Type::kPlaybackFinished && event.media == PromptOf(flow, call)) {
    if (flow.phase == Phase::kPrompting) EndPrompt(flow, call, effects);
    // The music of a wait is over before the wait: the switch's own goes on.
    if (flow.phase == Phase::kWaiting) effects.actions.push_back({Kind::kStartMusic});
  } else if (flow.phase == Phase::kRecording && event.media == MessageOf(flow, call)) {
    OnMessage(flow, call, event, effects);
  }
  return effects;
}

Effects FlowMachine::OnTimer(Flow& flow, Call& call, int timer) const {
  Effects effects;
  if (timer != flow.timer) return effects;
  switch (flow.phase) {
    case Phase::kPrompting:
      effects.actions.push_back({Kind::kStopPlay, std::string(kCustomerLeg), PromptOf(flow, call)});
      EndPrompt(flow, call, effects);
      break;
    case Phase::kGathering:
      FinishGather(flow, effects);
      break;
    case Phase::kWaiting:
      if (!flow.step.wait().music_url().empty()) {
        effects.actions.push_back(
            {Kind::kStopPlay, std::string(kCustomerLeg), PromptOf(flow, call)});
      }
      effects.actions.push_back({Kind::kStopMusic});
      Ask(flow, FlowInput::DONE, effects);
      break;
    case Phase::kRecording:
      if (flow.message == Message::kNone) {
        LeaveNoMessage(flow, call, effects);
        break;
      }
      effects.actions.push_back(
          {Kind::kEndMessage, std::string(kCustomerLeg), MessageOf(flow, call)});
      if (flow.message == Message::kBegan) {
        EndMessage(flow, call, flow.step.voicemail().max_seconds(), effects);
      } else {
        LeaveNoMessage(flow, call, effects);
      }
      break;
    default:
      break;
  }
  return effects;
}

Effects FlowMachine::OnCall(Flow& flow, Call& call) const {
  Effects effects;
  if (flow.phase == Phase::kGone) return effects;
  if (call.customer().ended) {
    if (!HoldsEnd(flow)) {
      Release(flow, effects);
    } else if (flow.phase == Phase::kRecording && flow.message != Message::kNone) {
      Start(flow, kMessageGrace, effects);  // the message's end is on its way
    } else if (!flow.asking) {
      Ask(flow, FlowInput::CALLER_GONE, effects);
    }
    return effects;
  }
  const LegState& agent = call.agent();
  if (flow.phase == Phase::kDialling && agent.ended) {
    effects.actions.push_back({Kind::kStopMusic});
    Ask(flow, OutcomeOf(agent), effects);
  } else if (flow.phase == Phase::kDialling && agent.entered) {
    flow.phase = Phase::kTalking;
    effects.actions.push_back({Kind::kStopMusic});
    effects.actions.push_back({Kind::kAddToBridge});
    if (flow.step.dial().record()) {
      call.recordings[call.plan.call].running = true;
      effects.actions.push_back({Kind::kRecord});
    }
  } else if (flow.phase == Phase::kTalking && !call.attended() && !call.unattended) {
    // What follows is heard by the caller alone, and can be recorded, outside of a bridge only.
    StopRecordings(call, effects);
    effects.actions.push_back({Kind::kDestroyBridge});
    call.bridged = false;
    Ask(flow, FlowInput::DIAL_ENDED, effects);
  }
  return effects;
}

Effects FlowMachine::OnRefused(Flow& flow, Call& call, const Action& action) const {
  Effects effects;
  if (action.kind == Kind::kPlay && action.id == PromptOf(flow, call)) {
    if (flow.phase == Phase::kPrompting) EndPrompt(flow, call, effects);
    if (flow.phase == Phase::kWaiting) effects.actions.push_back({Kind::kStartMusic});
  } else if (action.kind == Kind::kTakeMessage && flow.phase == Phase::kRecording &&
             flow.message == Message::kAsked) {
    AwaitCallersEnd(flow, call, effects);
  }
  return effects;
}

void FlowMachine::OnMessageExists(Flow& flow, const Call& call, const Action& action) const {
  if (flow.phase == Phase::kRecording && action.id == MessageOf(flow, call)) {
    flow.message = Message::kBegan;
  }
}

Effects FlowMachine::OnReconnect(Flow& flow, Call& call) const {
  Effects effects;
  // Whether the prompt ended meanwhile is not known: the caller is not left waiting for it.
  if (flow.phase == Phase::kPrompting) {
    effects.actions.push_back({Kind::kStopPlay, std::string(kCustomerLeg), PromptOf(flow, call)});
    EndPrompt(flow, call, effects);
  } else if (flow.phase == Phase::kRecording && flow.message == Message::kAsked &&
             call.customer().live()) {
    flow.message = Message::kBegan;  // as good as certain: he would have been sent on otherwise
  }
  return effects;
}

Effects FlowMachine::HangUpAgain(Flow& flow, Call& call) const {
  Effects effects;
  if (flow.phase == Phase::kLeaving && call.customer().live()) HangUp(flow, call, effects);
  return effects;
}

}  // namespace ctc::providers::asterisk
