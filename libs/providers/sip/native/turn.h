// One turn of a call: what each event and each order does to its legs, gathered as effects. The
// exchanges of descriptions (RFC 3264) run one after another. Pure; used by the call machine alone.
#pragma once

#include <string>
#include <string_view>

#include "libs/providers/sip/native/call_machine.h"
#include "libs/providers/sip/native/call_turn.h"

namespace ctc::providers::sip::native {

class Turn : public CallTurn<Call> {
 public:
  using CallTurn::CallTurn;

  Effects Finish() { return std::move(effects_); }

  void Do(Action::Kind kind, const std::string& leg, std::string text, int status = 0);

  void Invite(const std::string& name);
  // Ends a leg whatever state it is in.
  void End(const std::string& name, int status = 0);
  void EndAll(int status = 0);
  // Queues an exchange of descriptions.
  void Begin(Exchange exchange);

  void OnRinging(const Input& input);
  void OnAnswered(const Input& input);
  void OnRejected(const Input& input);
  void OnEnded(const Input& input);
  void OnAcknowledged(const Input& input);

  // A phone takes a leg's place; see newcomer.cpp.
  int TakePlace(const Newcomer& newcomer);

  // The caller's flow; see call_machine.h.
  using CallTurn::Ask;
  // The agent did not take the call, by `kind`; the flow says what next.
  void OnAgentMissed(session::v1::CallFact::Kind kind);
  void Perform();
  // The call ends before anybody talked: the caller is answered `status`.
  void Refuse(int status, session::v1::CallFact fact);
  void StartTimer(int seconds) { effects_.timer_seconds = seconds; }

  // Makes the step again that was put off under this number.
  void StepAgain(int number);

  // The session has taken the referral, or refused it by `status`.
  void OnReferralTaken(int status);

 private:
  // The next request of the exchange that runs.
  void Step();
  // Whose answer it waits for; empty: nobody's.
  std::string Awaited() const;
  void StepHold(Exchange& exchange);
  // A re-INVITE was refused: media cannot be joined. An old call goes on as it was, unless the
  // customer has nobody else to talk with.
  void OnRefused(const Input& input);
  void PutOff(Exchange& exchange, const std::string& leg);
  void Abandon(session::v1::CallFact fact);
  // Who is left alone hangs up.
  void AfterEnd(const std::string& name, int status);
  void OnPickedUp(const std::string& name, Leg& leg);
  void PickedUp(const std::string& name, Leg& leg);
  // The agent took a caller's call: the two descriptions cross the usual way.
  void Connect(Leg& agent);
  void Connected();
  void Offer(const std::string& name, Leg& leg, const std::string& sdp);
  void Acknowledge(const std::string& name, Leg& leg, const std::string& sdp);
  // The stack refreshed the session by re-INVITE: nothing changes.
  void OnRefreshed(const std::string& name, Leg& leg, const std::string& sdp);
  // An answer that agrees to the streams and lets none flow.
  std::string Silent(Leg& leg);
  void Close(Exchange& exchange, const std::string& answer);
  void Next();
  void DropExchanges(const std::string& leg);
  // A transfer's target rings or is there.
  bool HasTarget() const;

  // With whom a leg talks; empty: with nobody now.
  std::string PeerOf(const std::string& name);
  void StepPlace(Exchange& exchange);
  void ClosePlace(Exchange& exchange, const std::string& answer);
  // The newcomer of that name is answered, and has its place.
  void Seat(const std::string& line, const std::string& sdp);
  // True when this ACK was a newcomer's first.
  bool Arrives(const std::string& name);
  void TurnAway(Leg& newcomer, int status);
  void Withdraw(const std::string& line);
  // The leg has ended: its place is nobody's, and who was to talk with it may find another.
  void DropPlaces(const std::string& leg);
};

}  // namespace ctc::providers::sip::native
