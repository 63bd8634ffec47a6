#include "libs/providers/asterisk/call_machine.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/providers/asterisk/ending.h"
#include "libs/providers/outcome.h"

namespace ctc::providers::asterisk {
namespace {

using session::v1::CallFact;
using session::v1::EndReason;
using session::v1::Leg;
using Kind = Action::Kind;
using Type = AriEvent::Type;

// DELETE's "answered_elsewhere": what we ask for when a party leaves a conversation that goes on.
constexpr int kLeftToOthers = 26;

void SetTime(CallFact& fact, absl::Time at) {
  if (at == absl::InfinitePast() || at == absl::InfiniteFuture()) return;
  *fact.mutable_provider_time() = base::ToProto(at);
}

bool IsHandler(std::string_view tag) {
  return PartyOf(tag) == Leg::AGENT || PartyOf(tag) == Leg::CONSULT;
}

// The channel of whoever handles the call; of a target being consulted only when no agent is left.
std::string HandlerChannel(const Call& call) {
  std::string found;
  for (const auto& [tag, leg] : call.legs) {
    if (!leg.live() || !IsHandler(tag)) continue;
    if (found.empty() || PartyOf(tag) == Leg::AGENT) found = call.ChannelOf(tag);
  }
  return found;
}

// The leg's id within its session: a tag without the session.
std::string LegIdOf(const std::string& tag, const LegState* leg) {
  const bool later = leg != nullptr && tag.size() > leg->session.size() + 1 &&
                     tag.ends_with("-" + leg->session) && !leg->session.empty();
  return later ? tag.substr(0, tag.size() - leg->session.size() - 1) : tag;
}

// What happens once in a leg's life has a key without the time it happened, so that an event, a
// reconciliation and another replica's event are one fact.
Told MakeFact(const Call& call, const std::string& tag, CallFact::Kind kind, absl::Time at) {
  const LegState* leg = call.Find(tag);
  Told told;
  told.session = leg == nullptr || leg->session.empty() ? call.plan.call : leg->session;
  told.fact.set_event_key(absl::StrCat("asterisk:", call.plan.call, ":", tag));
  if (leg != nullptr && leg->created != absl::InfinitePast()) {
    told.fact.mutable_event_key()->append(absl::StrCat("@", absl::ToUnixMillis(leg->created)));
  }
  told.fact.mutable_event_key()->append(absl::StrCat(":", CallFact::Kind_Name(kind)));
  told.fact.set_kind(kind);
  told.fact.set_party(PartyOf(tag));
  if (tag != kAgentLeg && tag != kCustomerLeg) told.fact.set_leg_id(LegIdOf(tag, leg));
  told.fact.set_source(session::v1::EVENT_SOCKET);
  told.fact.set_provider_leg_id(call.ChannelOf(tag));
  SetTime(told.fact, at);
  return told;
}

// What may happen many times is told apart by the provider's time.
Told MakeRepeatable(const Call& call, const std::string& tag, CallFact::Kind kind, absl::Time at) {
  Told told = MakeFact(call, tag, kind, at);
  if (at != absl::InfinitePast()) {
    told.fact.mutable_event_key()->append(absl::StrCat(":", absl::ToUnixMillis(at)));
  }
  return told;
}

EndReason ReasonOf(const std::string& tag, const Ending& ending) {
  if (PartyOf(tag) == Leg::AGENT) return ending.agent;
  if (PartyOf(tag) == Leg::CUSTOMER) return ending.customer;
  return session::v1::END_REASON_UNSPECIFIED;  // the end of another leg is not the session's
}

void HangUpAll(Call& call, bool spare_customer, Effects& effects) {
  for (auto& [tag, leg] : call.legs) {
    if (!leg.live() || (spare_customer && tag == kCustomerLeg)) continue;
    effects.actions.push_back({Kind::kHangUp, tag});
  }
}

// The end of a recording that ends with its last party is not always told: its file is looked for.
void CloseIfOver(const Call& call, Effects& effects) {
  if (!call.over()) return;
  if (call.bridged) effects.actions.push_back({Kind::kDestroyBridge});
  for (const auto& [session, recording] : call.recordings) {
    if (!recording.running) continue;
    effects.actions.push_back({Kind::kFindRecording, std::string(kCustomerLeg), session});
  }
}

void AfterHandlerEnded(Call& call, const std::string& tag, int cause, Effects& effects) {
  const LegState& leg = call.legs[tag];
  for (auto& [other, supervisor] : call.legs) {
    if (supervisor.live() && !supervisor.watches.empty() &&
        supervisor.watches == call.ChannelOf(tag)) {
      effects.actions.push_back({Kind::kHangUp, other});
    }
  }
  if (call.attended()) return;
  // Taken out by us, or a transfer's target that cannot be had: the session rings somebody else.
  const bool handed = leg.answered ? cause == kLeftToOthers : PartyOf(tag) == Leg::CONSULT;
  call.unattended = handed && call.joined && call.customer().live();
  if (!call.unattended) HangUpAll(call, call.inbound, effects);
}

void AfterLegEnded(Call& call, const std::string& tag, int cause, Effects& effects) {
  const LegState& leg = call.legs[tag];
  if (tag == kCustomerLeg) {
    HangUpAll(call, false, effects);
  } else if (IsHandler(tag)) {
    AfterHandlerEnded(call, tag, cause, effects);
  } else if (!leg.watches.empty()) {
    effects.actions.push_back({Kind::kEndMonitor, tag});
  }
  CloseIfOver(call, effects);
}

// A leg under an id that was used before is rung once more. False for a late word of the one
// before.
bool BeginLife(Call& call, LegState& leg, const AriEvent& event) {
  const bool dated = leg.created != absl::InfinitePast() && event.created != absl::InfinitePast();
  if (dated && event.created < leg.created) return false;
  const bool other = !leg.channel.empty() && !event.channel.empty() && leg.channel != event.channel;
  if (other && leg.live() && !dated) return false;
  if (leg.ended && dated && event.created > leg.created) leg = LegState();
  if (leg.created == absl::InfinitePast()) leg.created = event.created;
  if (!leg.requested && IsHandler(event.tag)) call.unattended = false;
  leg.requested = true;
  leg.since = std::min(leg.since, event.at);
  if (!event.channel.empty()) leg.channel = event.channel;
  if (!event.session.empty()) leg.session = event.session;
  return true;
}

}  // namespace

const LegState* Call::Find(std::string_view tag) const {
  const auto found = legs.find(std::string(tag));
  return found == legs.end() ? nullptr : &found->second;
}

std::string Call::ChannelOf(std::string_view tag) const {
  const LegState* leg = Find(tag);
  return leg == nullptr || leg->channel.empty() ? ChannelId(plan.call, tag) : leg->channel;
}

bool Call::attended() const {
  return std::any_of(legs.begin(), legs.end(), [](const auto& entry) {
    return IsHandler(entry.first) && entry.second.live();
  });
}

bool Call::over() const {
  bool any = false;
  for (const auto& [tag, leg] : legs) {
    if (leg.live()) return false;
    any = any || leg.requested;
  }
  return any;
}

Effects CallMachine::Apply(Call& call, const AriEvent& event) const {
  Effects effects;
  if (event.type == Type::kRecordingStarted || event.type == Type::kRecordingFinished) {
    OnRecording(call, event, effects);
    return effects;
  }
  if (event.snoop) {
    const auto supervisor = call.legs.find(event.tag);
    const bool hears = supervisor != call.legs.end() && supervisor->second.live();
    if (event.type == Type::kStasisStart && hears) {
      effects.actions.push_back({Kind::kAddSnoop, event.tag});
      // One who barged in at first hears an agent only now.
      if (supervisor->second.watches.empty()) supervisor->second.watches = HandlerChannel(call);
    }
    return effects;
  }
  if (event.tag.empty()) return effects;
  LegState& leg = call.legs[event.tag];
  if (!BeginLife(call, leg, event)) return effects;
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
    case Type::kStasisEnd:
      // A caller's channel is not one we made: nothing else tells of its end.
      if (call.inbound && event.tag == kCustomerLeg) OnEnd(call, event, effects);
      break;
    case Type::kDestroyed:
      OnEnd(call, event, effects);
      break;
    case Type::kDtmf:
      if (call.inbound && !call.joined) break;  // its flow tells what was keyed
      effects.facts.push_back(MakeRepeatable(call, event.tag, CallFact::DTMF_RECEIVED, event.at));
      effects.facts.back().fact.set_digits(event.digit);
      break;
    case Type::kHold:
      effects.facts.push_back(MakeRepeatable(call, event.tag, CallFact::CALL_HELD, event.at));
      break;
    case Type::kUnhold:
      effects.facts.push_back(MakeRepeatable(call, event.tag, CallFact::CALL_RESUMED, event.at));
      break;
    default:
      break;
  }
  return effects;
}

