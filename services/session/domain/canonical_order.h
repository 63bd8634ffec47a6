// The order in which facts count, whatever order they arrived in, and how much each weighs.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <vector>

#include "services/session/domain/state.h"

namespace ctc::session::domain {

// A fact with its place in time. `at` is the provider's time, made to rise with the provider's
// sequence within a leg; where the provider gave none, the time we heard of it.
struct Placed {
  const Fact* fact = nullptr;
  absl::Time at;
  bool timed = false;  // `at` is by the provider's clock
};

// The facts without repetitions (the same event key), in canonical order: time, rank, sequence,
// kind, event key. The same for every order and repetition of `facts`, whose elements must outlive
// it.
std::vector<Placed> Order(const Facts& facts);

// Whether `a` happened before `b`: by sequence within a leg, else by the provider's times, else by
// rank, since a fact without time cannot be placed by when it happened to arrive.
bool Precedes(const Placed& a, const Placed& b);

// The time between two facts, never negative: by provider times where both have one and they rise
// (clocks step), else by ours.
absl::Duration Between(const Placed& from, const Placed& to);

// Weight of evidence: the larger wins a contradiction.
inline int Weight(const Fact& fact) { return static_cast<int>(fact.source()); }

// True for the kinds that say "over".
bool IsEnding(v1::CallFact::Kind kind);

// True for a fact about the conversation: of the customer, or of no leg in particular.
inline bool OfConversation(const Fact& fact) {
  return fact.party() == v1::Leg::PARTY_UNSPECIFIED || fact.party() == v1::Leg::CUSTOMER;
}

// True when `fact` sorts before one of `known`: it came late.
bool IsLate(const Facts& known, const Fact& fact);

}  // namespace ctc::session::domain
