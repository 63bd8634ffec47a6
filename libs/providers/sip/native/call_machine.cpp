#include "libs/providers/sip/native/call_machine.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <functional>

#include "libs/providers/sip/sip_status.h"

namespace ctc::providers::sip::native {
namespace {

using session::v1::CallFact;
using Party = session::v1::Leg::Party;
using Phase = Leg::Phase;

constexpr const char* kAgent = "agent";
constexpr const char* kCustomer = "customer";

class Turn {
 public:
  explicit Turn(Call& call) : call_(call) {}

  Effects Finish() { return std::move(effects_); }

  void Say(CallFact::Kind kind, const std::string& leg) {
    CallFact fact;
    fact.set_kind(kind);
    fact.set_party(call_.legs.at(leg).party);
    Say(leg, std::move(fact));
  }
  void Say(const std::string& leg, CallFact fact) {
    fact.set_provider_leg_id(absl::StrCat(call_.id, "-", leg));
    if (leg != kAgent && leg != kCustomer) fact.set_leg_id(leg);
    fact.set_sequence(++call_.facts);
    fact.set_event_key(absl::StrCat("sip:", call_.id, ":", leg, ":", call_.facts));
    effects_.facts.push_back(std::move(fact));
  }

  void Invite(const std::string& name) {
    Leg& leg = call_.legs.at(name);
    leg.phase = Phase::kInviting;
    // Only the agent answers before anything is offered.
    const bool first = name == kAgent && !call_.joined;
    if (first) leg.told = OfferWithoutMedia(leg.origin);
    Do(Action::Kind::kInvite, name, first ? leg.told : "");
  }

  // Ends a leg whatever state it is in.
  void End(const std::string& name, int status = 0) {
    Leg& leg = call_.legs.at(name);
    if (leg.phase == Phase::kInviting) {
      leg.cancelled = true;
      Do(Action::Kind::kCancel, name, "");
    } else if (leg.phase == Phase::kUp) {
      // A 200 must be acknowledged before its dialog is ended.
      if (leg.unacknowledged) Do(Action::Kind::kAck, name, Silent(leg));
      Do(Action::Kind::kBye, name, "", status);
      leg.phase = Phase::kEnded;
    } else if (leg.phase == Phase::kIdle) {
      leg.phase = Phase::kEnded;
    }
    DropExchanges(name);
  }

  void EndAll(int status = 0) {
    call_.ending = true;
    call_.exchanges.clear();
    for (auto& [name, leg] : call_.legs) End(name, status);
  }

  void Begin(Exchange exchange) {
    call_.exchanges.push_back(std::move(exchange));
    if (call_.exchanges.size() == 1) Step();
  }

  // The next request of the exchange that runs.
  void Step() {
    if (call_.exchanges.empty() || call_.ending) return;
    Exchange& exchange = call_.exchanges.front();
    Leg* offers = Up(exchange.offers);
    Leg* answers = Up(exchange.answers);
    if (offers == nullptr || (answers == nullptr && !exchange.hold)) return Next();
    if (exchange.hold) return StepHold(exchange);
    if (exchange.step == 0 && !offers->unacknowledged) {
      exchange.step = 1;
      return Do(Action::Kind::kReinvite, exchange.offers, "");
    }
    exchange.step = 2;
    Offer(exchange.answers, *answers, offers->heard);
  }

  void StepHold(Exchange& exchange) {
    ++exchange.step;
    const std::string& name = exchange.step == 1 ? exchange.offers : exchange.answers;
    Leg* leg = Up(name);
    if (exchange.step > 2 || leg == nullptr || leg->told.empty()) return Next();
    Offer(name, *leg, WithDirection(leg->told, "inactive").value_or(leg->told));
  }

  void OnAnswered(const Input& input) {
    Leg& leg = call_.legs.at(input.leg);
    if (leg.phase == Phase::kEnded) return;
    leg.heard = input.sdp;
    if (leg.phase == Phase::kInviting) return OnPickedUp(input.leg, leg);
    if (call_.exchanges.empty()) return Do(Action::Kind::kAck, input.leg, "");
    Exchange& exchange = call_.exchanges.front();
    if (!exchange.hold && exchange.step == 1 && input.leg == exchange.offers) {
      leg.unacknowledged = true;
      return Step();
    }
    Do(Action::Kind::kAck, input.leg, "");
    if (exchange.hold) return Advance(exchange);
    if (exchange.step == 2 && input.leg == exchange.answers) Close(exchange, input.sdp);
  }

