// Legs: each connection to a party, apart from the session, so that "the agent never picked up" is
// never told as "the customer did not answer".
#include "services/session/domain/legs.h"

#include <algorithm>

namespace ctc::session::domain {
namespace {

std::string LegId(v1::Leg::Party party) {
  switch (party) {
    case v1::Leg::AGENT:
      return "agent";
    case v1::Leg::CONSULT:
      return "consult";
    case v1::Leg::SUPERVISOR:
      return "supervisor";
    default:
      return "customer";
  }
}

v1::Leg& LegOf(std::vector<v1::Leg>& legs, const CallStart& start, v1::Leg::Party party) {
  for (v1::Leg& leg : legs) {
    if (leg.party() == party) return leg;
  }
  v1::Leg& leg = legs.emplace_back();
  leg.set_id(LegId(party));
  leg.set_party(party);
  leg.set_state(v1::Leg::DIALLING);
  if (party == v1::Leg::CUSTOMER) leg.set_phone(start.customer_phone);
  if (party == v1::Leg::AGENT) leg.set_phone(start.agent_phone);
  return leg;
}

void Advance(v1::Leg& leg, v1::Leg::State state) { leg.set_state(std::max(leg.state(), state)); }

void ApplyToLeg(v1::Leg& leg, const Placed& placed) {
  const Fact& fact = *placed.fact;
  if (!fact.provider_leg_id().empty()) leg.set_provider_leg_id(fact.provider_leg_id());
  if (fact.kind() == v1::CallFact::CALL_RINGING) {
    Advance(leg, v1::Leg::RINGING);
    if (!leg.has_ringing_at()) *leg.mutable_ringing_at() = ToProto(placed.at);
  } else if (fact.kind() == v1::CallFact::CALL_ANSWERED) {
    Advance(leg, v1::Leg::ANSWERED);
    if (!leg.has_answered_at()) *leg.mutable_answered_at() = ToProto(placed.at);
  } else if (IsEnding(fact.kind()) && fact.kind() != v1::CallFact::CALL_MACHINE) {
    Advance(leg, v1::Leg::ENDED);
    if (!leg.has_ended_at()) *leg.mutable_ended_at() = ToProto(placed.at);
    if (leg.cause().empty()) leg.set_cause(fact.cause());
  }
}

void Join(v1::Leg& leg, absl::Time at) {
  Advance(leg, v1::Leg::ANSWERED);
  if (!leg.has_answered_at()) *leg.mutable_answered_at() = ToProto(at);
}

void End(v1::Leg& leg, absl::Time at) {
  Advance(leg, v1::Leg::ENDED);
  if (!leg.has_ended_at()) *leg.mutable_ended_at() = ToProto(at);
}

}  // namespace

std::vector<v1::Leg> FoldLegs(const CallStart& start, const std::vector<Placed>& facts,
                              std::optional<absl::Time> joined_at,
                              std::optional<absl::Time> ended_at) {
  std::vector<v1::Leg> legs;
  const bool agent_first = !start.agent_phone.empty();
  LegOf(legs, start, agent_first ? v1::Leg::AGENT : v1::Leg::CUSTOMER);
  for (const Placed& placed : facts) {
    if (placed.fact->party() != v1::Leg::PARTY_UNSPECIFIED) {
      ApplyToLeg(LegOf(legs, start, placed.fact->party()), placed);
    } else if (!agent_first && placed.fact->kind() == v1::CallFact::CALL_RINGING) {
      ApplyToLeg(LegOf(legs, start, v1::Leg::CUSTOMER), placed);
    }
  }
  if (joined_at) {
    if (agent_first) Join(LegOf(legs, start, v1::Leg::AGENT), *joined_at);
    Join(LegOf(legs, start, v1::Leg::CUSTOMER), *joined_at);
  }
  if (ended_at) {
    for (v1::Leg& leg : legs) End(leg, *ended_at);
  }
  std::sort(legs.begin(), legs.end(),
            [](const v1::Leg& a, const v1::Leg& b) { return a.party() < b.party(); });
  return legs;
}

}  // namespace ctc::session::domain
