// What differs in the fold of an inbound call: the caller is there from the start, agents are
// offered the call one after another, and an agent's answer is what joins. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "services/session/domain/canonical_order.h"

namespace ctc::session::domain {

// The call is offered to an agent or a number by step `step` of its flow. Kept with the facts, so
// that the fold knows who was tried.
Fact OfferFact(int step, absl::Time now, std::string_view phone);
// That offer is over; `kind` is how.
Fact OfferOverFact(int step, v1::CallFact::Kind kind, absl::Time now);
bool IsOffer(const Fact& fact);
// True for both of the above: our own notes, not a provider's word on a leg.
bool IsOfferNote(const Fact& fact);

// True for the agent's own leg, whichever attempt; not for a consulted or listening agent's.
bool OfAgentLeg(const Fact& fact);

// True for an answer that joins: of the conversation, in an inbound call of the agent.
bool Joins(v1::Session::Direction direction, const Fact& fact);

// False for an ending that leaves the caller of an inbound call where it is: of an agent's leg that
// had not answered, and a machine's that took a message.
bool MayEndSession(v1::Session::Direction direction, const std::vector<Placed>& facts,
                   const Placed& ending);

struct Offers {
  bool open = false;   // an agent was offered the call and has neither taken nor missed it
  bool rings = false;  // and its phone rings
};
Offers ReadOffers(const std::vector<Placed>& facts);

// `facts` without those of attempts to reach an agent before the last one.
std::vector<Placed> OfLastAttempt(const std::vector<Placed>& facts);

}  // namespace ctc::session::domain
