// From two states and the fact between them to events.
#include "services/session/domain/feed_events.h"

#include <string_view>

#include "libs/base/proto_time.h"
#include "services/session/domain/inbound.h"
#include "services/session/domain/parties.h"

namespace ctc::session::domain {
namespace {

using Kind = v1::CallFact;

v1::CallEvent Base(const Fact& fact, bool late) {
  v1::CallEvent event;
  *event.mutable_occurred_at() =
      fact.has_provider_time() ? fact.provider_time() : fact.received_time();
  event.set_known_by(fact.source());
  event.set_late(late);
  event.set_provider_leg_id(fact.provider_leg_id());
  event.set_fact_kind(fact.kind());
  event.set_detail(fact.message());
  return event;
}

v1::Leg::State StateOf(const SessionState& state, const Fact& fact) {
  const std::string id = LegIdOf(fact);
  for (const v1::Leg& leg : state.legs) {
    if (leg.id() == id) return leg.state();
  }
  return v1::Leg::STATE_UNSPECIFIED;
}

std::string_view LegType(v1::Leg::State state) {
  switch (state) {
    case v1::Leg::RINGING:
      return "leg.ringing";
    case v1::Leg::ANSWERED:
      return "leg.answered";
    case v1::Leg::ENDED:
      return "leg.ended";
    default:
      return "leg.dialling";
  }
}

// The name of a session's step. A step between endings, or one that changes the figures of an ended
// session, is a correction.
std::string_view SessionType(const SessionState& before, const SessionState& after) {
  if (!IsLive(before.status)) return "session.corrected";
  if (!IsLive(after.status)) return "session.ended";
  if (after.status == v1::Session::RINGING) return "session.ringing";
  if (after.status == v1::Session::INITIATED) return "session.waiting";
  if (after.status == v1::Session::ON_HOLD) return "session.held";
  if (before.status == v1::Session::ON_HOLD) return "session.resumed";
  return "session.connected";
}

// The timeline's name of a fact that changed no status.
std::string_view FactType(const Fact& fact, Status status) {
  switch (fact.kind()) {
    case Kind::CALL_INITIATED:
      return "session.dialled";
    case Kind::CALL_RINGING:
      return "session.ringing";
    case Kind::CALL_ANSWERED:
      // An answer that is told after the end connects nobody any more.
      return IsLive(status) ? "session.connected" : "session.fact";
    case Kind::CALL_HELD:
      return "session.held";
    case Kind::CALL_RESUMED:
      return "session.resumed";
    case Kind::CALL_MUTED:
      return "session.muted";
    case Kind::CALL_UNMUTED:
      return "session.unmuted";
    case Kind::RECORDING_STARTED:
      return "recording.started";
    case Kind::RECORDING_PAUSED:
      return "recording.paused";
    case Kind::RECORDING_RESUMED:
      return "recording.resumed";
    case Kind::RECORDING_STOPPED:
      return "recording.stopped";
    case Kind::RECORDING_READY:
      return "recording.ready";
    case Kind::RECORDING_FAILED:
      return "recording.failed";
    case Kind::DTMF_RECEIVED:
      return "session.dtmf";
    case Kind::CANCEL_REQUESTED:
      return "session.cancel_requested";
    case Kind::PARTY_REPLACED:
      return "leg.replaced";
    default:
      return "session.fact";
  }
}

bool LegStep(const SessionState& before, const SessionState& after, const Fact& fact) {
  return fact.party() != v1::Leg::PARTY_UNSPECIFIED && !IsOffer(fact) &&
         StateOf(before, fact) != StateOf(after, fact);
}

}  // namespace

std::vector<v1::CallEvent> DiffEvents(const SessionState& before, const SessionState& after,
                                      const Fact& fact, bool late) {
  std::vector<v1::CallEvent> events;
  const auto add = [&](std::string_view type, Status from, Status to) -> v1::CallEvent& {
    v1::CallEvent& event = events.emplace_back(Base(fact, late));
    event.set_type(std::string(type));
    event.set_old_status(from);
    event.set_new_status(to);
    event.set_party(fact.party());
    return event;
  };
  if (LegStep(before, after, fact)) {
    add(LegType(StateOf(after, fact)), before.status, before.status);
  }
  if (IsOffer(fact)) add("session.offered", before.status, before.status);
  // Nobody took it: the phone that rings for it is to be silenced, and the screen cleared.
  if (before.offer_open && !after.offer_open && !after.answered_at) {
    add("session.withdrawn", before.status, before.status).set_party(v1::Leg::AGENT);
  }
  const int32_t delta = after.duration_seconds - before.duration_seconds;
  if (before.status != after.status || delta != 0 || before.end_reason != after.end_reason) {
    v1::CallEvent& event = add(SessionType(before, after), before.status, after.status);
    event.set_duration_delta_seconds(delta);
    event.set_end_reason(after.end_reason);
  }
  const bool is_control = fact.kind() >= Kind::CALL_MUTED && fact.kind() <= Kind::CALL_UNMUTED;
  const bool is_recording =
      (fact.kind() >= Kind::RECORDING_STARTED && fact.kind() <= Kind::RECORDING_READY) ||
      fact.kind() == Kind::RECORDING_FAILED;
  if (events.empty() || is_control || is_recording) {
    v1::CallEvent& event = add(FactType(fact, after.status), after.status, after.status);
    if (fact.kind() == Kind::RECORDING_READY) event.set_detail(fact.recording_url());
  }
  return events;
}

v1::CallEvent InitiatedEvent(absl::Time at) {
  v1::CallEvent event;
  event.set_type("session.initiated");
  *event.mutable_occurred_at() = base::ToProto(at);
  event.set_new_status(v1::Session::INITIATED);
  event.set_known_by(v1::SUBMISSION);
  return event;
}

}  // namespace ctc::session::domain
