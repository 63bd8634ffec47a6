#include "libs/providers/sip/native/call_steps.h"

#include <type_traits>

#include "libs/providers/sip/native/anchored_turn.h"
#include "libs/providers/sip/native/turn.h"

namespace ctc::providers::sip::native {
namespace {

using session::v1::CallFact;
using Phase = LegParts::Phase;

template <AnyCall C>
using TurnOf = std::conditional_t<std::is_same_v<C, Call>, Turn, AnchoredTurn>;

}  // namespace

template <AnyCall C>
Effects Start(C& call) {
  TurnOf<C> turn(call);
  turn.Say(CallFact::CALL_INITIATED, kAgent);
  turn.Invite(kAgent);
  return turn.Finish();
}

template <AnyCall C>
Effects Apply(C& call, const Input& input) {
  TurnOf<C> turn(call);
  auto* leg = call.Find(input.leg);
  if (leg == nullptr) return turn.Finish();
  switch (input.kind) {
    case Input::Kind::kRinging:
      turn.OnRinging(input);
      break;
    case Input::Kind::kAnswered:
      turn.OnAnswered(input);
      break;
    case Input::Kind::kRejected:
      turn.OnRejected(input);
      break;
    case Input::Kind::kEnded:
      turn.OnEnded(input);
      break;
    case Input::Kind::kAcknowledged:
      turn.OnAcknowledged(input);
      break;
    case Input::Kind::kRingTimeout:
      if (leg->phase == Phase::kInviting && !leg->cancelled) {
        leg->timed_out = true;
        turn.End(input.leg);
      }
      break;
  }
  return turn.Finish();
}

template <AnyCall C>
void EndEverybody(TurnOf<C>& turn, const C& call) {
  for (const std::string& name : {std::string(kCustomer), call.seat}) {
    const auto* leg = call.Find(name);
    const bool there =
        leg != nullptr && (leg->phase == Phase::kUp || leg->phase == Phase::kCalling);
    if (!there) continue;
    turn.Say(CallFact::CALL_ENDED, name);
    break;  // one fact says that it is over
  }
  turn.EndAll();
}

template <AnyCall C>
Effects HangUp(C& call) {
  TurnOf<C> turn(call);
  EndEverybody(turn, call);
  return turn.Finish();
}

template <AnyCall C>
Effects EndAtOnce(C& call) {
  TurnOf<C> turn(call);
  EndEverybody(turn, call);
  Input cancelled{Input::Kind::kRejected, "", 487, ""};
  for (const auto& [name, leg] : call.legs) {
    if (leg.phase != Phase::kInviting) continue;
    cancelled.leg = name;
    turn.OnRejected(cancelled);
  }
  return turn.Finish();
}

template <AnyCall C>
Effects Refer(C& call, Referral referral, int& status) {
  TurnOf<C> turn(call);
  const bool may = call.joined && !call.ending && referral.leg == call.seat;
  status = !may ? 603 : call.referral ? 491 : 202;
  if (status != 202) return turn.Finish();
  call.referral = std::move(referral);
  turn.TellReferrer(100);
  return turn.Finish();
}

template <AnyCall C>
Effects ReferralTaken(C& call, int status) {
  TurnOf<C> turn(call);
  if (call.referral && call.referral->asked) turn.OnReferralTaken(status);
  return turn.Finish();
}

template <AnyCall C>
Effects BeginFlow(C& call) {
  TurnOf<C> turn(call);
  turn.Ask(routing::v1::FlowInput::STARTED);
  return turn.Finish();
}

template <AnyCall C>
Effects DialFailed(C& call) {
  TurnOf<C> turn(call);
  turn.OnAgentMissed(CallFact::CALL_FAILED);
  return turn.Finish();
}

template Effects Start(Call&);
template Effects Start(AnchoredCall&);
template Effects Apply(Call&, const Input&);
template Effects Apply(AnchoredCall&, const Input&);
template Effects HangUp(Call&);
template Effects HangUp(AnchoredCall&);
template Effects EndAtOnce(Call&);
template Effects EndAtOnce(AnchoredCall&);
template Effects Refer(Call&, Referral, int&);
template Effects Refer(AnchoredCall&, Referral, int&);
template Effects ReferralTaken(Call&, int);
template Effects ReferralTaken(AnchoredCall&, int);
template Effects BeginFlow(Call&);
template Effects BeginFlow(AnchoredCall&);
template Effects DialFailed(Call&);
template Effects DialFailed(AnchoredCall&);

}  // namespace ctc::providers::sip::native
