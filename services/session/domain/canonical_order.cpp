// Canonical order of facts; see the header for the rule.
#include "services/session/domain/canonical_order.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_set>

#include "libs/base/proto_time.h"

namespace ctc::session::domain {
namespace {

int Rank(v1::CallFact::Kind kind) {
  switch (kind) {
    case v1::CallFact::KIND_UNSPECIFIED:
    case v1::CallFact::CALL_INITIATED:
      return 0;
    case v1::CallFact::CALL_RINGING:
      return 1;
    case v1::CallFact::CALL_ANSWERED:
      return 2;
    case v1::CallFact::CALL_HELD:
    case v1::CallFact::CALL_RESUMED:
    case v1::CallFact::CALL_MUTED:
    case v1::CallFact::CALL_UNMUTED:
    case v1::CallFact::PARTY_REPLACED:
    case v1::CallFact::RECORDING_STARTED:
    case v1::CallFact::RECORDING_PAUSED:
    case v1::CallFact::RECORDING_RESUMED:
    case v1::CallFact::DTMF_RECEIVED:
    case v1::CallFact::CANCEL_REQUESTED:
      return 3;
    case v1::CallFact::CALL_ENDED:
    case v1::CallFact::CALL_BUSY:
    case v1::CallFact::CALL_NO_ANSWER:
    case v1::CallFact::CALL_REJECTED:
    case v1::CallFact::CALL_FAILED:
    case v1::CallFact::CALL_CANCELLED:
    case v1::CallFact::CALL_MACHINE:
    case v1::CallFact::CALL_TRANSFERRED:
      return 9;
    case v1::CallFact::RECORDING_STOPPED:
    case v1::CallFact::RECORDING_READY:
    case v1::CallFact::RECORDING_FAILED:
      return 10;
    default:
      return 0;  // a kind of a newer release: kept, without effect
  }
}

// The leg a sequence number belongs to.
std::string LegKey(const Fact& fact) {
  return fact.provider_leg_id().empty() ? std::to_string(fact.party()) : fact.provider_leg_id();
}

Placed Place(const Fact& fact) {
  if (fact.has_provider_time()) return {&fact, base::FromProto(fact.provider_time()), true};
  return {&fact, base::FromProto(fact.received_time()), false};
}

bool Before(const Placed& a, const Placed& b) {
  const auto key = [](const Placed& p) {
    return std::make_tuple(p.at, Rank(p.fact->kind()), p.fact->sequence(),
                           static_cast<int>(p.fact->kind()), std::string_view(p.fact->event_key()),
                           base::FromProto(p.fact->received_time()));
  };
  return key(a) < key(b);
}

// Providers' times have one second's grain and step; their sequence does not.
void RaiseBySequence(std::vector<Placed>& placed) {
  std::map<std::string, std::vector<Placed*>> legs;
  for (Placed& p : placed) {
    if (p.fact->sequence() > 0) legs[LegKey(*p.fact)].push_back(&p);
  }
  for (auto& [leg, facts] : legs) {
    std::sort(facts.begin(), facts.end(), [](const Placed* a, const Placed* b) {
      return std::make_tuple(a->fact->sequence(), std::string_view(a->fact->event_key())) <
             std::make_tuple(b->fact->sequence(), std::string_view(b->fact->event_key()));
    });
    for (size_t i = 1; i < facts.size(); ++i) {
      facts[i]->at = std::max(facts[i]->at, facts[i - 1]->at);
    }
  }
}

}  // namespace

std::vector<Placed> Order(const Facts& facts) {
  std::vector<Placed> sorted;
  sorted.reserve(facts.size());
  for (const Fact& fact : facts) sorted.push_back(Place(fact));
  std::sort(sorted.begin(), sorted.end(), Before);
  std::vector<Placed> unique;
  unique.reserve(sorted.size());
  std::unordered_set<std::string_view> seen;
  for (const Placed& p : sorted) {
    if (seen.insert(p.fact->event_key()).second) unique.push_back(p);
  }
  RaiseBySequence(unique);
  std::sort(unique.begin(), unique.end(), Before);
  return unique;
}

bool Precedes(const Placed& a, const Placed& b) {
  if (a.fact->sequence() > 0 && b.fact->sequence() > 0 && LegKey(*a.fact) == LegKey(*b.fact)) {
    return a.fact->sequence() < b.fact->sequence();
  }
  const int rank_a = Rank(a.fact->kind());
  const int rank_b = Rank(b.fact->kind());
  if (a.timed && b.timed) return std::make_tuple(a.at, rank_a) < std::make_tuple(b.at, rank_b);
  return rank_a < rank_b;
}

absl::Duration Between(const Placed& from, const Placed& to) {
  if (from.timed && to.timed && from.at <= to.at) return to.at - from.at;
  const absl::Duration heard =
      base::FromProto(to.fact->received_time()) - base::FromProto(from.fact->received_time());
  return std::max(heard, absl::ZeroDuration());
}

bool IsEnding(v1::CallFact::Kind kind) { return Rank(kind) == 9; }

bool IsLate(const Facts& known, const Fact& fact) {
  const Placed placed = Place(fact);
  return std::any_of(known.begin(), known.end(),
                     [&](const Fact& other) { return Before(placed, Place(other)); });
}

}  // namespace ctc::session::domain
