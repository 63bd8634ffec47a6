// What one turn of a call gathers, whichever kind of call it is: requests, facts, the words to a
// phone that referred its call. Pure; the part that Turn and AnchoredTurn have in common.
#pragma once

#include <absl/status/status.h>

#include <string>

#include "libs/providers/sip/native/call_parts.h"

namespace ctc::providers::sip::native {

inline absl::Status NotLive(const char* why) { return absl::FailedPreconditionError(why); }

// What the flow is told when the agent did not take the call, by the fact that says so.
routing::v1::FlowInput::Kind MissOf(session::v1::CallFact::Kind kind);

// What a caller is answered to whom the flow, by its step, has nothing to offer.
int RefusalOf(const CallerFlow& flow);

// `C` is Call or AnchoredCall.
template <class C>
class CallTurn {
 public:
  using LegType = typename C::LegType;

  explicit CallTurn(C& call) : call_(call) {}

  void Say(session::v1::CallFact::Kind kind, const std::string& leg);
  void Say(const std::string& leg, session::v1::CallFact fact);

  LegType* Up(const std::string& name);
  // A leg that is to be called; `phone` is what the session calls the party: a referral's target
  // goes where the referral says.
  LegType NewLeg(const std::string& name, session::v1::Leg::Party party, std::string uri,
                 const std::string& phone, int ring_seconds);

  void ReleaseHeld();

  // The SIP status that refuses a phone which wants a leg's place; 100: it may have it.
  int RefusalOfPlace(const Newcomer& newcomer) const;

  // The customer's phone is asked to call the target of that leg.
  void Refer(const std::string& leg) { Do(Action::Kind::kRefer, kCustomer, leg); }

  // Tells the phone that referred how that stands; from 200 on it is over.
  void TellReferrer(int status);

 protected:
  // The newcomer's dialog is the leg's from now on: `sdp` answers it, and the one before is over.
  void Swap(const Newcomer& newcomer, std::string sdp);

  void Do(Action::Kind kind, const std::string& leg, std::string text = "", int status = 0);
  void Ask(routing::v1::FlowInput::Kind kind);

  // How a leg that did not pick up is told.
  session::v1::CallFact MissedFact(const LegType& leg, int status) const;
  // How one is told that was up.
  session::v1::CallFact EndedFact(const LegType& leg, int status) const;

  // The target that a phone's own referral named.
  bool IsReferred(const std::string& name) const;
  // A phone that hung up before its referral was taken is told to have left now.
  void SettleReferrer();
  // True when it hung up before its referral was taken: whether its call goes on is not known yet.
  bool LeftReferring(const std::string& name);
  // The session has taken the referral, or refused it by `status`. Returns whose end counts now:
  // the leg that hung up meanwhile for nothing; empty: nobody's.
  std::string SettleReferral(int status);

  C& call_;
  Effects effects_;
};

}  // namespace ctc::providers::sip::native
