#include "libs/providers/sip/native/call_machine.h"

#include <algorithm>
#include <functional>

#include "libs/providers/sip/native/turn.h"

namespace ctc::providers::sip::native {
namespace {

using session::v1::CallFact;
using Party = session::v1::Leg::Party;
using Phase = Leg::Phase;

absl::Status NotLive(const char* why) { return absl::FailedPreconditionError(why); }

}  // namespace

Leg* Call::Find(const std::string& leg) {
  const auto found = legs.find(leg);
  return found == legs.end() ? nullptr : &found->second;
}

bool Call::over() const {
  if (flow && flow->asking) return false;
  return std::all_of(legs.begin(), legs.end(),
                     [](const auto& entry) { return entry.second.phase == Phase::kEnded; });
}

Call NewCall(std::string id, std::string agent_uri, std::string customer_uri,
             const std::string& address) {
  Call call;
  call.id = std::move(id);
  Leg& agent = call.legs[kAgent];
  agent.party = session::v1::Leg::AGENT;
  agent.uri = std::move(agent_uri);
  Leg& customer = call.legs[kCustomer];
  customer.party = session::v1::Leg::CUSTOMER;
  customer.uri = std::move(customer_uri);
  agent.origin.address = customer.origin.address = address;
  // The same within a dialog, different between two: from the session's id.
  agent.origin.session = 1 + std::hash<std::string>()(call.id) % 1'000'000'000;
  customer.origin.session = agent.origin.session + 1;
  return call;
}

Effects Start(Call& call) {
  Turn turn(call);
  turn.Say(CallFact::CALL_INITIATED, kAgent);
  turn.Invite(kAgent);
  return turn.Finish();
}

Effects Apply(Call& call, const Input& input) {
  Turn turn(call);
  Leg* leg = call.Find(input.leg);
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

Effects HangUp(Call& call) {
  Turn turn(call);
  for (const std::string& name : {std::string(kCustomer), call.seat}) {
    const Leg* leg = call.Find(name);
    const bool there =
        leg != nullptr && (leg->phase == Phase::kUp || leg->phase == Phase::kCalling);
    if (!there) continue;
    turn.Say(CallFact::CALL_ENDED, name);
    break;  // one fact says that it is over
  }
  turn.EndAll();
  return turn.Finish();
}

absl::StatusOr<Effects> Hold(Call& call) {
  Turn turn(call);
  if (!call.joined || turn.Up(kCustomer) == nullptr) return NotLive("the call is not connected");
  if (!call.held) turn.Begin({kCustomer, call.seat, true, 0});
  return turn.Finish();
}

absl::StatusOr<Effects> Resume(Call& call) {
  Turn turn(call);
  if (!call.joined || turn.Up(kCustomer) == nullptr || turn.Up(call.seat) == nullptr) {
    return NotLive("the call is not connected");
  }
  // A target that was spoken to waits in silence: its sound would reach the agent beside the
  // customer's.
  for (const auto& [name, leg] : call.legs) {
    const bool waits = leg.party == session::v1::Leg::CONSULT && name != call.seat;
    if (waits && leg.phase == Phase::kUp) turn.Begin({name, "", true, 0});
  }
  turn.Begin({kCustomer, call.seat, false, 0});
  return turn.Finish();
}

absl::StatusOr<Effects> SendDigits(Call& call, std::string_view digits) {
  Turn turn(call);
  if (!call.joined || turn.Up(kCustomer) == nullptr) return NotLive("the call is not connected");
  for (const char digit : digits) {
    if (std::string_view("0123456789ABCD*#").find(digit) == std::string_view::npos) continue;
    turn.Do(Action::Kind::kInfo, kCustomer, std::string(1, digit));
  }
  return turn.Finish();
}

absl::StatusOr<Effects> DialParty(Call& call, const std::string& leg, Party party, std::string uri,
                                  const std::string& phone, int ring_seconds) {
  Turn turn(call);
  const bool called = call.flow && !call.joined && party == session::v1::Leg::AGENT;
  if ((!call.joined && !called) || call.ending) return NotLive("the call is not connected");
  if (Leg* known = call.Find(leg); known != nullptr && known->phase != Phase::kEnded) {
    return turn.Finish();  // asked for twice
  }
  Leg added;
  added.party = party;
  added.uri = std::move(uri);
  const bool referred = call.referral && call.referral->target.empty() &&
                        party == session::v1::Leg::CONSULT && call.referral->phone == phone;
  if (referred) {
    added.uri = call.referral->uri;
    added.replaces = call.referral->replaces;
    call.referral->target = leg;
  }
  added.origin.address = call.legs.at(kCustomer).origin.address;
  added.origin.session = call.legs.at(kCustomer).origin.session + call.legs.size();
  added.ring_seconds = ring_seconds;
  if (const Leg* before = call.Find(leg)) added.attempt = before->attempt + 1;
  call.legs[leg] = std::move(added);
  if (party == session::v1::Leg::AGENT) {
    call.seat = leg;
    call.agent_left = false;
  }
  turn.Invite(leg);
  return turn.Finish();
}

absl::StatusOr<Effects> DropParty(Call& call, const std::string& leg) {
  Turn turn(call);
  Leg* found = call.Find(leg);
  if (found == nullptr || found->phase == Phase::kEnded) return turn.Finish();
  const bool up = found->phase == Phase::kUp;
  // Its end is not the call's.
  if (leg == call.seat && call.joined) call.agent_left = true;
  turn.End(leg);
  if (up) turn.Say(CallFact::CALL_ENDED, leg);
  return turn.Finish();
}

absl::StatusOr<Effects> HandOver(Call& call, const std::string& leg) {
  Turn turn(call);
  if (turn.Up(leg) == nullptr || turn.Up(kCustomer) == nullptr) {
    return NotLive("the target and the customer must both be there");
  }
  if (call.seat == leg) return turn.Finish();  // asked for twice
  const std::string leaves = std::exchange(call.seat, leg);
  call.agent_left = false;
  if (turn.Up(leaves) != nullptr) {
    turn.End(leaves);
    turn.Say(CallFact::CALL_ENDED, leaves);
  }
  turn.Begin({leg, kCustomer, false, 0});
  return turn.Finish();
}

Effects Refer(Call& call, Referral referral, int& status) {
  Turn turn(call);
  const bool may = call.joined && !call.ending && referral.leg == call.seat;
  status = !may ? 603 : call.referral ? 491 : 202;
  if (status != 202) return turn.Finish();
  call.referral = std::move(referral);
  turn.TellReferrer(100);
  return turn.Finish();
}

Effects ReferralTaken(Call& call, int status) {
  Turn turn(call);
  if (call.referral && call.referral->asked) turn.OnReferralTaken(status);
  return turn.Finish();
}

}  // namespace ctc::providers::sip::native
