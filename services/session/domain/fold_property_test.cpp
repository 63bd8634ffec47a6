// Properties of the fold over seeded random sets of facts.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <sstream>

#include "libs/base/proto_time.h"
#include "services/session/domain/facts_for_test.h"
#include "services/session/domain/feed_events.h"
#include "services/session/domain/fold.h"
#include "services/session/domain/inbound.h"
#include "services/session/domain/parties.h"

namespace ctc::session::domain {
namespace {

constexpr uint32_t kSeed = 20251203;

class RandomFacts {
 public:
  explicit RandomFacts(uint32_t seed) : random_(seed) {}
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }

  Fact One(int i) {
    const auto kind = static_cast<v1::CallFact::Kind>(1 + Below(22));
    Fact fact = AFact(kind, Below(120), "event" + std::to_string(i));
    fact.set_party(static_cast<v1::Leg::Party>(Below(Below(2) == 0 ? 3 : 6)));
    if (IsExtra(fact.party()) && Below(2) == 0) fact.set_leg_id(LegIdOf(fact));
    fact.set_source(static_cast<v1::KnownBy>(1 + Below(6)));
    if (Below(4) == 0) fact.clear_provider_time();
    if (Below(5) == 0) fact.set_duration_seconds(Below(100));
    if (Below(3) == 0) fact.set_sequence(1 + Below(6));
    if (Below(2) == 0) fact.set_provider_leg_id("leg" + std::to_string(Below(3)));
    if (Below(10) == 0) *fact.mutable_provider_time() = base::ToProto(At(Below(120) - 3600));
    *fact.mutable_received_time() = base::ToProto(At(Below(150)));
    return fact;
  }

  // An offer to an agent, or its end.
  Fact Offer() {
    const int step = 1 + Below(3);
    const absl::Time at = At(Below(150));
    return Below(2) == 0 ? OfferFact(step, at, "why")
                         : OfferOverFact(step, v1::CallFact::CALL_NO_ANSWER, at);
  }

  CallStart Start() {
    const int which = Below(3);
    return which == 0 ? AgentFirst() : which == 1 ? CustomerOnly() : Inbound();
  }

  Facts Set() {
    Facts facts;
    for (int i = Below(4); i > 0; --i) facts.push_back(Offer());
    const int count = 1 + Below(12);
    for (int i = 0; i < count; ++i) facts.push_back(One(i));
    return facts;
  }

  void Shuffle(Facts& facts) { std::shuffle(facts.begin(), facts.end(), random_); }

 private:
  std::mt19937 random_;
};

std::string Text(const std::optional<absl::Time>& time) {
  return time ? absl::FormatTime(*time) : "-";
}

std::string Text(const SessionState& s) {
  std::ostringstream out;
  out << v1::Session::Status_Name(s.status) << ' ' << s.known_by << ' ' << s.end_reason << ' '
      << Text(s.started_at) << ' ' << Text(s.answered_at) << ' ' << Text(s.ended_at) << ' '
      << s.duration_seconds << ' ' << s.hold_seconds << ' ' << s.ring_seconds << ' ' << s.is_muted
      << s.is_recorded << static_cast<int>(s.recording) << s.cancel_requested << s.recording_url
      << s.offer_open << s.cause << s.error_code << s.error_message;
  for (const v1::Leg& leg : s.legs) out << '\n' << leg.ShortDebugString();
  return out.str();
}

}  // namespace

TEST_CASE("any order with any repetitions gives the same state", "[session][fold][property]") {
  RandomFacts random(kSeed);
  for (int round = 0; round < 2000; ++round) {
    Facts facts = random.Set();
    const CallStart start = random.Start();
    const std::string expected = Text(Fold(start, facts));
    Facts again = facts;
    for (int i = random.Below(6); i > 0; --i) {
      again.push_back(facts[static_cast<size_t>(random.Below(static_cast<int>(facts.size())))]);
    }
    random.Shuffle(again);
    INFO("seed " << kSeed << ", round " << round);
    REQUIRE(Text(Fold(start, again)) == expected);
  }
}

TEST_CASE("no figure is ever negative and times keep their order", "[session][fold][property]") {
  RandomFacts random(kSeed + 1);
  for (int round = 0; round < 2000; ++round) {
    const SessionState state = Fold(random.Start(), random.Set());
    INFO("seed " << kSeed + 1 << ", round " << round << ": " << Text(state));
    REQUIRE(state.duration_seconds >= 0);
    REQUIRE(state.hold_seconds >= 0);
    REQUIRE(state.ring_seconds >= 0);
    if (state.started_at && state.answered_at) REQUIRE(*state.started_at <= *state.answered_at);
    if (state.answered_at && state.ended_at) REQUIRE(*state.answered_at <= *state.ended_at);
    REQUIRE(IsLive(state.status) == !state.ended_at.has_value());
    REQUIRE(IsLive(state.status) == (state.end_reason == v1::END_REASON_UNSPECIFIED));
  }
}

TEST_CASE("an ended session never lives again, however facts arrive", "[session][fold][property]") {
  RandomFacts random(kSeed + 2);
  for (int round = 0; round < 2000; ++round) {
    const CallStart start = random.Start();
    const Facts facts = random.Set();
    Facts known;
    bool ended = false;
    for (const Fact& fact : facts) {
      known.push_back(fact);
      const SessionState state = Fold(start, known);
      INFO("seed " << kSeed + 2 << ", round " << round << ": " << Text(state));
      REQUIRE_FALSE((ended && IsLive(state.status)));
      ended = !IsLive(state.status);
    }
  }
}

TEST_CASE("summed deltas of the feed are the figures", "[session][feed][property]") {
  RandomFacts random(kSeed + 3);
  for (int round = 0; round < 2000; ++round) {
    const CallStart start = random.Start();
    SessionState state = Fold(start, {});
    Status counted_in = v1::Session::INITIATED;
    int32_t talk = 0;
    Facts known;
    for (const Fact& fact : random.Set()) {
      Facts next = known;
      next.push_back(fact);
      const SessionState after = Fold(start, next);
      const auto events = DiffEvents(state, after, fact, false);
      REQUIRE_FALSE(events.empty());
      for (const v1::CallEvent& event : events) {
        if (event.old_status() != event.new_status()) {
          REQUIRE(event.old_status() == counted_in);
          counted_in = event.new_status();
        }
        talk += event.duration_delta_seconds();
      }
      state = after;
      known = next;
    }
    INFO("seed " << kSeed + 3 << ", round " << round << ": " << Text(state));
    REQUIRE(counted_in == state.status);
    REQUIRE(talk == state.duration_seconds);
  }
}

}  // namespace ctc::session::domain
