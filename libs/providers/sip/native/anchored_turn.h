// One turn of an anchored call: what each event and each order does to its legs, gathered as
// effects. Pure; used by the anchored call's functions alone.
#pragma once

#include <string>
#include <string_view>

#include "libs/providers/sip/native/anchored_call.h"
#include "libs/providers/sip/native/call_turn.h"

namespace ctc::providers::sip::native {

// What a phone's description says of its sound. INVALID_ARGUMENT when it has none for us, of the
// family of `own` and at an address that is allowed.
absl::StatusOr<media::PeerAudio> ReadPeer(const AnchoredConfig& config, const media::Address& own,
                                          const std::string& sdp);

class AnchoredTurn : public CallTurn<AnchoredCall> {
 public:
  using CallTurn::CallTurn;

  // With the scene as the turn left it.
  Effects Finish();

  void Order(MediaOrder order) { effects_.media.push_back(std::move(order)); }

  void Invite(const std::string& name);
  // Ends a leg whatever state it is in.
  void End(const std::string& name, int status = 0);
  void EndAll(int status = 0);
  // The customer has somebody to talk with, or somebody is being rung for that.
  bool IsAttended() const;

  void OnRinging(const Input& input);
  void OnAnswered(const Input& input);
  void OnRejected(const Input& input);
  void OnEnded(const Input& input);
  void OnAcknowledged(const Input& input);
  int TakePlace(const Newcomer& newcomer);
  // Nothing is heard of it any more: it is hung up.
  void OnSilent(const std::string& name);
  // Our answer to what a phone offers in the call; empty: refused.
  std::string OnReoffered(const std::string& name, const std::string& offer);
  void OnKey(const std::string& name, char key);

  // Told apart from the end of the leg itself: the others may stay.
  void AfterEnd(const std::string& name, int status);
  void Joined();

  void StartRecording(const std::string& session);
  void OnRecorded(const std::string& file, absl::Duration length);
  void EndTheRecording();

  // The caller's flow; see anchored_flow.cpp.
  void Ask(routing::v1::FlowInput::Kind kind);
  void Perform();
  void OnCallerLeft(session::v1::CallFact fact);
  void OnAgentMissed(session::v1::CallFact::Kind kind);
  void OnAgentTook();
  void OnTalkOver();
  void OnFlowKey(char key);
  void OnPlayed(int number);
  void OnTimer();
  void OnMessage(const std::string& file, absl::Duration length);
  void Refuse(int status, session::v1::CallFact fact);

  void OnReferralTaken(int status);

 private:
  // Agrees on sound with a phone by its description. False when it has none for us.
  bool Agree(const std::string& name, AnchoredLeg& leg, const std::string& sdp);
  std::string OurOffer(AnchoredLeg& leg);
  void OnPickedUp(const std::string& name, AnchoredLeg& leg, const std::string& sdp);
  // A phone took the call that cannot be heard.
  void LetGo(const std::string& name, const session::v1::CallFact& fact);
  // The next recording's.
  std::string FileFor(const std::string& whose);
  void TellHold(const std::string& name, bool before, bool now);
  void Leave(const std::string& name);

  void AnswerCaller();
  void TakeAhead();
  void PlayNext();
  void Then();
  void Wait();
  void TakeMessage();
  void HangUpCaller();
  void FinishGather();
  void StopPlaying();
  void StartTimer(int seconds);
  bool CanPlay(const routing::v1::FlowStep::Prompt& prompt) const;
  bool HasPrompt() const;
};

}  // namespace ctc::providers::sip::native
