// A caller's way at Asterisk, one step of its flow at a time, as a pure function: (flow, event) ->
// (flow', what to ask of the switch, what to ask of the flow). The legs are call_machine.h's; this
// reads from them what became of the party that a step rang.
#pragma once

#include <string>
#include <vector>

#include "ctc/routing/v1/call_flow.pb.h"
#include "libs/providers/asterisk/call_machine.h"

namespace ctc::providers::asterisk {

struct Flow {
  enum class Phase {
    kAsking,     // for the next step
    kPrompting,  // prompts are played
    kGathering,  // keys are awaited
    kWaiting,    // with music
    kDialling,   // somebody is rung
    kTalking,    // with whom was rung
    kRecording,  // a message
    kLeaving,    // we hung up
    kGone,       // the caller's leg is no more
  };
  enum class Message {
    kAsked,
    kBegan,  // there is a file
    kNone,   // perhaps since the caller hung up: his end may be on its way
  };
  Phase phase = Phase::kAsking;
  std::string from;  // E.164; empty when withheld
  std::string to;    // E.164
  bool answered = false;
  bool asking = false;  // a question is out
  routing::v1::FlowStep step;
  int prompt = 0;                     // the one that is played
  Message message = Message::kAsked;  // the one of this step
  std::string digits;                 // of this gather
  std::string ahead;                  // keys that came while the next step was asked for
  int timer = 0;           // the number of the timer that counts; one with another number is void
  std::vector<Told> held;  // the end of the caller's leg, until the flow knows of it

  bool done() const { return phase == Phase::kGone && !asking; }
};

class FlowMachine {
 public:
  // `say` as in speech.h; `recording_url_prefix` as the call machine's.
  FlowMachine(std::string say, std::string recording_url_prefix)
      : say_(std::move(say)), recording_url_prefix_(std::move(recording_url_prefix)) {}

  // A caller came in, or is found after a restart.
  Effects Begin(Flow& flow) const;
  // The answer to the question that was out; `call` names the session by now.
  Effects OnStep(Flow& flow, Call& call, const routing::v1::FlowStep& step) const;
  // Nobody could answer: the caller is not left on a dead line.
  Effects OnAskFailed(Flow& flow, Call& call) const;
  // Keys, ends of prompts and messages.
  Effects OnEvent(Flow& flow, Call& call, const AriEvent& event) const;
  Effects OnTimer(Flow& flow, Call& call, int timer) const;
  // The legs changed.
  Effects OnCall(Flow& flow, Call& call) const;
  // The switch refused something that the step needs.
  Effects OnRefused(Flow& flow, Call& call, const Action& action) const;
  // The switch has the message already: its beginning may never be told.
  void OnMessageExists(Flow& flow, const Call& call, const Action& action) const;
  // Events may have been missed.
  Effects OnReconnect(Flow& flow, Call& call) const;
  // The hang-up of a caller who is still there, in case it got lost.
  Effects HangUpAgain(Flow& flow, Call& call) const;

  // True when the end of the caller's leg is not to be told before the flow was.
  static bool HoldsEnd(const Flow& flow);

 private:
  void Perform(Flow& flow, Call& call, Effects& effects) const;
  void PlayNext(Flow& flow, Call& call, Effects& effects) const;
  void EndPrompt(Flow& flow, Call& call, Effects& effects) const;
  void Then(Flow& flow, Call& call, Effects& effects) const;
  void Dial(Flow& flow, Call& call, Effects& effects) const;
  void Wait(Flow& flow, Call& call, Effects& effects) const;
  void TakeMessage(Flow& flow, Call& call, Effects& effects) const;
  void AwaitMessage(Flow& flow, Effects& effects) const;
  void EndMessage(Flow& flow, Call& call, int seconds, Effects& effects) const;
  void LeaveNoMessage(Flow& flow, Call& call, Effects& effects) const;
  void AwaitCallersEnd(Flow& flow, Call& call, Effects& effects) const;
  void OnMessage(Flow& flow, Call& call, const AriEvent& event, Effects& effects) const;
  void HangUp(Flow& flow, Call& call, Effects& effects) const;
  void TakeAhead(Flow& flow, Call& call, Effects& effects) const;
  void OnKey(Flow& flow, Call& call, const std::string& key, Effects& effects) const;

  std::string say_;
  std::string recording_url_prefix_;
};

}  // namespace ctc::providers::asterisk
