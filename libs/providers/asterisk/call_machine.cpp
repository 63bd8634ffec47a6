#include "libs/providers/asterisk/call_machine.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/providers/outcome.h"

namespace ctc::providers::asterisk {
namespace {

using session::v1::CallFact;
using session::v1::EndReason;
using session::v1::Leg;
using Kind = Action::Kind;
using Type = AriEvent::Type;

Leg::Party ToProto(Party party) { return party == Party::kAgent ? Leg::AGENT : Leg::CUSTOMER; }

void SetTime(CallFact& fact, absl::Time at) {
  if (at == absl::InfinitePast() || at == absl::InfiniteFuture()) return;
  const int64_t millis = absl::ToUnixMillis(at);
  fact.mutable_provider_time()->set_seconds(millis / 1000);
  fact.mutable_provider_time()->set_nanos(static_cast<int32_t>(millis % 1000) * 1000000);
}

// What happens once in a leg's life has a key without a time, so that an event, a reconciliation
// and another replica's event are one fact.
CallFact MakeFact(const Call& call, Party party, CallFact::Kind kind, absl::Time at) {
  CallFact fact;
  const std::string_view who = PartyName(party);
  fact.set_event_key(absl::StrCat("asterisk:", call.plan.call, ":",
                                  absl::string_view(who.data(), who.size()), ":",
                                  CallFact::Kind_Name(kind)));
  fact.set_kind(kind);
  fact.set_party(ToProto(party));
  fact.set_source(session::v1::EVENT_SOCKET);
  fact.set_provider_leg_id(ChannelId(call.plan.call, party));
  SetTime(fact, at);
  return fact;
}

// What may happen many times is told apart by the provider's time.
CallFact MakeRepeatable(const Call& call, Party party, CallFact::Kind kind, absl::Time at) {
  CallFact fact = MakeFact(call, party, kind, at);
  if (at != absl::InfinitePast()) {
    fact.mutable_event_key()->append(absl::StrCat(":", absl::ToUnixMillis(at)));
  }
  return fact;
}

struct Ending {
  CallFact::Kind kind;
  EndReason agent;
  EndReason customer;
};

constexpr Ending kBusy{CallFact::CALL_BUSY, session::v1::AGENT_REJECTED,
                       session::v1::CUSTOMER_BUSY};
constexpr Ending kRejected{CallFact::CALL_REJECTED, session::v1::AGENT_REJECTED,
                           session::v1::CUSTOMER_REJECTED};
constexpr Ending kNoAnswer{CallFact::CALL_NO_ANSWER, session::v1::AGENT_NO_ANSWER,
                           session::v1::CUSTOMER_NO_ANSWER};
constexpr Ending kCancelled{CallFact::CALL_CANCELLED, session::v1::CANCELLED_BY_AGENT,
                            session::v1::CANCELLED_BY_AGENT};
constexpr Ending kInvalid{CallFact::CALL_FAILED, session::v1::UNREACHABLE,
                          session::v1::INVALID_NUMBER};
constexpr Ending kUnreachable{CallFact::CALL_FAILED, session::v1::UNREACHABLE,
                              session::v1::UNREACHABLE};
constexpr Ending kFault{CallFact::CALL_FAILED, session::v1::PROVIDER_ERROR,
                        session::v1::PROVIDER_ERROR};

// An end without an answer. Decided from what the leg did first and from the Q.850 cause second,
// never from dialstatus, which calls 603 and 404 NOANSWER.
Ending UnansweredEnding(int cause, bool rang, bool timed_out) {
  switch (cause) {
    case 17:
      return kBusy;
    case 21:
      return kRejected;
    case 16:
    case 26:
      return kCancelled;
    case 18:
    case 19:
      return rang ? kNoAnswer : kUnreachable;
    case 1:
    case 22:
    case 28:
      return kInvalid;
    case 2:
    case 3:
    case 20:
    case 27:
      return kUnreachable;
    case 0:  // Asterisk 16 gives no cause when our own timer ran out
      return rang && timed_out ? kNoAnswer : kFault;
    default:
      return kFault;
  }
}

std::string_view ErrorCodeOf(EndReason reason) {
  if (reason == session::v1::INVALID_NUMBER) return base::kInvalidDestination.code;
  if (reason == session::v1::UNREACHABLE) return base::kProviderRefused.code;
  return base::kProviderError.code;
}

}  // namespace

Effects CallMachine::Apply(Call& call, const AriEvent& event) const {
  Effects effects;
  LegState& leg = call.leg(event.party);
  if (event.type != Type::kRecordingStarted && event.type != Type::kRecordingFinished) {
    leg.requested = true;
    leg.since = std::min(leg.since, event.at);
  }
  switch (event.type) {
    case Type::kStasisStart:
      OnStart(call, event, effects);
      break;
    case Type::kStateChange:
    case Type::kDial:
      OnProgress(call, event, effects);
      break;
    case Type::kEnteredBridge:
      OnJoined(call, event, effects);
      break;
    case Type::kDestroyed:
      OnEnd(call, event, effects);
      break;
    case Type::kRecordingStarted:
      effects.facts.push_back(
          MakeRepeatable(call, Party::kCustomer, CallFact::RECORDING_STARTED, event.at));
      break;
    case Type::kRecordingFinished:
      effects.facts.push_back(
          MakeRepeatable(call, Party::kCustomer, CallFact::RECORDING_STOPPED, event.at));
      effects.facts.push_back(
          MakeRepeatable(call, Party::kCustomer, CallFact::RECORDING_READY, event.at));
      effects.facts.back().set_recording_url(
          absl::StrCat(config_.recording_url_prefix, RecordingName(call.plan.call), "/file"));
      break;
    case Type::kDtmf:
      effects.facts.push_back(MakeRepeatable(call, event.party, CallFact::DTMF_RECEIVED, event.at));
      effects.facts.back().set_digits(event.digit);
      break;
    case Type::kHold:
      effects.facts.push_back(MakeRepeatable(call, event.party, CallFact::CALL_HELD, event.at));
      break;
    case Type::kUnhold:
      effects.facts.push_back(MakeRepeatable(call, event.party, CallFact::CALL_RESUMED, event.at));
      break;
    case Type::kReplaced:
    case Type::kOther:
      break;
  }
  return effects;
}

void CallMachine::OnProgress(Call& call, const AriEvent& event, Effects& effects) const {
  LegState& leg = call.leg(event.party);
  const bool rings = event.channel_state == "Ringing" || event.dial_status == "RINGING" ||
                     (event.party == Party::kCustomer && event.dial_status == "PROGRESS");
  if (rings && !leg.rang && !leg.answered && !leg.ended) {
    leg.rang = true;
    effects.facts.push_back(MakeFact(call, event.party, CallFact::CALL_RINGING, event.at));
  }
  if ((event.channel_state == "Up" || event.dial_status == "ANSWER") && !leg.answered) {
    leg.answered = true;
    // The customer's answer counts once the parties are joined.
    if (event.party == Party::kAgent) {
      effects.facts.push_back(MakeFact(call, Party::kAgent, CallFact::CALL_ANSWERED, event.at));
    }
  }
}

void CallMachine::OnStart(Call& call, const AriEvent& event, Effects& effects) const {
  std::optional<CallPlan> plan = DecodeArgs(event.args);
  if (!plan.has_value() || plan->call != call.plan.call) return;  // not an entry of ours
  call.plan = *std::move(plan);
  LegState& leg = call.leg(event.party);
  if (leg.ended) return;  // told late: nobody is dialled for a party that is gone
  if (event.party == Party::kAgent) {
    if (!leg.answered) {
      effects.facts.push_back(MakeFact(call, Party::kAgent, CallFact::CALL_ANSWERED, event.at));
    }
    leg.answered = true;
    OnAgentUp(call, effects);
  } else {
    leg.answered = true;
    OnCustomerUp(call, event, effects);
  }
}

void CallMachine::OnAgentUp(Call& call, Effects& effects) const {
  if (call.customer.ended) {
    effects.actions.push_back({Kind::kHangUp, Party::kAgent});
    return;
  }
  call.bridged = true;
  effects.actions.push_back({Kind::kMakeBridge});
  effects.actions.push_back({Kind::kAddToBridge, Party::kAgent});
  if (call.customer.requested) return;
  call.customer.requested = true;
  effects.actions.push_back({Kind::kPlayRingTone, Party::kAgent});
  effects.actions.push_back({Kind::kDialCustomer, Party::kCustomer});
}

void CallMachine::OnCustomerUp(Call& call, const AriEvent& event, Effects& effects) const {
  if (!call.plan.has_agent && config_.dialplan_finds_agent) {
    call.joined = true;
    effects.actions.push_back({Kind::kFindAgent, Party::kCustomer});
    effects.facts.push_back(MakeFact(call, Party::kCustomer, CallFact::CALL_ANSWERED, event.at));
    return;
  }
  if (call.plan.has_agent && (call.agent.ended || !call.agent.requested)) {
    effects.actions.push_back({Kind::kHangUp, Party::kCustomer});  // nobody is there to talk to
    return;
  }
  if (call.plan.has_agent) {
    effects.actions.push_back({Kind::kStopRingTone, Party::kAgent});
  } else {
    call.bridged = true;
    effects.actions.push_back({Kind::kMakeBridge});
  }
  effects.actions.push_back({Kind::kAddToBridge, Party::kCustomer});
  if (call.plan.record) effects.actions.push_back({Kind::kRecord, Party::kCustomer});
}

void CallMachine::OnJoined(Call& call, const AriEvent& event, Effects& effects) const {
  const auto in_bridge = [&](Party party) {
    const std::string id = ChannelId(call.plan.call, party);
    return std::find(event.bridge_channels.begin(), event.bridge_channels.end(), id) !=
           event.bridge_channels.end();
  };
  const bool both = in_bridge(Party::kCustomer) &&
                    (in_bridge(Party::kAgent) || !(call.plan.has_agent || call.agent.requested));
  if (!both || call.joined) return;
  call.joined = true;
  effects.facts.push_back(MakeFact(call, Party::kCustomer, CallFact::CALL_ANSWERED, event.at));
}

CallFact CallMachine::EndFact(const Call& call, const LegState& leg, const AriEvent& event) const {
  const bool agent = event.party == Party::kAgent;
  Ending ending{CallFact::CALL_ENDED, session::v1::NORMAL, session::v1::NORMAL};
  if (!leg.answered) {
    const bool timed_out = event.at - leg.since >= config_.ring_timeout - absl::Seconds(1);
    ending = UnansweredEnding(event.cause, leg.rang, timed_out);
  } else if (agent && !call.joined && !call.customer.ended) {
    // Hung up before the customer answered; a cause other than a normal one is the switch's doing.
    ending = event.cause == 16 || event.cause == 31 ? kCancelled : kFault;
  } else if (!call.joined) {
    ending.agent = ending.customer = session::v1::END_REASON_UNSPECIFIED;
  }
  CallFact fact = MakeFact(call, event.party, ending.kind, event.at);
  fact.set_reason(agent ? ending.agent : ending.customer);
  if (event.tech_cause != 0 && event.tech_cause != 200) {
    fact.set_cause(absl::StrCat("sip:", event.tech_cause));
  } else if (event.cause != 0) {
    fact.set_cause(absl::StrCat("q850:", event.cause));
  }
  if (ending.kind == CallFact::CALL_FAILED) {
    fact.set_error_code(std::string(ErrorCodeOf(fact.reason())));
    const std::string_view who = PartyName(event.party);
    fact.set_message(absl::StrCat("the ", absl::string_view(who.data(), who.size()),
                                  "'s leg ended with cause ", event.cause));
  }
  return fact;
}

void CallMachine::OnEnd(Call& call, const AriEvent& event, Effects& effects) const {
  LegState& leg = call.leg(event.party);
  if (leg.ended) return;
  // A leg first heard of at its end, after a restart, still tells by its state how far it came.
  leg.answered = leg.answered || event.channel_state == "Up";
  leg.rang = leg.rang || event.channel_state == "Ringing";
  effects.facts.push_back(EndFact(call, leg, event));
  leg.ended = true;
  AfterLegEnded(call, event.party, effects);
}

void CallMachine::AfterLegEnded(Call& call, Party party, Effects& effects) const {
  const Party other = party == Party::kAgent ? Party::kCustomer : Party::kAgent;
  const LegState& other_leg = call.leg(other);
  if (other_leg.requested && !other_leg.ended) effects.actions.push_back({Kind::kHangUp, other});
  if (call.over() && call.bridged) effects.actions.push_back({Kind::kDestroyBridge});
}

Effects CallMachine::Fail(Call& call, std::string_view detail, absl::Time now) const {
  Effects effects;
  if (!call.customer.ended) {
    CallFact fact = MakeFact(call, Party::kCustomer, CallFact::CALL_FAILED, now);
    fact.set_reason(session::v1::PROVIDER_ERROR);
    fact.set_error_code(std::string(base::kProviderError.code));
    fact.set_message(Excerpt(detail));
    effects.facts.push_back(std::move(fact));
  }
  if (call.customer.requested) effects.actions.push_back({Kind::kHangUp, Party::kCustomer});
  call.customer.ended = true;
  if (call.agent.requested && !call.agent.ended) {
    effects.actions.push_back({Kind::kHangUp, Party::kAgent});
  } else if (call.bridged) {
    effects.actions.push_back({Kind::kDestroyBridge});
  }
  return effects;
}

Effects CallMachine::Vanish(Call& call, Party party) const {
  Effects effects;
  LegState& leg = call.leg(party);
  if (!leg.requested || leg.ended) return effects;
  CallFact fact = MakeFact(call, party, CallFact::CALL_ENDED, absl::InfinitePast());
  fact.set_reason(call.joined ? session::v1::NORMAL : session::v1::LOST);
  fact.set_message("ended while the event socket was not connected");
  effects.facts.push_back(std::move(fact));
  leg.ended = true;
  AfterLegEnded(call, party, effects);
  return effects;
}

}  // namespace ctc::providers::asterisk
