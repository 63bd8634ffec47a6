// Legs: each connection to a party, apart from the session, so that "the agent never picked up" is
// never told as "the customer did not answer".
#include "services/session/domain/legs.h"

#include <algorithm>
#include <tuple>

#include "libs/base/proto_time.h"
#include "services/session/domain/inbound.h"
#include "services/session/domain/parties.h"

namespace ctc::session::domain {
namespace {

v1::Leg& LegOf(std::vector<v1::Leg>& legs, const CallStart& start, v1::Leg::Party party,
               const std::string& id) {
  for (v1::Leg& leg : legs) {
    if (leg.id() == id) return leg;
  }
  v1::Leg& leg = legs.emplace_back();
  leg.set_id(id);
  leg.set_party(party);
  leg.set_state(v1::Leg::DIALLING);
  if (party == v1::Leg::CUSTOMER) leg.set_phone(start.customer_phone);
  if (party == v1::Leg::AGENT) leg.set_phone(start.agent_phone);
  return leg;
}

v1::Leg& AgentLeg(std::vector<v1::Leg>& legs, const CallStart& start) {
  return LegOf(legs, start, v1::Leg::AGENT, "agent");
}
v1::Leg& CustomerLeg(std::vector<v1::Leg>& legs, const CallStart& start) {
  return LegOf(legs, start, v1::Leg::CUSTOMER, "customer");
}

void Advance(v1::Leg& leg, v1::Leg::State state) { leg.set_state(std::max(leg.state(), state)); }

void ApplyToLeg(v1::Leg& leg, const Placed& placed) {
  const Fact& fact = *placed.fact;
  if (!fact.phone().empty()) leg.set_phone(fact.phone());
  if (!fact.provider_leg_id().empty()) leg.set_provider_leg_id(fact.provider_leg_id());
  if (fact.kind() == v1::CallFact::CALL_RINGING) {
    Advance(leg, v1::Leg::RINGING);
    if (!leg.has_ringing_at()) *leg.mutable_ringing_at() = base::ToProto(placed.at);
  } else if (fact.kind() == v1::CallFact::CALL_ANSWERED) {
    Advance(leg, v1::Leg::ANSWERED);
    if (!leg.has_answered_at()) *leg.mutable_answered_at() = base::ToProto(placed.at);
  } else if (IsEnding(fact.kind()) && fact.kind() != v1::CallFact::CALL_MACHINE) {
    Advance(leg, v1::Leg::ENDED);
    if (!leg.has_ended_at()) *leg.mutable_ended_at() = base::ToProto(placed.at);
    if (leg.cause().empty()) leg.set_cause(fact.cause());
  }
}

void Join(v1::Leg& leg, absl::Time at) {
  Advance(leg, v1::Leg::ANSWERED);
  if (!leg.has_answered_at()) *leg.mutable_answered_at() = base::ToProto(at);
}

void End(v1::Leg& leg, absl::Time at) {
  Advance(leg, v1::Leg::ENDED);
  if (!leg.has_ended_at()) *leg.mutable_ended_at() = base::ToProto(at);
}

// The legs there are before any fact.
std::vector<v1::Leg> FirstLegs(const CallStart& start) {
  std::vector<v1::Leg> legs;
  if (start.direction == v1::Session::INBOUND) {
    // The caller is connected to our menu, which is no talk yet.
    Join(CustomerLeg(legs, start), start.created_at);
    return legs;
  }
  start.agent_phone.empty() ? CustomerLeg(legs, start) : AgentLeg(legs, start);
  return legs;
}

}  // namespace

std::vector<v1::Leg> FoldLegs(const CallStart& start, const std::vector<Placed>& facts,
                              std::optional<absl::Time> joined_at,
                              std::optional<absl::Time> ended_at) {
  std::vector<v1::Leg> legs = FirstLegs(start);
  const bool inbound = start.direction == v1::Session::INBOUND;
  const bool agent_first = inbound || !start.agent_phone.empty();
  std::vector<Placed> last_attempt;
  if (inbound) last_attempt = OfLastAttempt(facts);
  for (const Placed& placed : inbound ? last_attempt : facts) {
    if (placed.fact->party() != v1::Leg::PARTY_UNSPECIFIED) {
      ApplyToLeg(LegOf(legs, start, placed.fact->party(), LegIdOf(*placed.fact)), placed);
    } else if (!agent_first && placed.fact->kind() == v1::CallFact::CALL_RINGING) {
      ApplyToLeg(CustomerLeg(legs, start), placed);
    }
  }
  if (joined_at) {
    if (agent_first) Join(AgentLeg(legs, start), *joined_at);
    Join(CustomerLeg(legs, start), *joined_at);
  }
  if (ended_at) {
    for (v1::Leg& leg : legs) End(leg, *ended_at);
  }
  const auto key = [](const v1::Leg& leg) {
    return std::make_tuple(leg.party(), leg.id().size(), std::string_view(leg.id()));
  };
  std::sort(legs.begin(), legs.end(),
            [&](const v1::Leg& a, const v1::Leg& b) { return key(a) < key(b); });
  return legs;
}

}  // namespace ctc::session::domain
