// A phone that called us takes the place of a leg of a directly joined call (RFC 3891): its offer
// goes to the other phone by re-INVITE and comes back answered in the 200, by which the one before
// is over. One that does not agree with the other phone is refused, and nothing has changed.
#include <algorithm>
#include <utility>

#include "libs/providers/sip/native/turn.h"

namespace ctc::providers::sip::native {
namespace {

using Phase = Leg::Phase;

// Steps of an exchange that has a place.
constexpr int kAsked = 2;   // the other phone
constexpr int kSeated = 3;  // its ACK is awaited

}  // namespace

std::string Turn::PeerOf(const std::string& name) {
  if (!call_.joined) return "";
  std::string target;  // that the agent speaks with meanwhile
  for (const auto& [other, leg] : call_.legs) {
    const bool is = leg.party == session::v1::Leg::CONSULT && other != call_.seat;
    if (is && leg.phase == Phase::kUp) target = other;
  }
  std::string peer = call_.held ? call_.seat : "";
  if (name == kCustomer) peer = call_.held ? "" : call_.seat;
  if (name == call_.seat) peer = call_.held ? target : kCustomer;
  return Up(peer) == nullptr ? "" : peer;
}

int Turn::TakePlace(const Newcomer& newcomer) {
  // One that gave up and comes again under its name: what it asked first is not settled.
  for (const Exchange& exchange : call_.exchanges) {
    if (!exchange.place.empty() && exchange.offers == newcomer.line) return 491;
  }
  const Leg& leg = call_.legs.at(newcomer.leg);
  const bool early = leg.phase == Phase::kInviting;
  Leg added;
  added.phase = Phase::kCalling;
  added.heard = newcomer.offer;
  added.origin.session = OriginOf(newcomer.line);
  added.origin.address = leg.origin.address;
  added.newcomer = newcomer;
  Leg& waits = call_.legs[newcomer.line] = std::move(added);
  if (early) {
    // What the others know of it was said to the phone that rang.
    const bool offers = !waits.heard.empty();
    Seat(newcomer.line, offers ? Silent(waits) : OfferWithoutMedia(waits.origin));
    return 100;
  }
  Exchange exchange;
  exchange.offers = newcomer.line;
  exchange.place = newcomer.leg;
  Begin(std::move(exchange));
  return 100;
}

void Turn::StepPlace(Exchange& exchange) {
  if (exchange.step == kSeated) return;
  const std::string line = exchange.offers;
  Leg* waits = call_.Find(line);
  if (waits == nullptr || waits->phase != Phase::kCalling) return Next();
  Leg& added = *waits;
  exchange.answers = added.heard.empty() ? "" : PeerOf(exchange.place);
  if (exchange.answers.empty()) {
    exchange.step = kSeated;
    const bool offers = !added.heard.empty();
    return Seat(line, offers ? Silent(added) : OfferWithoutMedia(added.origin));
  }
  exchange.step = kAsked;
  Offer(exchange.answers, *Up(exchange.answers), added.heard);
}

void Turn::ClosePlace(Exchange& exchange, const std::string& answer) {
  const std::string line = exchange.offers;
  Leg& added = call_.legs.at(line);
  ++added.origin.version;
  const absl::StatusOr<std::string> sdp = WithOrigin(answer, added.origin);
  if (added.phase == Phase::kCalling && sdp.ok()) {
    exchange.step = kSeated;
    return Seat(line, *sdp);
  }
  TurnAway(added, 488);
  // The other phone means to talk with the newcomer already.
  exchange.offers = std::exchange(exchange.place, "");
  exchange.step = 0;
  Step();
}

void Turn::Seat(const std::string& line, const std::string& sdp) {
  const Leg added = std::move(call_.legs.extract(line).mapped());
  const std::string& name = added.newcomer.leg;
  Leg& leg = call_.legs.at(name);
  if (leg.unacknowledged) Do(Action::Kind::kAck, name, Silent(leg));
  const bool early = leg.phase == Phase::kInviting;
  Swap(added.newcomer, sdp);
  // Whom the customer's old phone was asked to call, of which nothing is heard any more.
  const std::string referred = name == kCustomer ? call_.Referred() : "";
  if (!referred.empty()) OnRejected({Input::Kind::kRejected, referred, 480, ""});
  leg.heard = added.heard;
  leg.told = sdp;
  leg.offered.clear();
  leg.origin = added.origin;
  leg.asked = true;  // the stack refreshes such a session without an offer
  leg.arriving = early;
  leg.arrived = early && call_.flow && !call_.joined;
  if (!leg.arrived) leg.phase = Phase::kUp;
  // Whoever wants to follow the same dialog comes too late.
  for (const Exchange& exchange : call_.exchanges) {
    Leg* rival = exchange.place == name ? call_.Find(exchange.offers) : nullptr;
    if (rival != nullptr) TurnAway(*rival, 603);
  }
}

bool Turn::Arrives(const std::string& name) {
  Leg& leg = call_.legs.at(name);
  const bool seated = !call_.exchanges.empty() && call_.exchanges.front().place == name &&
                      call_.exchanges.front().step == kSeated;
  if (seated) {
    const bool talks = !call_.exchanges.front().answers.empty();
    call_.exchanges.pop_front();
    const std::string peer = talks ? "" : PeerOf(name);
    if (!peer.empty()) call_.exchanges.push_front({name, peer, false});
    Step();
    return true;
  }
  if (!std::exchange(leg.arriving, false)) return false;
  if (!leg.arrived) {
    PickedUp(name, leg);
    return true;
  }
  ++leg.origin.version;
  leg.told = WithOrigin(call_.legs.at(kCustomer).heard, leg.origin).value_or("");
  Do(Action::Kind::kReinvite, name, leg.told);
  return true;
}

void Turn::TurnAway(Leg& newcomer, int status) {
  if (newcomer.phase != Phase::kCalling) return;
  newcomer.phase = Phase::kEnded;
  Do(Action::Kind::kRespond, newcomer.newcomer.line, "", status);
}

void Turn::Withdraw(const std::string& line) {
  call_.legs.at(line).phase = Phase::kEnded;
  const auto found =
      std::find_if(call_.exchanges.begin(), call_.exchanges.end(),
                   [&](const Exchange& exchange) { return exchange.offers == line; });
  if (found == call_.exchanges.end()) return;
  // The other phone's answer is on its way, by which it means to talk with who has gone.
  if (found->step == kAsked && found->put_off == 0) return;
  const bool runs = found == call_.exchanges.begin();
  call_.exchanges.erase(found);
  if (runs) Step();
}

void Turn::DropPlaces(const std::string& leg) {
  for (Exchange& exchange : call_.exchanges) {
    if (exchange.place.empty()) continue;
    Leg* newcomer = call_.Find(exchange.offers);
    if (exchange.place == leg && newcomer != nullptr) TurnAway(*newcomer, 603);
    if (exchange.place == leg || exchange.answers != leg) continue;
    exchange.answers.clear();
    exchange.put_off = 0;
    if (exchange.step == kAsked) exchange.step = 0;
  }
}

}  // namespace ctc::providers::sip::native