Effects CallMachine::Begin(Call& call, absl::Time at) const {
  Effects effects;
  effects.facts.push_back(MakeFact(call, std::string(kCustomerLeg), CallFact::CALL_INITIATED, at));
  return effects;
}

void CallMachine::OnRecording(Call& call, const AriEvent& event, Effects& effects) const {
  if (event.session.empty()) return;  // a message that a caller left is its flow's
  RecordingState& recording = call.recordings[event.session];
  const auto add = [&](CallFact::Kind kind, const std::string& why = "") {
    effects.facts.push_back(MakeRepeatable(call, std::string(kCustomerLeg), kind, event.at));
    effects.facts.back().session = event.session;
    effects.facts.back().fact.set_message(why);
  };
  const bool late = event.at < recording.latest;
  recording.latest = std::max(recording.latest, event.at);
  if (event.type == Type::kRecordingStarted) {
    add(CallFact::RECORDING_STARTED);
    if (late) return;
    recording.running = true;
    if (recording.told) recording.life = absl::StrCat(":", absl::ToUnixMillis(event.at));
    return;
  }
  add(CallFact::RECORDING_STOPPED);
  if (event.name == "RecordingFailed") {
    recording.running = false;
    return add(CallFact::RECORDING_FAILED, event.fault);  // there is no file to be had
  }
  effects.facts.push_back(ReadyFact(call, event.session, event.at));
}

