// The caller's side of an anchored call: each step of its flow, played, heard and recorded.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/providers/sip/native/anchored_turn.h"

namespace ctc::providers::sip::native {
namespace {

using routing::v1::FlowInput;
using routing::v1::FlowStep;
using session::v1::CallFact;
using FlowPhase = AnchoredFlow::Phase;
using Phase = AnchoredLeg::Phase;

// Longer ones are cut: the end of one that got lost is not waited for for ever.
constexpr int kLongestPromptSeconds = 180;
// For the end of a message that is not told.
constexpr int kMessageGraceSeconds = 10;
constexpr int kMostDigits = 32;  // of one step, and of what is typed ahead of it

}  // namespace

absl::StatusOr<AnchoredCall> NewAnchoredInbound(std::string id,
                                                std::shared_ptr<const AnchoredConfig> config,
                                                std::string offer, const media::Address& own) {
  if (!offer.empty()) CTC_RETURN_IF_ERROR(ReadPeer(*config, own, offer).status());
  AnchoredCall call;
  call.id = std::move(id);
  call.config = std::move(config);
  AnchoredLeg& caller = AddCaller(call);
  caller.offer = std::move(offer);
  caller.own = own;
  return call;
}

Effects TakeStep(AnchoredCall& call, const FlowStep& step) {
  AnchoredTurn turn(call);
  AnchoredFlow& flow = *call.flow;
  flow.asking = false;
  if (flow.gone) {
    turn.ReleaseHeld();
    return turn.Finish();
  }
  if (flow.left) {
    turn.Ask(FlowInput::CALLER_GONE);
    flow.gone = true;
    return turn.Finish();
  }
  // An agent is being rung by this very step, or took the call.
  const AnchoredLeg* agent = call.Find(call.seat);
  const bool rung = agent != nullptr && agent->phase != Phase::kEnded;
  const bool known = step.number() == flow.step.number() && step.has_dial() && rung;
  if (call.ending || known) return turn.Finish();
  flow.step = step;
  turn.Perform();
  return turn.Finish();
}

Effects FlowFailed(AnchoredCall& call) {
  AnchoredTurn turn(call);
  call.flow->asking = false;
  turn.ReleaseHeld();
  if (call.flow->left || call.ending || call.flow->phase == FlowPhase::kTalking) {
    return turn.Finish();
  }
  CallFact fact;
  fact.set_kind(CallFact::CALL_ENDED);
  fact.set_reason(session::v1::PROVIDER_ERROR);
  turn.Refuse(503, std::move(fact));
  return turn.Finish();
}

Effects FlowTimer(AnchoredCall& call, int number) {
  AnchoredTurn turn(call);
  if (call.flow && number == call.flow->timer && !call.flow->asking) turn.OnTimer();
  return turn.Finish();
}

Effects Played(AnchoredCall& call, int number) {
  AnchoredTurn turn(call);
  if (call.flow) turn.OnPlayed(number);
  return turn.Finish();
}

void AnchoredTurn::Ask(FlowInput::Kind kind) {
  CallTurn::Ask(kind);
  effects_.timer_seconds = 0;
  call_.flow->phase = FlowPhase::kAsking;
}

void AnchoredTurn::StartTimer(int seconds) {
  ++call_.flow->timer;
  effects_.timer_seconds = std::max(1, seconds);
}

bool AnchoredTurn::CanPlay(const FlowStep::Prompt& prompt) const {
  return !prompt.audio_url().empty() || (call_.config->speaks && !prompt.text().empty());
}

bool AnchoredTurn::HasPrompt() const {
  const auto& prompts = call_.flow->step.prompts();
  return std::any_of(prompts.begin(), prompts.end(),
                     [this](const FlowStep::Prompt& prompt) { return CanPlay(prompt); });
}

// The call costs the caller nothing before there is something to hear.
void AnchoredTurn::Perform() {
  AnchoredFlow& flow = *call_.flow;
  flow.prompt = 0;
  flow.digits.clear();
  const FlowStep& step = flow.step;
  const bool silent =
      step.has_dial() || step.has_hang_up() || step.then_case() == FlowStep::THEN_NOT_SET;
  if (!silent || HasPrompt()) AnswerCaller();
  if (!flow.ahead.empty()) return TakeAhead();
  PlayNext();
}

// Who knows the menu need not hear it: keys typed ahead go to the next step that awaits any.
void AnchoredTurn::TakeAhead() {
  AnchoredFlow& flow = *call_.flow;
  if (flow.step.has_gather()) {
    flow.phase = FlowPhase::kGathering;
    while (flow.phase == FlowPhase::kGathering && !flow.ahead.empty()) {
      const char key = flow.ahead.front();
      flow.ahead.erase(0, 1);
      OnFlowKey(key);
    }
    return;
  }
  // A person, a queue or the voicemail comes between: what follows was not meant.
  if (flow.step.then_case() != FlowStep::THEN_NOT_SET) flow.ahead.clear();
  PlayNext();
}

void AnchoredTurn::AnswerCaller() {
  AnchoredLeg& caller = call_.legs.at(kCustomer);
  if (caller.phase != Phase::kCalling) return;
  caller.phase = Phase::kUp;
  // Without an offer the description of ours is one, and its answer comes in the ACK.
  if (caller.offer.empty()) return Do(Action::Kind::kRespond, kCustomer, OurOffer(caller), 200);
  ++caller.origin.version;
  absl::StatusOr<std::string> answer = media::Answer(caller.offer, caller.own, caller.origin);
  (void)Agree(kCustomer, caller, caller.offer);  // it was looked at when the caller came
  Do(Action::Kind::kRespond, kCustomer, answer.ok() ? *std::move(answer) : OurOffer(caller), 200);
}

void AnchoredTurn::PlayNext() {
  AnchoredFlow& flow = *call_.flow;
  for (; flow.prompt < flow.step.prompts_size(); ++flow.prompt) {
    const FlowStep::Prompt& prompt = flow.step.prompts(flow.prompt);
    if (!CanPlay(prompt)) continue;
    flow.phase = FlowPhase::kPrompting;
    PlayPrompt order;
    order.number = ++flow.play;
    order.url = prompt.audio_url();
    order.text = prompt.text();
    order.language = prompt.language();
    Order(std::move(order));
    return StartTimer(kLongestPromptSeconds);
  }
  Then();
}

void AnchoredTurn::StopPlaying() { Order(StopPrompt{call_.flow->play++}); }

void AnchoredTurn::OnPlayed(int number) {
  AnchoredFlow& flow = *call_.flow;
  if (number != flow.play || flow.asking) return;
  if (flow.phase == FlowPhase::kWaiting) flow.own_music = false;  // ours goes on
  if (flow.phase != FlowPhase::kPrompting) return;
  ++flow.prompt;
  PlayNext();
}

void AnchoredTurn::Then() {
  AnchoredFlow& flow = *call_.flow;
  switch (flow.step.then_case()) {
    case FlowStep::kGather:
      flow.phase = FlowPhase::kGathering;
      return StartTimer(flow.step.gather().timeout_seconds());
    case FlowStep::kDial:
      ++flow.timer;
      flow.phase = FlowPhase::kDialling;
      effects_.dial = flow.step.dial();
      return;
    case FlowStep::kWait:
      return Wait();
    case FlowStep::kVoicemail:
      return TakeMessage();
    case FlowStep::kHangUp:
      return HangUpCaller();
    case FlowStep::THEN_NOT_SET:
      return Ask(FlowInput::DONE);
  }
}

void AnchoredTurn::Wait() {
  AnchoredFlow& flow = *call_.flow;
  flow.phase = FlowPhase::kWaiting;
  const FlowStep::Wait& wait = flow.step.wait();
  flow.own_music = !wait.music_url().empty();
  if (flow.own_music) {
    PlayPrompt order;
    order.number = ++flow.play;
    order.url = wait.music_url();
    order.at_least = absl::Seconds(std::max(1, wait.seconds()));
    Order(std::move(order));
  }
  StartTimer(wait.seconds());
}

void AnchoredTurn::TakeMessage() {
  AnchoredFlow& flow = *call_.flow;
  flow.phase = FlowPhase::kMessage;
  BeginRecording order;
  order.file = FileFor(call_.FileOwner() + "-message");
  call_.recordings[order.file].message = true;
  order.voices = {kCustomer};
  order.beep = true;
  order.keeps_empty = false;  // it is no message, and nobody is told of it
  order.max_length = absl::Seconds(std::max(1, flow.step.voicemail().max_seconds()));
  Order(std::move(order));
  StartTimer(flow.step.voicemail().max_seconds() + kMessageGraceSeconds);
}

void AnchoredTurn::OnMessage(const std::string& file, absl::Duration length) {
  AnchoredFlow& flow = *call_.flow;
  if (flow.phase != FlowPhase::kMessage) return;
  if (length <= absl::ZeroDuration()) {
    Ask(flow.left ? FlowInput::CALLER_GONE : FlowInput::DONE);
    flow.gone = flow.left;
    return;
  }
  Ask(FlowInput::VOICEMAIL_LEFT);
  effects_.ask->set_recording_url(call_.config->recording_prefix + file);
  effects_.ask->set_recording_seconds(static_cast<int32_t>(absl::ToInt64Seconds(length)));
}

void AnchoredTurn::HangUpCaller() {
  CallFact fact;
  fact.set_kind(CallFact::CALL_ENDED);
  fact.set_reason(call_.flow->step.hang_up().reason());
  Refuse(RefusalOf(*call_.flow), std::move(fact));
}

void AnchoredTurn::Refuse(int status, CallFact fact) {
  AnchoredFlow& flow = *call_.flow;
  flow.gone = true;
  flow.phase = FlowPhase::kLeaving;
  ++flow.timer;
  fact.set_party(session::v1::Leg::CUSTOMER);
  const bool answered = call_.legs.at(kCustomer).phase == Phase::kUp;
  if (!answered) fact.set_cause(absl::StrCat("sip:", status));
  Say(kCustomer, std::move(fact));
  EndAll(answered ? 0 : status);
}

void AnchoredTurn::OnAgentTook() {
  AnswerCaller();
  call_.flow->phase = FlowPhase::kTalking;
  call_.record = call_.record || call_.flow->step.dial().record();
  Joined();
}

void AnchoredTurn::OnAgentMissed(CallFact::Kind kind) {
  if (!call_.flow || call_.ending || call_.flow->phase != FlowPhase::kDialling) return;
  call_.flow->busy = kind == CallFact::CALL_BUSY;
  Ask(MissOf(kind));
}

// The conversation is over, the caller is still there.
void AnchoredTurn::OnTalkOver() {
  if (call_.flow->phase != FlowPhase::kTalking) return;
  call_.held = call_.muted = false;
  EndTheRecording();
  Ask(FlowInput::DIAL_ENDED);
}

// The flow is told before the session ends: a queue is not to count the caller any more.
void AnchoredTurn::OnCallerLeft(CallFact fact) {
  AnchoredFlow& flow = *call_.flow;
  flow.left = true;
  const bool talked = flow.phase == FlowPhase::kTalking || flow.phase == FlowPhase::kLeaving;
  if (!call_.joined) fact.set_reason(session::v1::CALLER_ABANDONED);
  EndAll();
  Say(kCustomer, std::move(fact));
  if (talked) {
    flow.gone = true;
    return;
  }
  flow.held.push_back(std::move(effects_.facts.back()));
  effects_.facts.pop_back();
  if (flow.phase == FlowPhase::kMessage || flow.asking) return;  // its end is told first
  Ask(FlowInput::CALLER_GONE);
  flow.gone = true;
}

void AnchoredTurn::FinishGather() {
  AnchoredFlow& flow = *call_.flow;
  Ask(flow.digits.empty() ? FlowInput::NO_INPUT : FlowInput::DIGITS);
  effects_.ask->set_digits(std::exchange(flow.digits, ""));
}

void AnchoredTurn::OnFlowKey(char key) {
  AnchoredFlow& flow = *call_.flow;
  const std::string pressed(1, key);
  if (flow.asking) {
    if (flow.ahead.size() < size_t{kMostDigits}) flow.ahead += key;
    return;
  }
  if (flow.phase == FlowPhase::kMessage) {
    if (pressed == flow.step.voicemail().finish_on_key()) EndTheRecording();
    return;
  }
  if (!flow.step.has_gather()) return;
  const FlowStep::Gather& gather = flow.step.gather();
  if (flow.phase == FlowPhase::kPrompting) {
    StopPlaying();
    flow.phase = FlowPhase::kGathering;
  }
  if (flow.phase != FlowPhase::kGathering) return;
  if (pressed == gather.finish_on_key()) return FinishGather();
  flow.digits += key;
  const int most = gather.max_digits() > 0 ? gather.max_digits() : kMostDigits;
  if (static_cast<int>(flow.digits.size()) >= most) return FinishGather();
  StartTimer(gather.timeout_seconds());
}

void AnchoredTurn::OnTimer() {
  AnchoredFlow& flow = *call_.flow;
  switch (flow.phase) {
    case FlowPhase::kPrompting:
      StopPlaying();
      ++flow.prompt;
      return PlayNext();
    case FlowPhase::kGathering:
      return FinishGather();
    case FlowPhase::kWaiting:
      if (std::exchange(flow.own_music, false)) StopPlaying();
      return Ask(FlowInput::DONE);
    case FlowPhase::kMessage:
      return EndTheRecording();
    default:
      return;
  }
}

}  // namespace ctc::providers::sip::native
