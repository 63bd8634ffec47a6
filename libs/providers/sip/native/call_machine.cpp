#include "libs/providers/sip/native/call_machine.h"

#include <utility>

#include "libs/providers/sip/native/turn.h"

namespace ctc::providers::sip::native {
namespace {

using session::v1::CallFact;
using Party = session::v1::Leg::Party;
using Phase = Leg::Phase;

}  // namespace

Call NewCall(std::string id, std::string agent_uri, std::string customer_uri,
             const std::string& address) {
  Call call;
  call.id = std::move(id);
  AddParties(call, std::move(agent_uri), std::move(customer_uri));
  for (auto& [name, leg] : call.legs) leg.origin.address = address;
  return call;
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
  Leg added = turn.NewLeg(leg, party, std::move(uri), phone, ring_seconds);
  added.origin.address = call.legs.at(kCustomer).origin.address;
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

Effects TryAgain(Call& call, int number) {
  Turn turn(call);
  turn.StepAgain(number);
  return turn.Finish();
}

Reply Reoffered(const Call& call, const std::string& line) {
  const Leg* found = call.Find(call.LegOf(line));
  if (found == nullptr) return {};
  // A step that is put off gives way.
  const bool runs = !call.exchanges.empty() && call.exchanges.front().put_off == 0;
  if (runs || found->unacknowledged) return {491, ""};
  return found->told.empty() ? Reply() : Reply{200, found->told};
}

}  // namespace ctc::providers::sip::native