  // A re-INVITE was refused: media cannot be joined. An old call goes on as it was.
  void OnRefused(const Input& input) {
    if (call_.exchanges.empty()) return;
    const Exchange exchange = call_.exchanges.front();
    if (input.leg != exchange.offers && input.leg != exchange.answers) return;
    if (!call_.joined) {
      CallFact fact = EndingOfStatus(session::v1::Leg::CUSTOMER, input.status);
      Say(kCustomer, std::move(fact));
      return EndAll(input.status);
    }
    if (Leg* offers = Up(exchange.offers); offers != nullptr && offers->unacknowledged) {
      Acknowledge(exchange.offers, *offers, Silent(*offers));
    }
    call_.exchanges.pop_front();
    Step();
  }

  void OnRejected(const Input& input) {
    Leg& leg = call_.legs.at(input.leg);
    if (leg.phase == Phase::kUp) return OnRefused(input);
    if (leg.phase == Phase::kEnded) return;
    leg.phase = Phase::kEnded;
    CallFact fact = EndingOfStatus(leg.party, leg.timed_out ? 480 : input.status);
    if (leg.cancelled && !leg.timed_out) {
      fact = CallFact();
      fact.set_kind(CallFact::CALL_CANCELLED);
      fact.set_party(leg.party);
      fact.set_cause("sip:487");
    }
    Say(input.leg, std::move(fact));
    AfterEnd(input.leg, input.status);
  }

  void OnEnded(const Input& input) {
    Leg& leg = call_.legs.at(input.leg);
    if (leg.phase == Phase::kEnded) return;
    leg.phase = Phase::kEnded;
    leg.unacknowledged = false;
    CallFact fact;
    fact.set_kind(CallFact::CALL_ENDED);
    fact.set_party(leg.party);
    if (input.status > 0) fact.set_cause(absl::StrCat("sip:", input.status));
    Say(input.leg, std::move(fact));
    AfterEnd(input.leg, 0);
  }

  // Who is left alone hangs up.
  void AfterEnd(const std::string& name, int status) {
    DropExchanges(name);
    if (call_.ending) return;
    const bool customer = name == kCustomer;
    const bool agent = name == kAgent && !call_.agent_left;
    const bool target = call_.handed_over && name != kAgent && !AnyTarget();
    if (customer || agent || target) EndAll(status);
  }

  void Do(Action::Kind kind, const std::string& leg, std::string text, int status = 0) {
    if (kind == Action::Kind::kAck) call_.legs.at(leg).unacknowledged = false;
    effects_.actions.push_back({kind, leg, std::move(text), status});
  }

  Leg* Up(const std::string& name) {
    Leg* leg = call_.Find(name);
    return leg == nullptr || leg->phase != Phase::kUp ? nullptr : leg;
  }

 private:
  void OnPickedUp(const std::string& name, Leg& leg) {
    leg.phase = Phase::kUp;
    leg.unacknowledged = true;
    if (leg.cancelled) {  // the 200 crossed our CANCEL
      End(name);
      Say(name, EndingOfStatus(leg.party, leg.timed_out ? 480 : 487));
      return AfterEnd(name, 0);
    }
    if (name == kAgent && !call_.joined) {
      Acknowledge(name, leg, "");
      Say(CallFact::CALL_ANSWERED, name);
      return Invite(kCustomer);
    }
    if (name != kCustomer) Say(CallFact::CALL_ANSWERED, name);
    // A target whose agent is gone waits for the hand-over; its offer is kept.
    const std::string peer = name == kAgent ? kCustomer : kAgent;
    if (Up(peer) != nullptr) Begin({name, peer, false, 0});
  }

  void Offer(const std::string& name, Leg& leg, const std::string& sdp) {
    ++leg.origin.version;
    const absl::StatusOr<std::string> text = WithOrigin(sdp, leg.origin);
    if (!text.ok()) {
      Input refused;
      refused.leg = name;
      refused.status = 488;
      return OnRefused(refused);
    }
    leg.told = *text;
    Do(Action::Kind::kReinvite, name, leg.told);
  }

  void Acknowledge(const std::string& name, Leg& leg, const std::string& sdp) {
    if (!sdp.empty()) leg.told = sdp;
    Do(Action::Kind::kAck, name, sdp);
  }

  // An answer that agrees to the streams and lets none flow.
  std::string Silent(Leg& leg) {
    ++leg.origin.version;
    const absl::StatusOr<std::string> quiet = WithDirection(leg.heard, "inactive");
    return quiet.ok() ? WithOrigin(*quiet, leg.origin).value_or("") : "";
  }

  void Close(Exchange& exchange, const std::string& answer) {
    Leg& offers = call_.legs.at(exchange.offers);
    ++offers.origin.version;
    const absl::StatusOr<std::string> sdp = WithOrigin(answer, offers.origin);
    Acknowledge(exchange.offers, offers, sdp.ok() ? *sdp : Silent(offers));
    const bool talk = Joins(exchange, kAgent, kCustomer);
    if (talk && !call_.joined) {
      call_.joined = true;
      Say(CallFact::CALL_ANSWERED, kCustomer);
    }
    const bool customer = exchange.offers == kCustomer || exchange.answers == kCustomer;
    if (customer && call_.held) {
      call_.held = false;
      Say(CallFact::CALL_RESUMED, kCustomer);
    }
    Next();
  }

