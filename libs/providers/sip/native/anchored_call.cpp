#include "libs/providers/sip/native/anchored_call.h"

#include <algorithm>
#include <utility>

#include "libs/providers/sip/native/anchored_turn.h"

namespace ctc::providers::sip::native {
namespace {

using session::v1::CallFact;
using Party = session::v1::Leg;
using Phase = AnchoredLeg::Phase;

}  // namespace

bool AnchoredLeg::holds() const {
  return agreed.has_value() && (agreed->direction == media::Direction::kSendOnly ||
                                agreed->direction == media::Direction::kInactive);
}

OpenRecording* AnchoredCall::Recording() {
  for (auto& [file, recording] : recordings) {
    if (!recording.ending) return &recording;
  }
  return nullptr;
}

bool AnchoredCall::over() const {
  return recordings.empty() && !(flow && flow->asking) && AllEnded();
}

AnchoredCall NewAnchored(std::string id, std::shared_ptr<const AnchoredConfig> config,
                         std::string agent_uri, std::string customer_uri,
                         const media::Address& own_agent, const media::Address& own_customer,
                         bool record) {
  AnchoredCall call;
  call.id = std::move(id);
  call.config = std::move(config);
  call.record = record;
  AddParties(call, std::move(agent_uri), std::move(customer_uri));
  call.legs.at(kAgent).own = own_agent;
  call.legs.at(kCustomer).own = own_customer;
  return call;
}

Effects Reoffered(AnchoredCall& call, const std::string& line, const std::string& offer,
                  std::string& answer) {
  AnchoredTurn turn(call);
  answer = turn.OnReoffered(call.LegOf(line), offer);
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
  const std::vector<std::string>& watched = call.scene.watched;
  // What was told before it hung up or went on hold counts no more.
  const bool counts = std::find(watched.begin(), watched.end(), leg) != watched.end();
  if (counts) turn.OnSilent(leg);
  return turn.Finish();
}

Effects RecordingDone(AnchoredCall& call, const std::string& file, absl::Duration length) {
  AnchoredTurn turn(call);
  if (call.recordings.contains(file)) turn.OnRecorded(file, length);
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
  AnchoredLeg added = turn.NewLeg(callee.leg, callee.party, std::move(callee.uri), callee.phone,
                                  callee.ring_seconds);
  added.mode = callee.mode;
  added.own = callee.own;
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

}  // namespace ctc::providers::sip::native
