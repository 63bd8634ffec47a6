#include "libs/providers/sip/native/anchored_call.h"

#include <algorithm>
#include <functional>

#include "libs/providers/sip/native/anchored_turn.h"

namespace ctc::providers::sip::native {
namespace {

using session::v1::CallFact;
using Party = session::v1::Leg;
using Phase = AnchoredLeg::Phase;

absl::Status NotLive(const char* why) { return absl::FailedPreconditionError(why); }

}  // namespace

bool AnchoredLeg::holds() const {
  return agreed.has_value() && (agreed->direction == media::Direction::kSendOnly ||
                                agreed->direction == media::Direction::kInactive);
}

AnchoredLeg* AnchoredCall::Find(const std::string& leg) {
  const auto found = legs.find(leg);
  return found == legs.end() ? nullptr : &found->second;
}

const AnchoredLeg* AnchoredCall::Find(const std::string& leg) const {
  const auto found = legs.find(leg);
  return found == legs.end() ? nullptr : &found->second;
}

OpenRecording* AnchoredCall::Recording() {
  for (auto& [file, recording] : recordings) {
    if (!recording.ending) return &recording;
  }
  return nullptr;
}

bool AnchoredCall::over() const {
  if (!recordings.empty() || (flow && flow->asking)) return false;
  return std::all_of(legs.begin(), legs.end(),
                     [](const auto& entry) { return entry.second.phase == Phase::kEnded; });
}

AnchoredCall NewAnchored(std::string id, std::shared_ptr<const AnchoredConfig> config,
                         std::string agent_uri, std::string customer_uri,
                         const media::Address& own_agent, const media::Address& own_customer,
                         bool record) {
  AnchoredCall call;
  call.id = std::move(id);
  call.config = std::move(config);
  call.record = record;
  AnchoredLeg& agent = call.legs[kAgent];
  agent.party = Party::AGENT;
  agent.uri = std::move(agent_uri);
  agent.own = own_agent;
  AnchoredLeg& customer = call.legs[kCustomer];
  customer.party = Party::CUSTOMER;
  customer.uri = std::move(customer_uri);
  customer.own = own_customer;
  // The same within a dialog, different between two: from the session's id.
  agent.origin.session = 1 + std::hash<std::string>()(call.id) % 1'000'000'000;
  customer.origin.session = agent.origin.session + 1;
  return call;
}

Effects Start(AnchoredCall& call) {
  AnchoredTurn turn(call);
  turn.Say(CallFact::CALL_INITIATED, kAgent);
  turn.Invite(kAgent);
  return turn.Finish();
}

Effects Apply(AnchoredCall& call, const Input& input) {
  AnchoredTurn turn(call);
  AnchoredLeg* leg = call.Find(input.leg);
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

Effects Reoffered(AnchoredCall& call, const std::string& leg, const std::string& offer,
                  std::string& answer) {
  AnchoredTurn turn(call);
  answer = turn.OnReoffered(leg, offer);
  return turn.Finish();
}

Effects KeyPressed(AnchoredCall& call, const std::string& leg, char key, AnchoredLeg::Keys way) {
  AnchoredTurn turn(call);
  AnchoredLeg* found = turn.Up(leg);
  if (found == nullptr) return turn.Finish();
  if (found->keys == AnchoredLeg::Keys::kUnknown) found->keys = way;
  if (found->keys == way) turn.OnKey(leg, key);
  return turn.Finish();
}

Effects FellSilent(AnchoredCall& call, const std::string& leg) {
  AnchoredTurn turn(call);
  const AnchoredLeg* found = turn.Up(leg);
  // A phone that holds the call sends nothing by right.
  if (found == nullptr || found->holds()) return turn.Finish();
  turn.OnSilent(leg);
  return turn.Finish();
}

Effects RecordingDone(AnchoredCall& call, const std::string& file, absl::Duration length) {
  AnchoredTurn turn(call);
  if (call.recordings.contains(file)) turn.OnRecorded(file, length);
  return turn.Finish();
}

Effects HangUp(AnchoredCall& call) {
  AnchoredTurn turn(call);
  for (const std::string& name : {std::string(kCustomer), call.seat}) {
    const AnchoredLeg* leg = call.Find(name);
    const bool there =
        leg != nullptr && (leg->phase == Phase::kUp || leg->phase == Phase::kCalling);
    if (!there) continue;
    turn.Say(CallFact::CALL_ENDED, name);
    break;  // one fact says that it is over
  }
  turn.EndAll();
  return turn.Finish();
}

absl::StatusOr<Effects> Hold(AnchoredCall& call) {
  AnchoredTurn turn(call);
  if (!call.joined || turn.Up(kCustomer) == nullptr) return NotLive("the call is not connected");
  call.held = true;
  return turn.Finish();
}

absl::StatusOr<Effects> Resume(AnchoredCall& call) {
  AnchoredTurn turn(call);
  if (!call.joined || turn.Up(kCustomer) == nullptr) return NotLive("the call is not connected");
  call.held = false;
  return turn.Finish();
}

absl::StatusOr<Effects> Mute(AnchoredCall& call, bool muted) {
  AnchoredTurn turn(call);
  if (turn.Up(call.seat) == nullptr) return NotLive("the agent is not there");
  call.muted = muted;
  return turn.Finish();
}

absl::StatusOr<Effects> SendDigits(AnchoredCall& call, std::string_view digits) {
  AnchoredTurn turn(call);
  const AnchoredLeg* customer = turn.Up(kCustomer);
  if (!call.joined || customer == nullptr) return NotLive("the call is not connected");
  turn.Order(PressKeys{kCustomer, std::string(digits)});
  return turn.Finish();
}

absl::StatusOr<Effects> DialParty(AnchoredCall& call, Callee callee) {
  AnchoredTurn turn(call);
  const bool flow_dials = call.flow && call.flow->phase == AnchoredFlow::Phase::kDialling &&
                          callee.party == Party::AGENT;
  if ((!call.joined && !flow_dials) || call.ending) return NotLive("the call is not connected");
  AnchoredLeg added;
  added.party = callee.party;
  added.uri = std::move(callee.uri);
  added.mode = callee.mode;
  added.own = callee.own;
  added.ring_seconds = callee.ring_seconds;
  const bool referred = call.referral && call.referral->target.empty() &&
                        callee.party == Party::CONSULT && call.referral->phone == callee.phone;
  if (referred) {
    added.uri = call.referral->uri;
    added.replaces = call.referral->replaces;
    call.referral->target = callee.leg;
  }
  added.origin.session = call.legs.at(kCustomer).origin.session + call.legs.size();
  if (const AnchoredLeg* before = call.Find(callee.leg)) added.attempt = before->attempt + 1;
  call.legs[callee.leg] = std::move(added);
  if (callee.party == Party::AGENT) {
    call.seat = callee.leg;
    call.muted = false;
  }
  if (callee.party == Party::AGENT || callee.party == Party::CONSULT) call.unattended = false;
  turn.Invite(callee.leg);
  return turn.Finish();
}

absl::StatusOr<Effects> DropParty(AnchoredCall& call, const std::string& leg) {
  AnchoredTurn turn(call);
  const AnchoredLeg* found = call.Find(leg);
  if (found == nullptr || found->phase == Phase::kEnded || found->cancelled) return turn.Finish();
  const bool up = found->phase == Phase::kUp;
  const bool company = found->party == Party::AGENT || found->party == Party::CONSULT;
  turn.End(leg);
  if (up) turn.Say(CallFact::CALL_ENDED, leg);
  // Its end is not the call's.
  if (company && call.joined && !turn.IsAttended()) call.unattended = true;
  return turn.Finish();
}

absl::StatusOr<Effects> HandOver(AnchoredCall& call, const std::string& leg) {
  AnchoredTurn turn(call);
  if (turn.Up(leg) == nullptr || turn.Up(kCustomer) == nullptr) {
    return NotLive("the target and the customer must both be there");
  }
  if (call.seat == leg) return turn.Finish();  // asked for twice
  const std::string leaves = std::exchange(call.seat, leg);
  call.held = call.muted = false;
  if (turn.Up(leaves) != nullptr) {
    turn.End(leaves);
    turn.Say(CallFact::CALL_ENDED, leaves);
  }
  return turn.Finish();
}

absl::StatusOr<Effects> ChangeMode(AnchoredCall& call, const std::string& leg,
                                   AnchoredLeg::Mode mode) {
  AnchoredTurn turn(call);
  AnchoredLeg* found = call.Find(leg);
  if (found == nullptr || found->phase == Phase::kEnded || found->party != Party::SUPERVISOR) {
    return NotLive("the supervisor has left");
  }
  found->mode = mode;
  return turn.Finish();
}

absl::StatusOr<Effects> StartRecording(AnchoredCall& call, const std::string& session) {
  AnchoredTurn turn(call);
  if (!call.joined || turn.Up(kCustomer) == nullptr) return NotLive("the call is not connected");
  if (call.Recording() == nullptr) turn.StartRecording(session == call.id ? "" : session);
  return turn.Finish();
}

absl::StatusOr<Effects> StopRecording(AnchoredCall& call) {
  AnchoredTurn turn(call);
  if (call.Recording() == nullptr) return NotLive("no recording runs");
  turn.EndTheRecording();
  return turn.Finish();
}

absl::StatusOr<Effects> PauseRecording(AnchoredCall& call, bool paused) {
  AnchoredTurn turn(call);
  if (call.Recording() == nullptr) return NotLive("no recording runs");
  turn.Order(PauseTheRecording{paused});
  return turn.Finish();
}

Effects Refer(AnchoredCall& call, Referral referral, int& status) {
  AnchoredTurn turn(call);
  const bool may = call.joined && !call.ending && referral.leg == call.seat;
  status = !may ? 603 : call.referral ? 491 : 202;
  if (status != 202) return turn.Finish();
  call.referral = std::move(referral);
  turn.TellReferrer(100);
  return turn.Finish();
}

Effects ReferralTaken(AnchoredCall& call, int status) {
  AnchoredTurn turn(call);
  if (call.referral && call.referral->asked) turn.OnReferralTaken(status);
  return turn.Finish();
}

}  // namespace ctc::providers::sip::native