// One key whether the switch told of it or it was found, by this process or another one.
Told CallMachine::ReadyFact(Call& call, const std::string& session, absl::Time at) const {
  RecordingState& recording = call.recordings[session];
  recording.running = false;
  recording.told = true;
  const std::string name = RecordingName(session);
  Told told = MakeFact(call, std::string(kCustomerLeg), CallFact::RECORDING_READY, at);
  told.session = session;
  told.fact.set_event_key(absl::StrCat("asterisk:", call.plan.call, ":", name, ":",
                                       CallFact::Kind_Name(CallFact::RECORDING_READY),
                                       recording.life));
  told.fact.set_recording_url(absl::StrCat(config_.recording_url_prefix, name, "/file"));
  return told;
}

Effects CallMachine::FoundRecording(Call& call, const std::string& session) const {
  Effects effects;
  if (!call.recordings[session].running) return effects;  // told meanwhile
  effects.facts.push_back(ReadyFact(call, session, absl::InfinitePast()));
  return effects;
}

void CallMachine::OnProgress(Call& call, const AriEvent& event, Effects& effects) const {
  LegState& leg = call.legs[event.tag];
  const bool customer = event.tag == kCustomerLeg;
  const bool rings = event.channel_state == "Ringing" || event.dial_status == "RINGING" ||
                     (customer && event.dial_status == "PROGRESS");
  if (rings && !leg.rang && !leg.answered && !leg.ended) {
    leg.rang = true;
    effects.facts.push_back(MakeFact(call, event.tag, CallFact::CALL_RINGING, event.at));
  }
  if ((event.channel_state == "Up" || event.dial_status == "ANSWER") && !leg.answered) {
    leg.answered = true;
    // The customer's answer counts once the parties are joined.
    if (!customer) {
      effects.facts.push_back(MakeFact(call, event.tag, CallFact::CALL_ANSWERED, event.at));
    }
  }
}

void CallMachine::OnStart(Call& call, const AriEvent& event, Effects& effects) const {
  LegState& leg = call.legs[event.tag];
  if (leg.ended) return;  // told late: nobody is dialled for a party that is gone
  if (const std::optional<PartyPlan> party = DecodePartyArgs(event.args)) {
    return OnPartyUp(call, event, *party, effects);
  }
  std::optional<CallPlan> plan = DecodeArgs(event.args);
  if (!plan.has_value() || plan->call != call.plan.call) return;  // not an entry of ours
  call.plan = *std::move(plan);
  if (event.tag == kAgentLeg) {
    if (!leg.answered) {
      effects.facts.push_back(MakeFact(call, event.tag, CallFact::CALL_ANSWERED, event.at));
    }
    leg.answered = leg.entered = true;
    OnAgentUp(call, effects);
  } else if (event.tag == kCustomerLeg) {
    leg.answered = leg.entered = true;
    OnCustomerUp(call, event, effects);
  }
}

