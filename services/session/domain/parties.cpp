// Legs by their ids, and the rules on company.
#include "services/session/domain/parties.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/proto_time.h"

namespace ctc::session::domain {
namespace {

using Kind = v1::CallFact;

struct Name {
  std::string_view prefix;
  v1::Leg::Party party;
};
constexpr Name kNames[] = {{"agent", v1::Leg::AGENT},
                           {"customer", v1::Leg::CUSTOMER},
                           {"consult", v1::Leg::CONSULT},
                           {"supervisor", v1::Leg::SUPERVISOR},
                           {"party", v1::Leg::GUEST}};

std::string_view PrefixOf(v1::Leg::Party party) {
  for (const Name& name : kNames) {
    if (name.party == party) return name.prefix;
  }
  return "";
}

// The number at the end of "party-2"; 1 for a name without one, 0 for no name of this party.
int NumberOf(std::string_view leg_id, v1::Leg::Party party) {
  if (PartyOfLeg(leg_id) != party) return 0;
  const std::string_view rest = leg_id.substr(PrefixOf(party).size());
  int number = 1;
  if (rest.size() > 1 &&
      !absl::SimpleAtoi(absl::string_view(rest.data() + 1, rest.size() - 1), &number)) {
    return 0;
  }
  return number;
}

bool IsOurs(const Fact& fact) { return fact.event_key().starts_with(kOurWord); }

absl::Time HeardAt(const Fact& fact) { return base::FromProto(fact.received_time()); }

// By the provider's clock where both have its time, else by when we heard of it.
bool NotAfter(const Placed& a, const Placed& b) {
  if (a.timed && b.timed) return a.at <= b.at;
  return HeardAt(*a.fact) <= HeardAt(*b.fact);
}

bool HasEnded(const std::vector<Placed>& facts, const std::string& leg, const Placed& by) {
  return std::any_of(facts.begin(), facts.end(), [&](const Placed& p) {
    return IsEnding(p.fact->kind()) && LegIdOf(*p.fact) == leg && NotAfter(p, by);
  });
}

}  // namespace

std::string LegIdOf(const Fact& fact) {
  if (!fact.leg_id().empty()) return fact.leg_id();
  if (fact.party() == v1::Leg::PARTY_UNSPECIFIED) return "";
  std::string id(PrefixOf(fact.party()));
  return IsExtra(fact.party()) ? id + "-1" : id;
}

v1::Leg::Party PartyOfLeg(std::string_view leg_id) {
  for (const Name& name : kNames) {
    if (!leg_id.starts_with(name.prefix)) continue;
    if (leg_id.size() == name.prefix.size() || leg_id[name.prefix.size()] == '-') return name.party;
  }
  return v1::Leg::PARTY_UNSPECIFIED;
}

std::string NextLegId(const Facts& facts, v1::Leg::Party party) {
  int last = party == v1::Leg::AGENT ? 1 : 0;
  for (const Fact& fact : facts) last = std::max(last, NumberOf(LegIdOf(fact), party));
  return absl::StrCat(absl::string_view(PrefixOf(party).data(), PrefixOf(party).size()), "-",
                      last + 1);
}

bool IsDialledByUs(const Fact& fact) { return IsOurs(fact) && fact.kind() == Kind::CALL_INITIATED; }

bool IsHandover(const Fact& fact) {
  return IsOurs(fact) && fact.kind() == Kind::CALL_TRANSFERRED &&
         fact.party() == v1::Leg::PARTY_UNSPECIFIED;
}

bool LeavesCompany(const std::vector<Placed>& facts, const Placed& ending) {
  const std::string leg = LegIdOf(*ending.fact);
  return std::any_of(facts.begin(), facts.end(), [&](const Placed& p) {
    const Fact& fact = *p.fact;
    if (!IsOurs(fact)) return false;
    if (fact.kind() == Kind::CALL_TRANSFERRED && fact.party() == v1::Leg::AGENT) {
      return LegIdOf(fact) == leg;
    }
    const bool talks = fact.party() == v1::Leg::CONSULT || fact.party() == v1::Leg::GUEST;
    return talks && IsDialledByUs(fact) && HeardAt(fact) <= HeardAt(*ending.fact) &&
           !HasEnded(facts, LegIdOf(fact), ending);
  });
}

std::vector<std::string> OpenLegs(const Facts& facts, v1::Leg::Party party) {
  std::vector<std::string> open;
  for (const Fact& fact : facts) {
    if (fact.party() != party || !IsDialledByUs(fact)) continue;
    const std::string leg = LegIdOf(fact);
    const bool ended = std::any_of(facts.begin(), facts.end(), [&](const Fact& other) {
      return IsEnding(other.kind()) && LegIdOf(other) == leg;
    });
    if (!ended && std::find(open.begin(), open.end(), leg) == open.end()) open.push_back(leg);
  }
  return open;
}

}  // namespace ctc::session::domain
