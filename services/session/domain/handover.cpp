// Which fact goes on, and in what words.
#include "services/session/domain/handover.h"

#include <algorithm>

#include "libs/base/proto_time.h"
#include "services/session/domain/canonical_order.h"
#include "services/session/domain/parties.h"

namespace ctc::session::domain {
namespace {

using Kind = v1::CallFact;

// How somebody came into the call, and what the old session did itself.
bool StaysByKind(Kind::Kind kind) {
  switch (kind) {
    case Kind::CALL_INITIATED:
    case Kind::CALL_RINGING:
    case Kind::CALL_ANSWERED:
    case Kind::CALL_MACHINE:
    case Kind::CALL_TRANSFERRED:
    case Kind::CANCEL_REQUESTED:
      return true;
    default:
      return false;
  }
}

bool Contains(const std::vector<std::string>& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Of the agent who left, by the leg's id or by the provider's.
bool OfOldAgent(const Facts& old_facts, const Fact& fact) {
  if (fact.party() == v1::Leg::AGENT) return true;
  if (fact.provider_leg_id().empty() || fact.party() != v1::Leg::PARTY_UNSPECIFIED) return false;
  return std::any_of(old_facts.begin(), old_facts.end(), [&](const Fact& old) {
    return old.party() == v1::Leg::AGENT && old.provider_leg_id() == fact.provider_leg_id();
  });
}

// Who was still in the call when it was handed over. Legs that ended before are known to have: a
// late second word on their end does not concern the next session.
bool WasThere(const Facts& old_facts, const Handover& handover, const Fact& fact) {
  if (OfConversation(fact)) return true;
  const std::string leg = LegIdOf(fact);
  return leg == handover.target_leg || Contains(OpenLegs(old_facts, fact.party()), leg);
}

// Of somebody whom a later session has rung: a provider may know the conversation by its first one
// only. Our word on a leg comes before anything that is heard of it.
bool OfLaterLeg(const Facts& old_facts, const Fact& fact) {
  const std::string leg = LegIdOf(fact);
  const bool numbered = !leg.empty() && leg != "agent" && leg != "customer";
  return numbered && std::none_of(old_facts.begin(), old_facts.end(), [&](const Fact& old) {
           return IsDialledByUs(old) && LegIdOf(old) == leg;
         });
}

bool IsKnown(const Facts& facts, const Fact& fact) {
  return std::any_of(facts.begin(), facts.end(),
                     [&](const Fact& old) { return old.event_key() == fact.event_key(); });
}

// A stop that is told as well does not undo it; only another start, or audio after all.
bool RecordingFailed(const Facts& facts) {
  bool failed = false;
  for (const Placed& p : Order(facts)) {
    const Kind::Kind kind = p.fact->kind();
    if (kind == Kind::RECORDING_FAILED) failed = true;
    if (kind == Kind::RECORDING_STARTED || kind == Kind::RECORDING_READY) failed = false;
  }
  return failed;
}

Fact Joined(v1::Leg::Party party, const SessionState& old, const std::string& leg_id,
            absl::Time at) {
  Fact fact;
  fact.set_party(party);
  fact.set_kind(Kind::CALL_ANSWERED);
  fact.set_source(v1::SUBMISSION);
  fact.set_event_key(std::string(kOurWord) + LegIdOf(fact) + ":joined");
  *fact.mutable_received_time() = base::ToProto(at);
  for (const v1::Leg& leg : old.legs) {
    if (leg.id() == leg_id) fact.set_provider_leg_id(leg.provider_leg_id());
  }
  return fact;
}

}  // namespace

std::optional<Fact> CarriedOver(const Facts& old_facts, const Handover& handover,
                                const Fact& fact) {
  if (OfLaterLeg(old_facts, fact)) return fact;
  if (StaysByKind(fact.kind()) || OfOldAgent(old_facts, fact)) return std::nullopt;
  if (!WasThere(old_facts, handover, fact)) return std::nullopt;
  if (!IsEnding(fact.kind())) {
    const absl::Time when =
        base::FromProto(fact.has_provider_time() ? fact.provider_time() : fact.received_time());
    if (when < handover.at || IsKnown(old_facts, fact)) return std::nullopt;
  }
  Fact carried = NamedByLabel(fact, handover.target_leg);
  // The provider counts the whole leg, the next session only its own part.
  carried.clear_duration_seconds();
  return carried;
}

bool EndsRecordingOf(const SessionState& old, const Facts& old_facts, const Fact& fact) {
  const bool ends = fact.kind() == Kind::RECORDING_STOPPED ||
                    fact.kind() == Kind::RECORDING_READY || fact.kind() == Kind::RECORDING_FAILED;
  return ends && old.recording != RecordingState::kNone && old.recording_url.empty() &&
         !RecordingFailed(old_facts);
}

Facts FirstFacts(const SessionState& old, const Facts& old_facts, const Handover& handover) {
  Facts facts = {Joined(v1::Leg::AGENT, old, handover.target_leg, handover.at),
                 Joined(v1::Leg::CUSTOMER, old, "customer", handover.at)};
  for (v1::Leg::Party party : {v1::Leg::GUEST, v1::Leg::SUPERVISOR}) {
    const std::vector<std::string> open = OpenLegs(old_facts, party);
    for (const Fact& fact : old_facts) {
      const bool tells = fact.kind() == Kind::CALL_INITIATED || fact.kind() == Kind::CALL_RINGING ||
                         fact.kind() == Kind::CALL_ANSWERED;
      if (tells && fact.party() == party && Contains(open, LegIdOf(fact))) facts.push_back(fact);
    }
  }
  if (old.recording != RecordingState::kRunning && old.recording != RecordingState::kPaused) {
    return facts;
  }
  Fact recording;
  recording.set_kind(old.recording == RecordingState::kRunning ? Kind::RECORDING_STARTED
                                                               : Kind::RECORDING_PAUSED);
  recording.set_source(v1::SUBMISSION);
  recording.set_event_key(std::string(kOurWord) + "recording");
  *recording.mutable_received_time() = base::ToProto(handover.at);
  facts.push_back(std::move(recording));
  return facts;
}

Fact NamedByLabel(Fact fact, const std::string& label) {
  if (label.empty() || LegIdOf(fact) != label) return fact;
  fact.set_leg_id("agent");
  fact.set_party(v1::Leg::AGENT);
  return fact;
}

}  // namespace ctc::session::domain
