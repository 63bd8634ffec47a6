#include "libs/providers/sip/native/call_steps.h"

#include <absl/strings/str_cat.h>

#include <type_traits>
#include <utility>

#include "libs/base/error_catalogue.h"
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

// How the customer's phone fares that was asked to call somebody. From 200 on it talks with the
// target, and not with us.
template <AnyCall C>
void OnReferred(TurnOf<C>& turn, C& call, int status) {
  Input news{Input::Kind::kRinging, call.Referred(), status, ""};
  if (news.leg.empty() || status < 180) return;
  if (status < 200) return turn.OnRinging(news);
  if (status >= 300) return turn.OnRejected(news);
  call.legs.at(news.leg).phase = Phase::kEnded;
  CallFact done;
  done.set_kind(CallFact::CALL_TRANSFERRED);
  done.set_party(session::v1::Leg::CUSTOMER);
  done.set_reason(session::v1::HANDED_OVER);
  turn.Say(kCustomer, std::move(done));
  turn.EndAll();
}

template <AnyCall C>
void OnReferRefused(TurnOf<C>& turn, C& call, int status) {
  const std::string name = call.Referred();
  if (name.empty()) return;
  call.legs.at(name).phase = Phase::kEnded;
  CallFact refused;
  refused.set_kind(CallFact::CALL_FAILED);
  refused.set_party(session::v1::Leg::CONSULT);
  refused.set_cause(absl::StrCat("sip:", status));
  refused.set_error_code(std::string(base::kProviderRefused.code));
  refused.set_message(absl::StrCat("the customer's phone does not take a REFER: ", status));
  turn.Say(name, std::move(refused));
}

template <AnyCall C>
Effects Apply(C& call, const Input& heard) {
  TurnOf<C> turn(call);
  Input input = heard;
  input.leg = call.LegOf(heard.leg);
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
    case Input::Kind::kReferred:
      OnReferred(turn, call, input.status);
      break;
    case Input::Kind::kReferRefused:
      OnReferRefused(turn, call, input.status);
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
  referral.leg = call.LegOf(referral.leg);
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
absl::StatusOr<Effects> SendRefer(C& call, const std::string& leg, std::string uri,
                                  int ring_seconds) {
  TurnOf<C> turn(call);
  if (!call.joined || call.ending || turn.Up(kCustomer) == nullptr) {
    return NotLive("the call is not connected");
  }
  const auto* known = call.Find(leg);
  if (known != nullptr && known->phase != Phase::kEnded) return turn.Finish();  // asked for twice
  if (!call.Referred().empty()) return NotLive("the customer's phone is calling somebody already");
  auto added = turn.NewLeg(leg, session::v1::Leg::CONSULT, std::move(uri), "", ring_seconds);
  added.by_refer = true;
  added.phase = Phase::kInviting;
  call.legs[leg] = std::move(added);
  turn.Refer(leg);
  return turn.Finish();
}

template <AnyCall C>
Effects TakePlace(C& call, Newcomer newcomer, int& status) {
  TurnOf<C> turn(call);
  newcomer.leg = call.LegOf(newcomer.leg);
  status = turn.RefusalOfPlace(newcomer);
  if (status == 100) status = turn.TakePlace(newcomer);
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
template absl::StatusOr<Effects> SendRefer(Call&, const std::string&, std::string, int);
template absl::StatusOr<Effects> SendRefer(AnchoredCall&, const std::string&, std::string, int);
template Effects TakePlace(Call&, Newcomer, int&);
template Effects TakePlace(AnchoredCall&, Newcomer, int&);
template Effects BeginFlow(Call&);
template Effects BeginFlow(AnchoredCall&);
template Effects DialFailed(Call&);
template Effects DialFailed(AnchoredCall&);

}  // namespace ctc::providers::sip::native