  void Advance(Exchange& exchange) {
    if (exchange.step < 2) return StepHold(exchange);
    Next();
  }

  void Next() {
    const Exchange done = call_.exchanges.front();
    call_.exchanges.pop_front();
    if (done.hold && !call_.held && Up(kCustomer) != nullptr) {
      call_.held = true;
      Say(CallFact::CALL_HELD, kCustomer);
    }
    Step();
  }

  void DropExchanges(const std::string& leg) {
    const bool runs = !call_.exchanges.empty() && (call_.exchanges.front().offers == leg ||
                                                   call_.exchanges.front().answers == leg);
    std::erase_if(call_.exchanges, [&](const Exchange& exchange) {
      return exchange.offers == leg || exchange.answers == leg;
    });
    if (runs && !call_.ending) Step();
  }

  bool AnyTarget() const {
    return std::any_of(call_.legs.begin(), call_.legs.end(), [](const auto& entry) {
      return entry.first != kAgent && entry.first != kCustomer && entry.second.phase == Phase::kUp;
    });
  }

  static bool Joins(const Exchange& exchange, std::string_view a, std::string_view b) {
    return (exchange.offers == a && exchange.answers == b) ||
           (exchange.offers == b && exchange.answers == a);
  }

  Call& call_;
  Effects effects_;
};

absl::Status NotLive(const char* why) { return absl::FailedPreconditionError(why); }

}  // namespace

Leg* Call::Find(const std::string& leg) {
  const auto found = legs.find(leg);
  return found == legs.end() ? nullptr : &found->second;
}

bool Call::over() const {
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
      if (leg->phase == Phase::kInviting && !leg->rang) {
        leg->rang = true;
        turn.Say(CallFact::CALL_RINGING, input.leg);
      }
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
  for (const char* name : {kCustomer, kAgent}) {
    const Leg& leg = call.legs.at(name);
    const bool up = leg.phase == Phase::kUp;
    const bool agents = name == std::string_view(kAgent) && call.agent_left;
    if (!up || agents) continue;
    turn.Say(CallFact::CALL_ENDED, name);
    break;  // one fact says that it is over
  }
  turn.EndAll();
  return turn.Finish();
}

absl::StatusOr<Effects> Hold(Call& call) {
  Turn turn(call);
  if (!call.joined || turn.Up(kCustomer) == nullptr) return NotLive("the call is not connected");
  if (!call.held) turn.Begin({kCustomer, kAgent, true, 0});
  return turn.Finish();
}

absl::StatusOr<Effects> Resume(Call& call) {
  Turn turn(call);
  if (!call.joined || turn.Up(kCustomer) == nullptr || turn.Up(kAgent) == nullptr) {
    return NotLive("the call is not connected");
  }
  turn.Begin({kCustomer, kAgent, false, 0});
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

absl::StatusOr<Effects> DialParty(Call& call, const std::string& leg, Party party,
                                  std::string uri) {
  Turn turn(call);
  if (!call.joined || call.ending) return NotLive("the call is not connected");
  if (Leg* known = call.Find(leg); known != nullptr && known->phase != Phase::kEnded) {
    return turn.Finish();  // asked for twice
  }
  Leg added;
  added.party = party;
  added.uri = std::move(uri);
  added.origin.address = call.legs.at(kCustomer).origin.address;
  added.origin.session = call.legs.at(kCustomer).origin.session + call.legs.size();
  call.legs[leg] = std::move(added);
  if (leg == kAgent) call.agent_left = false;
  turn.Invite(leg);
  return turn.Finish();
}

absl::StatusOr<Effects> DropParty(Call& call, const std::string& leg) {
  Turn turn(call);
  Leg* found = call.Find(leg);
  if (found == nullptr || found->phase == Phase::kEnded) return turn.Finish();
  const bool up = found->phase == Phase::kUp;
  if (leg == kAgent) call.agent_left = true;  // its end is not the call's
  turn.End(leg);
  if (up) turn.Say(CallFact::CALL_ENDED, leg);
  return turn.Finish();
}

absl::StatusOr<Effects> HandOver(Call& call, const std::string& leg) {
  Turn turn(call);
  if (turn.Up(leg) == nullptr || turn.Up(kCustomer) == nullptr) {
    return NotLive("the target and the customer must both be there");
  }
  call.handed_over = call.agent_left = true;
  if (turn.Up(kAgent) != nullptr) {
    turn.End(kAgent);
    turn.Say(CallFact::CALL_ENDED, kAgent);
  }
  turn.Begin({leg, kCustomer, false, 0});
  return turn.Finish();
}

}  // namespace ctc::providers::sip::native
