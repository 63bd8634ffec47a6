#include "libs/providers/sip/native/call_turn.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "libs/providers/sip/native/anchored_call.h"
#include "libs/providers/sip/native/call_machine.h"
#include "libs/providers/sip/sip_status.h"

namespace ctc::providers::sip::native {
namespace {

using routing::v1::FlowInput;
using session::v1::CallFact;
using Phase = LegParts::Phase;

int StatusOfReason(session::v1::EndReason reason) {
  switch (reason) {
    case session::v1::INVALID_NUMBER:
      return 404;
    case session::v1::BLOCKED_BY_POLICY:
      return 403;
    case session::v1::AGENT_REJECTED:
      return 603;
    case session::v1::PROVIDER_ERROR:
    case session::v1::PROVIDER_UNREACHABLE:
      return 503;
    default:
      return 480;
  }
}

}  // namespace

FlowInput::Kind MissOf(CallFact::Kind kind) {
  switch (kind) {
    case CallFact::CALL_BUSY:
      return FlowInput::DIAL_BUSY;
    case CallFact::CALL_REJECTED:
      return FlowInput::DIAL_REJECTED;
    case CallFact::CALL_FAILED:
      return FlowInput::DIAL_FAILED;
    default:
      return FlowInput::DIAL_NO_ANSWER;
  }
}

int RefusalOf(const CallerFlow& flow) {
  const int status = StatusOfReason(flow.step.hang_up().reason());
  return status == 603 && flow.busy ? 486 : status;
}

template <class C>
void CallTurn<C>::Say(CallFact::Kind kind, const std::string& leg) {
  CallFact fact;
  fact.set_kind(kind);
  fact.set_party(call_.legs.at(leg).party);
  Say(leg, std::move(fact));
}

template <class C>
void CallTurn<C>::Say(const std::string& leg, CallFact fact) {
  const int attempt = call_.legs.at(leg).attempt;
  fact.set_provider_leg_id(
      absl::StrCat(call_.id, "-", leg, attempt > 1 ? absl::StrCat("-", attempt) : ""));
  if (leg != kAgent && leg != kCustomer) fact.set_leg_id(leg);
  fact.set_sequence(++call_.facts);
  fact.set_event_key(absl::StrCat("sip:", call_.id, ":", leg, ":", call_.facts));
  effects_.facts.push_back(std::move(fact));
}

template <class C>
void CallTurn<C>::Do(Action::Kind kind, const std::string& leg, std::string text, int status) {
  const std::string& line = call_.legs.at(leg).line;
  effects_.actions.push_back({kind, line.empty() ? leg : line, std::move(text), status});
}

template <class C>
auto CallTurn<C>::Up(const std::string& name) -> LegType* {
  LegType* leg = call_.Find(name);
  return leg == nullptr || leg->phase != Phase::kUp ? nullptr : leg;
}

template <class C>
auto CallTurn<C>::NewLeg(const std::string& name, session::v1::Leg::Party party, std::string uri,
                         const std::string& phone, int ring_seconds) -> LegType {
  LegType added;
  added.party = party;
  added.uri = std::move(uri);
  added.ring_seconds = ring_seconds;
  const bool referred = call_.referral && call_.referral->target.empty() &&
                        party == session::v1::Leg::CONSULT && call_.referral->phone == phone;
  if (referred) {
    added.uri = call_.referral->uri;
    added.replaces = call_.referral->replaces;
    call_.referral->target = name;
  }
  added.origin.session = call_.legs.at(kCustomer).origin.session + call_.legs.size();
  if (const LegType* before = call_.Find(name)) added.attempt = before->attempt + 1;
  return added;
}

template <class C>
void CallTurn<C>::ReleaseHeld() {
  for (CallFact& fact : call_.flow->held) effects_.facts.push_back(std::move(fact));
  call_.flow->held.clear();
}

template <class C>
void CallTurn<C>::Ask(FlowInput::Kind kind) {
  ++call_.flow->timer;
  call_.flow->asking = true;
  effects_.ask.emplace();
  effects_.ask->set_kind(kind);
  effects_.ask->set_step_number(call_.flow->step.number());
}

template <class C>
CallFact CallTurn<C>::MissedFact(const LegType& leg, int status) const {
  return EndingOfStatus(leg.party, leg.timed_out ? 480 : leg.cancelled ? 487 : status);
}

template <class C>
CallFact CallTurn<C>::EndedFact(const LegType& leg, int status) const {
  CallFact fact;
  fact.set_kind(CallFact::CALL_ENDED);
  fact.set_party(leg.party);
  if (status > 0) fact.set_cause(absl::StrCat("sip:", status));
  return fact;
}

template <class C>
int CallTurn<C>::RefusalOfPlace(const Newcomer& newcomer) const {
  const LegType* leg = call_.Find(newcomer.leg);
  const bool over = leg == nullptr || leg->phase == Phase::kEnded || leg->cancelled;
  if (over || call_.ending) return 603;
  if (leg->phase == Phase::kUp) return newcomer.early_only ? 486 : 100;
  return leg->phase == Phase::kInviting ? 100 : 481;  // not what began with the phone's own INVITE
}

template <class C>
void CallTurn<C>::Swap(const Newcomer& newcomer, std::string sdp) {
  LegType& leg = call_.legs.at(newcomer.leg);
  const bool early = leg.phase == Phase::kInviting;
  const std::string before = leg.line.empty() ? newcomer.leg : leg.line;
  leg.line = newcomer.line;
  Do(Action::Kind::kRespond, newcomer.leg, std::move(sdp), 200);
  const Action::Kind over = early ? Action::Kind::kAbandon : Action::Kind::kBye;
  effects_.actions.push_back({over, before, "", 0});
  CallFact fact;
  fact.set_kind(CallFact::PARTY_REPLACED);
  fact.set_party(leg.party);
  fact.set_phone(newcomer.phone);
  Say(newcomer.leg, std::move(fact));
}

template <class C>
bool CallTurn<C>::IsReferred(const std::string& name) const {
  return call_.referral && call_.referral->target == name;
}

template <class C>
void CallTurn<C>::TellReferrer(int status) {
  if (Up(call_.referral->leg) != nullptr) {
    Do(Action::Kind::kNotify, call_.referral->leg, "", status);
  }
  if (status < 200) return;
  SettleReferrer();
  call_.referral.reset();
}

template <class C>
void CallTurn<C>::SettleReferrer() {
  if (std::exchange(call_.referral->left, false)) {
    Say(CallFact::CALL_ENDED, call_.referral->leg);
  }
}

template <class C>
bool CallTurn<C>::LeftReferring(const std::string& name) {
  if (!call_.referral || call_.referral->leg != name || !call_.referral->asked) return false;
  call_.referral->left = true;
  return true;
}

template <class C>
std::string CallTurn<C>::SettleReferral(int status) {
  call_.referral->asked = false;
  if (status < 300) {
    SettleReferrer();
    return "";
  }
  const std::string leg = call_.referral->leg;
  const bool left = call_.referral->left;
  TellReferrer(status);
  return left ? leg : "";
}

template class CallTurn<Call>;
template class CallTurn<AnchoredCall>;

}  // namespace ctc::providers::sip::native
