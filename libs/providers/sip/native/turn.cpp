#include "libs/providers/sip/native/turn.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "libs/base/error_catalogue.h"
#include "libs/providers/sip/sip_status.h"

namespace ctc::providers::sip::native {
namespace {

using session::v1::CallFact;
using Phase = Leg::Phase;

constexpr int kMostTries = 4;  // of one step

bool IsTarget(const Leg& leg) { return leg.party == session::v1::Leg::CONSULT; }

bool Joins(const Exchange& exchange, std::string_view a, std::string_view b) {
  return (exchange.offers == a && exchange.answers == b) ||
         (exchange.offers == b && exchange.answers == a);
}

}  // namespace

void Turn::Do(Action::Kind kind, const std::string& leg, std::string text, int status) {
  if (kind == Action::Kind::kAck) call_.legs.at(leg).unacknowledged = false;
  const bool invites = kind == Action::Kind::kInvite || kind == Action::Kind::kReinvite;
  if (invites) call_.legs.at(leg).asked = text.empty();
  CallTurn::Do(kind, leg, std::move(text), status);
}

bool Turn::HasTarget() const {
  return std::any_of(call_.legs.begin(), call_.legs.end(), [this](const auto& entry) {
    return IsTarget(entry.second) && entry.first != call_.seat &&
           entry.second.phase != Phase::kEnded;
  });
}

void Turn::OnReferralTaken(int status) {
  const std::string left = SettleReferral(status);
  if (left.empty()) return;
  call_.agent_left = call_.agent_left && left != call_.seat;
  AfterEnd(left, 0);
}

void Turn::Invite(const std::string& name) {
  Leg& leg = call_.legs.at(name);
  leg.phase = Phase::kInviting;
  // Only the agent answers before anything is offered.
  const bool first = name == kAgent && !call_.joined && !call_.flow;
  if (first) leg.told = OfferWithoutMedia(leg.origin);
  // A caller's offer is the agent's to answer.
  const bool called = call_.flow && !call_.joined;
  if (called) leg.told = WithOrigin(call_.legs.at(kCustomer).heard, leg.origin).value_or("");
  Do(Action::Kind::kInvite, name, first || called ? leg.told : "");
}

void Turn::End(const std::string& name, int status) {
  Leg& leg = call_.legs.at(name);
  if (leg.phase == Phase::kInviting && leg.by_refer) {
    leg.phase = Phase::kEnded;  // what was asked of the customer's phone cannot be taken back
  } else if (leg.phase == Phase::kInviting && leg.arrived) {
    Do(Action::Kind::kBye, name, "", status);
    leg.phase = Phase::kEnded;
  } else if (leg.phase == Phase::kInviting) {
    leg.cancelled = true;
    Do(Action::Kind::kCancel, name, "");
  } else if (leg.phase == Phase::kUp) {
    // A 200 must be acknowledged before its dialog is ended.
    if (leg.unacknowledged) Do(Action::Kind::kAck, name, Silent(leg));
    Do(Action::Kind::kBye, name, "", status);
    leg.phase = Phase::kEnded;
  } else if (leg.phase == Phase::kCalling) {
    const int refusal = leg.newcomer.line.empty() ? 480 : 603;
    Do(Action::Kind::kRespond, name, "", status >= 300 ? status : refusal);
    leg.phase = Phase::kEnded;
  } else if (leg.phase == Phase::kIdle) {
    leg.phase = Phase::kEnded;
  }
  DropExchanges(name);
}

void Turn::EndAll(int status) {
  call_.ending = true;
  call_.exchanges.clear();
  if (call_.referral) SettleReferrer();
  call_.referral.reset();
  for (auto& [name, leg] : call_.legs) End(name, status);
}

void Turn::Begin(Exchange exchange) {
  call_.exchanges.push_back(std::move(exchange));
  if (call_.exchanges.size() == 1) Step();
}

void Turn::Step() {
  if (call_.exchanges.empty() || call_.ending) return;
  Exchange& exchange = call_.exchanges.front();
  if (!exchange.place.empty()) return StepPlace(exchange);
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

std::string Turn::Awaited() const {
  if (call_.exchanges.empty() || call_.exchanges.front().put_off > 0) return "";
  const Exchange& exchange = call_.exchanges.front();
  if (!exchange.place.empty() && exchange.step != 2) return "";
  return exchange.step == 1 ? exchange.offers : exchange.answers;
}

void Turn::PutOff(Exchange& exchange, const std::string& leg) {
  ++exchange.tries;
  exchange.put_off = ++call_.put_off;
  effects_.again = Again{exchange.put_off, !call_.CalledUs(leg)};
}

void Turn::StepAgain(int number) {
  if (call_.exchanges.empty() || call_.exchanges.front().put_off != number) return;
  Exchange& exchange = call_.exchanges.front();
  exchange.put_off = 0;
  exchange.step = exchange.hold ? exchange.step - 1 : 0;
  Step();
}

void Turn::StepHold(Exchange& exchange) {
  ++exchange.step;
  const std::string& name = exchange.step == 1 ? exchange.offers : exchange.answers;
  Leg* leg = Up(name);
  if (exchange.step > 2 || leg == nullptr || leg->told.empty()) return Next();
  Offer(name, *leg, WithDirection(leg->told, "inactive").value_or(leg->told));
}

void Turn::OnRinging(const Input& input) {
  Leg& leg = call_.legs.at(input.leg);
  if (leg.phase != Phase::kInviting || leg.rang) return;
  leg.rang = true;
  Say(CallFact::CALL_RINGING, input.leg);
  if (IsReferred(input.leg)) TellReferrer(180);
  Leg* caller = call_.Find(kCustomer);
  if (caller->phase == Phase::kCalling && input.leg == call_.seat) {
    Do(Action::Kind::kRespond, kCustomer, "", 180);
  }
}

void Turn::OnAnswered(const Input& input) {
  Leg& leg = call_.legs.at(input.leg);
  if (leg.phase == Phase::kEnded) return;
  leg.heard = input.sdp;
  if (leg.phase == Phase::kInviting) return OnPickedUp(input.leg, leg);
  if (!leg.offered.empty()) leg.told = std::exchange(leg.offered, "");
  if (input.leg != Awaited()) return OnRefreshed(input.leg, leg, input.sdp);
  Exchange& exchange = call_.exchanges.front();
  exchange.tries = 1;
  if (!exchange.hold && exchange.step == 1) {
    leg.unacknowledged = true;
    return Step();
  }
  Do(Action::Kind::kAck, input.leg, "");
  if (exchange.hold) return exchange.step < 2 ? StepHold(exchange) : Next();
  Close(exchange, input.sdp);
}

void Turn::OnRefreshed(const std::string& name, Leg& leg, const std::string& sdp) {
  Do(Action::Kind::kAck, name, leg.asked && !sdp.empty() ? leg.told : "");
}

void Turn::OnRefused(const Input& input) {
  call_.legs.at(input.leg).offered.clear();
  if (input.leg != Awaited()) return;
  if (input.status == 491 && call_.exchanges.front().tries < kMostTries) {
    return PutOff(call_.exchanges.front(), input.leg);
  }
  const Exchange exchange = call_.exchanges.front();
  if (!exchange.place.empty()) {
    TurnAway(call_.legs.at(exchange.offers), 488);
    return Next();
  }
  if (!call_.joined) {
    CallFact fact = EndingOfStatus(session::v1::Leg::CUSTOMER, input.status);
    Say(kCustomer, std::move(fact));
    return EndAll(input.status);
  }
  // Who was to talk with the customer from now on.
  if (!exchange.hold && exchange.offers == call_.seat && exchange.answers == kCustomer) {
    Say(kCustomer, EndedFact(call_.legs.at(kCustomer), input.status));
    return EndAll(input.status);
  }
  if (Leg* offers = Up(exchange.offers); offers != nullptr && offers->unacknowledged) {
    Acknowledge(exchange.offers, *offers, Silent(*offers));
  }
  call_.exchanges.pop_front();
  Step();
}

void Turn::OnRejected(const Input& input) {
  Leg& leg = call_.legs.at(input.leg);
  if (leg.phase == Phase::kUp) return OnRefused(input);
  if (leg.phase == Phase::kEnded) return;
  if (leg.arrived) Do(Action::Kind::kBye, input.leg, "", input.status);
  leg.phase = Phase::kEnded;
  if (IsReferred(input.leg)) TellReferrer(leg.timed_out ? 480 : input.status);
  Say(input.leg, MissedFact(leg, input.status));
  AfterEnd(input.leg, input.status);
}

void Turn::OnEnded(const Input& input) {
  Leg& leg = call_.legs.at(input.leg);
  if (leg.phase == Phase::kEnded) return;
  if (!leg.newcomer.line.empty()) return Withdraw(input.leg);
  leg.phase = Phase::kEnded;
  leg.unacknowledged = false;
  if (LeftReferring(input.leg)) {
    if (call_.seat == input.leg) call_.agent_left = true;
    return DropExchanges(input.leg);
  }
  CallFact fact = EndedFact(leg, input.status);
  if (call_.flow && input.leg == kCustomer && !call_.joined) {
    fact.set_reason(session::v1::CALLER_ABANDONED);
    return Abandon(std::move(fact));
  }
  Say(input.leg, std::move(fact));
  AfterEnd(input.leg, 0);
}

// The flow is told before the session ends: a queue is not to count the caller any more.
void Turn::Abandon(CallFact fact) {
  EndAll();
  Say(kCustomer, std::move(fact));
  call_.flow->held.push_back(std::move(effects_.facts.back()));
  effects_.facts.pop_back();
  if (!call_.flow->asking) Ask(routing::v1::FlowInput::CALLER_GONE);
  call_.flow->gone = true;
}

void Turn::OnAgentMissed(CallFact::Kind kind) {
  if (!call_.flow || call_.ending || call_.legs.at(kCustomer).phase != Phase::kCalling) return;
  call_.flow->busy = kind == CallFact::CALL_BUSY;
  Ask(MissOf(kind));
}

void Turn::Refuse(int status, CallFact fact) {
  call_.flow->gone = true;
  fact.set_party(session::v1::Leg::CUSTOMER);
  fact.set_cause(absl::StrCat("sip:", status));
  Say(kCustomer, std::move(fact));
  EndAll(status);
}

void Turn::Perform() {
  const routing::v1::FlowStep& step = call_.flow->step;
  if (step.has_dial()) {
    effects_.dial = step.dial();
    return;
  }
  if (step.has_wait()) {
    Do(Action::Kind::kRespond, kCustomer, "", 182);
    return StartTimer(std::max(1, step.wait().seconds()));
  }
  CallFact fact;
  if (step.has_hang_up()) {
    fact.set_kind(CallFact::CALL_ENDED);
    fact.set_reason(step.hang_up().reason());
    return Refuse(RefusalOf(*call_.flow), std::move(fact));
  }
  if (!step.has_gather() && !step.has_voicemail()) return Ask(routing::v1::FlowInput::DONE);
  fact.set_kind(CallFact::CALL_FAILED);
  fact.set_reason(session::v1::PROVIDER_ERROR);
  fact.set_error_code(std::string(base::kCapabilityMissing.code));
  fact.set_message("the menu needs a voice or keys: native SIP has neither");
  Refuse(480, std::move(fact));
}

void Turn::AfterEnd(const std::string& name, int status) {
  const bool waits = call_.legs.at(kCustomer).phase == Phase::kCalling;
  const bool leaves = name == call_.seat && !call_.agent_left;
  // An agent who puts the phone down while the target rings or talks has left it the customer.
  const bool alone = leaves && !(HasTarget() && Up(kCustomer) != nullptr);
  if (!call_.ending && !waits && (name == kCustomer || alone)) return EndAll(status);
  DropExchanges(name);
  if (call_.ending) return;
  // A caller whom this agent did not take may have the next one.
  if (waits) return OnAgentMissed(effects_.facts.back().kind());
  call_.agent_left = call_.agent_left || leaves;
}

void Turn::OnPickedUp(const std::string& name, Leg& leg) {
  leg.phase = Phase::kUp;
  leg.unacknowledged = true;
  leg.arrived = false;
  if (leg.cancelled) {  // the 200 crossed our CANCEL
    End(name);
    if (IsReferred(name)) TellReferrer(leg.timed_out ? 480 : 487);
    Say(name, MissedFact(leg, 487));
    return AfterEnd(name, 0);
  }
  if (call_.flow && !call_.joined) return Connect(leg);
  PickedUp(name, leg);
}

void Turn::PickedUp(const std::string& name, Leg& leg) {
  if (name == kAgent && !call_.joined) {
    if (leg.unacknowledged) Acknowledge(name, leg, "");
    Say(CallFact::CALL_ANSWERED, name);
    return Invite(kCustomer);
  }
  if (name != kCustomer) Say(CallFact::CALL_ANSWERED, name);
  // Nobody speaks with it before the hand-over, which is under way.
  if (IsReferred(name)) return TellReferrer(200);
  // A target whose agent is gone waits for the hand-over; its offer is kept.
  const std::string peer = name == call_.seat ? kCustomer : call_.seat;
  if (Up(peer) != nullptr) Begin({name, peer, false, 0});
}

void Turn::Connect(Leg& agent) {
  Leg& caller = call_.legs.at(kCustomer);
  const absl::StatusOr<std::string> sdp = WithOrigin(agent.heard, caller.origin);
  if (!sdp.ok() || caller.phase != Phase::kCalling) {
    End(call_.seat, 488);
    Say(call_.seat, EndingOfStatus(agent.party, 488));
    return OnAgentMissed(CallFact::CALL_FAILED);
  }
  caller.told = *sdp;
  caller.phase = Phase::kUp;
  Do(Action::Kind::kRespond, kCustomer, caller.told, 200);
  // With no offer of the caller's it was the agent's, and the caller's answer comes in its ACK.
  if (caller.heard.empty()) return;
  Do(Action::Kind::kAck, call_.seat, "");
  Connected();
}

void Turn::Connected() {
  call_.joined = true;
  Say(CallFact::CALL_ANSWERED, call_.seat);
}

void Turn::OnAcknowledged(const Input& input) {
  if (Arrives(input.leg)) return;
  Leg* agent = Up(call_.seat);
  if (!call_.flow || call_.joined || agent == nullptr || !agent->unacknowledged) return;
  call_.legs.at(kCustomer).heard = input.sdp;
  ++agent->origin.version;
  const absl::StatusOr<std::string> sdp = WithOrigin(input.sdp, agent->origin);
  Acknowledge(call_.seat, *agent, sdp.ok() ? *sdp : Silent(*agent));
  Connected();
}

void Turn::Offer(const std::string& name, Leg& leg, const std::string& sdp) {
  ++leg.origin.version;
  const absl::StatusOr<std::string> text = WithOrigin(sdp, leg.origin);
  if (!text.ok()) {
    Input refused;
    refused.leg = name;
    refused.status = 488;
    return OnRefused(refused);
  }
  leg.offered = *text;
  Do(Action::Kind::kReinvite, name, leg.offered);
}

void Turn::Acknowledge(const std::string& name, Leg& leg, const std::string& sdp) {
  if (!sdp.empty()) leg.told = sdp;
  Do(Action::Kind::kAck, name, sdp);
}

std::string Turn::Silent(Leg& leg) {
  ++leg.origin.version;
  const absl::StatusOr<std::string> quiet = WithDirection(leg.heard, "inactive");
  return quiet.ok() ? WithOrigin(*quiet, leg.origin).value_or("") : "";
}

void Turn::Close(Exchange& exchange, const std::string& answer) {
  if (!exchange.place.empty()) return ClosePlace(exchange, answer);
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

void Turn::Next() {
  const Exchange done = call_.exchanges.front();
  call_.exchanges.pop_front();
  const bool holds = done.hold && done.offers == kCustomer;
  if (holds && !call_.held && Up(kCustomer) != nullptr) {
    call_.held = true;
    Say(CallFact::CALL_HELD, kCustomer);
  }
  Step();
}

void Turn::DropExchanges(const std::string& leg) {
  const auto concerns = [&](const Exchange& exchange) {
    return exchange.offers == leg || exchange.answers == leg || exchange.place == leg;
  };
  const bool runs = !call_.exchanges.empty() && concerns(call_.exchanges.front());
  DropPlaces(leg);
  std::erase_if(call_.exchanges, concerns);
  if (runs && !call_.ending) Step();
}

}  // namespace ctc::providers::sip::native