void CallMachine::OnPartyUp(Call& call, const AriEvent& event, const PartyPlan& plan,
                            Effects& effects) const {
  LegState& leg = call.legs[event.tag];
  if (!leg.answered) {
    effects.facts.push_back(MakeFact(call, event.tag, CallFact::CALL_ANSWERED, event.at));
  }
  leg.answered = leg.entered = true;
  if (!call.customer().live()) {  // nobody is there to talk to
    effects.actions.push_back({Kind::kHangUp, event.tag});
    return;
  }
  if (plan.watches.empty()) {
    call.bridged = true;
    effects.actions.push_back({Kind::kMakeBridge, event.tag});
    effects.actions.push_back({Kind::kAddToBridge, event.tag});
    return;
  }
  leg.watches = plan.watches;
  effects.actions.push_back({Kind::kMakeMonitor, event.tag});
  if (!plan.whispers) effects.actions.push_back({Kind::kMute, event.tag});
  effects.actions.push_back({Kind::kAddToMonitor, event.tag});
  effects.actions.push_back({Kind::kSnoop, event.tag, "", plan.watches});
}

void CallMachine::OnAgentUp(Call& call, Effects& effects) const {
  const std::string agent(kAgentLeg);
  if (call.customer().ended) {
    effects.actions.push_back({Kind::kHangUp, agent});
    return;
  }
  call.bridged = true;
  effects.actions.push_back({Kind::kMakeBridge});
  effects.actions.push_back({Kind::kAddToBridge, agent});
  if (call.customer().requested) return;
  call.customer().requested = true;
  effects.actions.push_back({Kind::kPlayRingTone, agent});
  effects.actions.push_back({Kind::kDialCustomer});
}

void CallMachine::OnCustomerUp(Call& call, const AriEvent& event, Effects& effects) const {
  if (!call.plan.has_agent && config_.dialplan_finds_agent) {
    call.joined = true;
    effects.actions.push_back({Kind::kFindAgent});
    effects.facts.push_back(MakeFact(call, event.tag, CallFact::CALL_ANSWERED, event.at));
    return;
  }
  if (call.plan.has_agent && !call.agent().live()) {
    effects.actions.push_back({Kind::kHangUp});  // nobody is there to talk to
    return;
  }
  if (call.plan.has_agent) {
    effects.actions.push_back({Kind::kStopRingTone, std::string(kAgentLeg)});
  } else {
    call.bridged = true;
    effects.actions.push_back({Kind::kMakeBridge});
  }
  effects.actions.push_back({Kind::kAddToBridge});
  if (!call.plan.record) return;
  call.recordings[call.plan.call].running = true;
  effects.actions.push_back({Kind::kRecord});
}

void CallMachine::OnJoined(Call& call, const AriEvent& event, Effects& effects) const {
  // A leg that another application moved elsewhere is not joined to ours.
  if (event.bridge != BridgeId(call.plan.call) || call.joined) return;
  bool customer = false;
  bool handler = false;
  for (const auto& [tag, leg] : call.legs) {
    const bool in = std::find(event.bridge_channels.begin(), event.bridge_channels.end(),
                              call.ChannelOf(tag)) != event.bridge_channels.end();
    customer = customer || (in && tag == kCustomerLeg);
    handler = handler || (in && IsHandler(tag));
  }
  const bool alone = !call.plan.has_agent && !call.inbound && !call.agent().requested;
  if (!customer || !(handler || alone)) return;
  call.joined = true;
  effects.facts.push_back(
      MakeFact(call, std::string(kCustomerLeg), CallFact::CALL_ANSWERED, event.at));
}

