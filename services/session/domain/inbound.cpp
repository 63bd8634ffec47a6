// Offers and attempts; see the header for the rules.
#include "services/session/domain/inbound.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "libs/base/proto_time.h"

namespace ctc::session::domain {
namespace {

using Kind = v1::CallFact;

constexpr std::string_view kPrefix = "offer:";
constexpr std::string_view kOver = ":over";

Fact Note(std::string key, v1::CallFact::Kind kind, absl::Time now) {
  Fact fact;
  fact.set_event_key(std::move(key));
  fact.set_kind(kind);
  fact.set_party(v1::Leg::AGENT);
  fact.set_source(v1::SUBMISSION);
  *fact.mutable_received_time() = base::ToProto(now);
  return fact;
}

bool IsOver(const Fact& fact) { return IsOfferNote(fact) && fact.event_key().ends_with(kOver); }

absl::Time HeardAt(const Fact& fact) { return base::FromProto(fact.received_time()); }

// A leg that has an id answers before it ends. One without may be several, told apart by time: the
// provider's where both have it, else when we heard of it.
bool NotAfter(const Placed& answer, const Placed& ending) {
  if (!ending.fact->provider_leg_id().empty()) return true;
  if (answer.timed && ending.timed) return answer.at <= ending.at;
  return HeardAt(*answer.fact) <= HeardAt(*ending.fact);
}

// Some who hear of facts note whole seconds.
bool HeardSince(const Fact& fact, absl::Time offer) {
  const bool whole = fact.received_time().nanos() == 0;
  return HeardAt(fact) >= (whole ? absl::FromUnixSeconds(absl::ToUnixSeconds(offer)) : offer);
}

// When the last offer was written down: by our clock, as the times facts were heard of at.
absl::Time LastOffer(const std::vector<Placed>& facts) {
  absl::Time last = absl::InfinitePast();
  for (const Placed& p : facts) {
    if (IsOffer(*p.fact)) last = std::max(last, HeardAt(*p.fact));
  }
  return last;
}

// The provider's id of the agent's leg that began last among those heard of since `offer`.
std::string_view LastLeg(const std::vector<Placed>& facts, absl::Time offer) {
  std::set<std::string_view> old;
  std::map<std::string_view, absl::Time> begins;
  for (const Placed& p : facts) {
    const std::string_view id = p.fact->provider_leg_id();
    if (!OfAgentLeg(*p.fact) || id.empty()) continue;
    if (!HeardSince(*p.fact, offer)) old.insert(id);
    begins.emplace(id, p.at);  // facts are in order: the first one stays
  }
  std::string_view last;
  absl::Time begin = absl::InfinitePast();
  for (const auto& [id, at] : begins) {
    if (old.contains(id) || at < begin) continue;
    last = id;
    begin = at;
  }
  return last;
}

}  // namespace

Fact OfferFact(int step, absl::Time now, std::string_view phone) {
  Fact fact = Note(absl::StrCat("offer:", step), Kind::CALL_INITIATED, now);
  fact.set_phone(std::string(phone));
  return fact;
}

Fact OfferOverFact(int step, v1::CallFact::Kind kind, absl::Time now) {
  return Note(absl::StrCat("offer:", step, ":over"), kind, now);
}

bool IsOfferNote(const Fact& fact) {
  return fact.source() == v1::SUBMISSION && fact.event_key().starts_with(kPrefix);
}

bool IsOffer(const Fact& fact) { return IsOfferNote(fact) && !fact.event_key().ends_with(kOver); }

bool OfAgentLeg(const Fact& fact) {
  return fact.party() == v1::Leg::AGENT && (fact.leg_id().empty() || fact.leg_id() == "agent");
}

bool Joins(v1::Session::Direction direction, const Fact& fact) {
  if (fact.kind() != Kind::CALL_ANSWERED) return false;
  if (direction != v1::Session::INBOUND) return OfConversation(fact);
  return fact.party() == v1::Leg::PARTY_UNSPECIFIED || OfAgentLeg(fact);
}

bool MayEndSession(v1::Session::Direction direction, const std::vector<Placed>& facts,
                   const Placed& ending) {
  const Fact& fact = *ending.fact;
  if (direction != v1::Session::INBOUND) return true;
  if (fact.kind() == Kind::CALL_MACHINE || IsOfferNote(fact)) return false;
  return !OfAgentLeg(fact) || std::any_of(facts.begin(), facts.end(), [&](const Placed& p) {
    return OfAgentLeg(*p.fact) && p.fact->kind() == Kind::CALL_ANSWERED &&
           p.fact->provider_leg_id() == fact.provider_leg_id() && NotAfter(p, ending);
  });
}

Offers ReadOffers(const std::vector<Placed>& facts) {
  std::set<std::string> offered;
  std::set<std::string> over;
  std::set<std::string_view> ended;
  for (const Placed& p : facts) {
    const Fact& fact = *p.fact;
    if (IsOffer(fact)) offered.insert(fact.event_key() + std::string(kOver));
    if (IsOver(fact)) over.insert(fact.event_key());
    if (OfAgentLeg(fact) && IsEnding(fact.kind())) ended.insert(fact.provider_leg_id());
  }
  Offers offers;
  offers.open = !std::includes(over.begin(), over.end(), offered.begin(), offered.end());
  if (!offers.open && !offered.empty()) return offers;
  // A leg that has no id of its own is one for all attempts: there its last word counts.
  bool nameless = false;
  for (const Placed& p : facts) {
    const Fact& fact = *p.fact;
    if (!OfAgentLeg(fact) || IsOfferNote(fact)) continue;
    const bool rings = fact.kind() == Kind::CALL_RINGING;
    if (fact.provider_leg_id().empty()) {
      if (rings || IsEnding(fact.kind())) nameless = rings;
    } else {
      offers.rings |= rings && !ended.contains(fact.provider_leg_id());
    }
  }
  offers.rings |= nameless;
  return offers;
}

std::vector<Placed> OfLastAttempt(const std::vector<Placed>& facts) {
  const absl::Time offer = LastOffer(facts);
  const std::string_view leg = LastLeg(facts, offer);
  std::vector<Placed> kept;
  for (const Placed& p : facts) {
    const std::string_view id = p.fact->provider_leg_id();
    const bool of_last = id.empty() ? HeardSince(*p.fact, offer) : id == leg;
    if (!OfAgentLeg(*p.fact) || of_last) kept.push_back(p);
  }
  return kept;
}

}  // namespace ctc::session::domain
