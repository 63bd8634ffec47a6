// Who takes part beside the agent and the customer, and what an agent's leaving means then.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/session/domain/canonical_order.h"

namespace ctc::session::domain {

// True for those consulted, guests and supervisors: their legs never change the session's status.
inline bool IsExtra(v1::Leg::Party party) {
  return party == v1::Leg::CONSULT || party == v1::Leg::GUEST || party == v1::Leg::SUPERVISOR;
}

// Id of the leg a fact is about; empty for a fact about no leg in particular.
std::string LegIdOf(const Fact& fact);

// Whose leg that is, by its id, as "consult-1"; PARTY_UNSPECIFIED for none of ours.
v1::Leg::Party PartyOfLeg(std::string_view leg_id);

// The next free id for a leg of `party`, as "party-2". The agent's first leg is "agent".
std::string NextLegId(const Facts& facts, v1::Leg::Party party);

// Prefix of the event keys of our own word on a call's parties. Such facts are committed while the
// session lives, before what they tell is asked for; what others say is never taken for them.
inline constexpr std::string_view kOurWord = "ours:";

// Our word that we have a leg dialled: committed before the request leaves.
bool IsDialledByUs(const Fact& fact);

// Our word that the session went over to another one.
bool IsHandover(const Fact& fact);

// True when the end of an agent's leg is not the end of the session: the leg left in favour of a
// transfer, or somebody that we had dialled was still there, or being rung. Since only our own
// word, committed while the session lived, can make it true, no late fact revives an ended session.
bool LeavesCompany(const std::vector<Placed>& facts, const Placed& ending);

// Ids of legs that we had dialled and whose end nobody told, in the order dialled.
std::vector<std::string> OpenLegs(const Facts& facts, v1::Leg::Party party);

}  // namespace ctc::session::domain