Told CallMachine::EndFact(const Call& call, const LegState& leg, const AriEvent& event) const {
  const bool agent = event.tag == kAgentLeg;
  const bool caller = call.inbound && event.tag == kCustomerLeg;
  const LegState* customer = call.Find(kCustomerLeg);
  Ending ending{CallFact::CALL_ENDED, session::v1::NORMAL, session::v1::NORMAL};
  if (caller && !call.joined) {
    ending.customer = call.hang_up_reason == session::v1::END_REASON_UNSPECIFIED
                          ? session::v1::CALLER_ABANDONED
                          : call.hang_up_reason;
  } else if (!leg.answered && !caller) {
    const absl::Duration limit =
        leg.ring_limit == absl::ZeroDuration() ? config_.ring_timeout : leg.ring_limit;
    // How long another party may ring is known to the switch alone.
    const bool timed_out = event.at - leg.since >= limit - absl::Seconds(1) ||
                           (event.tag != kAgentLeg && event.tag != kCustomerLeg);
    ending = UnansweredEnding(event.cause, leg.rang, timed_out);
  } else if (agent && !call.joined && !call.inbound && !(customer != nullptr && customer->ended)) {
    // Hung up before the customer answered; a cause other than a normal one is the switch's doing.
    ending = event.cause == 16 || event.cause == 31 ? kCancelled : kFault;
  } else if (!call.joined) {
    ending.agent = ending.customer = session::v1::END_REASON_UNSPECIFIED;
  }
  Told told = MakeFact(call, event.tag, ending.kind, event.at);
  told.fact.set_reason(ReasonOf(event.tag, ending));
  if (event.tech_cause != 0 && event.tech_cause != 200) {
    told.fact.set_cause(absl::StrCat("sip:", event.tech_cause));
  } else if (event.cause != 0) {
    told.fact.set_cause(absl::StrCat("q850:", event.cause));
  }
  if (ending.kind == CallFact::CALL_FAILED) {
    told.fact.set_error_code(std::string(ErrorCodeOf(agent ? ending.agent : ending.customer)));
    told.fact.set_message(
        absl::StrCat("the leg ", LegIdOf(event.tag, &leg), " ended with cause ", event.cause));
  }
  return told;
}

void CallMachine::OnEnd(Call& call, const AriEvent& event, Effects& effects) const {
  LegState& leg = call.legs[event.tag];
  if (leg.ended) return;
  // A leg first heard of at its end, after a restart, still tells by its state how far it came.
  leg.answered = leg.answered || event.channel_state == "Up";
  leg.rang = leg.rang || event.channel_state == "Ringing";
  effects.facts.push_back(EndFact(call, leg, event));
  leg.ended = true;
  leg.outcome = effects.facts.back().fact.kind();
  AfterLegEnded(call, event.tag, event.cause, effects);
}

Effects CallMachine::Fail(Call& call, const Refusal& refusal, absl::Time now) const {
  Effects effects;
  const bool requested = call.customer().requested;
  if (!call.customer().ended) {
    effects.facts.push_back(MakeFact(call, std::string(kCustomerLeg), CallFact::CALL_FAILED, now));
    CallFact& fact = effects.facts.back().fact;
    const bool rejected = refusal.error.code != base::kProviderError.code;
    fact.set_reason(rejected ? session::v1::PROVIDER_REJECTED : session::v1::PROVIDER_ERROR);
    fact.set_error_code(std::string(refusal.error.code));
    fact.set_message(Excerpt(refusal.detail));
  }
  if (requested) effects.actions.push_back({Kind::kHangUp});
  call.customer().ended = true;
  HangUpAll(call, true, effects);
  CloseIfOver(call, effects);
  return effects;
}

Effects CallMachine::FailLeg(Call& call, std::string_view tag, const Refusal& refusal,
                             absl::Time now) const {
  Effects effects;
  const std::string name(tag);
  LegState& leg = call.legs[name];
  if (leg.ended) return effects;
  effects.facts.push_back(MakeFact(call, name, CallFact::CALL_FAILED, now));
  CallFact& fact = effects.facts.back().fact;
  fact.set_reason(ReasonOf(name, kFault));
  fact.set_error_code(std::string(refusal.error.code));
  fact.set_message(Excerpt(refusal.detail));
  if (leg.answered) effects.actions.push_back({Kind::kHangUp, name});
  leg.requested = leg.ended = true;
  leg.outcome = CallFact::CALL_FAILED;
  AfterLegEnded(call, name, 0, effects);
  return effects;
}

Effects CallMachine::Vanish(Call& call, std::string_view tag) const {
  Effects effects;
  const std::string name(tag);
  LegState& leg = call.legs[name];
  if (!leg.live()) return effects;
  effects.facts.push_back(MakeFact(call, name, CallFact::CALL_ENDED, absl::InfinitePast()));
  CallFact& fact = effects.facts.back().fact;
  fact.set_reason(call.joined ? session::v1::NORMAL : session::v1::LOST);
  fact.set_message("ended while the event socket was not connected");
  leg.ended = true;
  leg.outcome = CallFact::CALL_ENDED;
  AfterLegEnded(call, name, 0, effects);
  return effects;
}

}  // namespace ctc::providers::asterisk
