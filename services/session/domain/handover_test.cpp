// Facts after a handover: whose they are, whatever order they arrive in.
#include "services/session/domain/handover.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "libs/base/proto_time.h"
#include "services/session/domain/facts_for_test.h"
#include "services/session/domain/fold.h"
#include "services/session/domain/parties.h"
#include "services/session/domain/transfer.h"

namespace ctc::session::domain {
namespace {

using F = v1::CallFact;
using L = v1::Leg;
using S = v1::Session;

Fact OnLeg(const std::string& leg, Fact fact) {
  fact.set_leg_id(leg);
  fact.set_party(PartyOfLeg(leg));
  fact.set_event_key(fact.event_key() + leg);
  fact.set_provider_leg_id("CA-" + leg);
  return fact;
}

Fact Ours(std::string key, const std::string& leg, F::Kind kind, int seconds) {
  Fact fact = Untimed(AFact(kind, seconds, std::move(key)));
  fact.set_leg_id(leg);
  fact.set_party(PartyOfLeg(leg));
  fact.set_source(v1::SUBMISSION);
  *fact.mutable_received_time() = base::ToProto(At(seconds));
  return fact;
}

const Handover kHandover{At(40), "consult-1"};

// Agent, customer and a guest talk; consult-1 answered at 30.
Facts NeededBefore() {
  return {OnLeg("agent", AFact(F::CALL_ANSWERED, 5)),
          OnLeg("customer", AFact(F::CALL_ANSWERED, 10)),
          Ours(DialKey("party-1"), "party-1", F::CALL_INITIATED, 12),
          OnLeg("party-1", AFact(F::CALL_ANSWERED, 15)),
          Ours(DialKey("consult-1"), "consult-1", F::CALL_INITIATED, 20),
          OnLeg("consult-1", AFact(F::CALL_ANSWERED, 30))};
}
// Of before the handover as well, but some of it arrives late.
Facts MayBeLate() {
  return {
      OnLeg("agent", AFact(F::CALL_RINGING, 2)),  OnLeg("customer", AFact(F::CALL_RINGING, 7)),
      OnLeg("customer", AFact(F::CALL_HELD, 21)), OnLeg("consult-1", AFact(F::CALL_RINGING, 25)),
      OnLeg("agent", AFact(F::CALL_MUTED, 18)),   OnLeg("agent", AFact(F::CALL_UNMUTED, 19))};
}
Facts After() {
  return {OnLeg("agent", WithDuration(36, AFact(F::CALL_ENDED, 41))),
          OnLeg("customer", AFact(F::CALL_HELD, 50)),
          OnLeg("customer", AFact(F::CALL_RESUMED, 60)),
          OnLeg("party-1", AFact(F::CALL_ENDED, 70)),
          OnLeg("customer", WithDuration(90, AFact(F::CALL_ENDED, 100))),
          OnLeg("consult-1", WithDuration(70, AFact(F::CALL_ENDED, 101)))};
}

// Two sessions, fed as the service feeds them.
struct Conversation {
  CallStart start = AgentFirst();
  Facts old_facts;
  Facts new_facts;

  void HandOver() {
    new_facts = FirstFacts(Fold(start, old_facts), old_facts, kHandover);
    old_facts.push_back(Ours(LeavesKey("agent"), "agent", F::CALL_TRANSFERRED, 40));
    Fact over = Ours(std::string(kOurWord) + "over", "", F::CALL_TRANSFERRED, 40);
    over.set_reason(v1::HANDED_OVER);
    old_facts.push_back(over);
  }
  void Tell(const Fact& fact) {
    const auto carried = new_facts.empty() ? std::nullopt : CarriedOver(old_facts, kHandover, fact);
    Facts& facts = carried ? new_facts : old_facts;
    const bool known = std::any_of(facts.begin(), facts.end(), [&](const Fact& old) {
      return old.event_key() == fact.event_key();
    });
    if (!known) facts.push_back(carried.value_or(fact));
  }
  std::string Text() const {
    std::string text;
    for (const Facts& facts : {old_facts, new_facts}) {
      const SessionState s = Fold(start, facts);
      text += v1::Session::Status_Name(s.status) + " " + v1::EndReason_Name(s.end_reason) + " " +
              std::to_string(s.duration_seconds) + " " + std::to_string(s.hold_seconds) + " " +
              std::to_string(s.ring_seconds) + "\n";
      for (const L& leg : s.legs) text += leg.ShortDebugString() + "\n";
    }
    return text;
  }
};

bool Carries(const Fact& fact) {
  Facts old_facts = NeededBefore();
  return CarriedOver(old_facts, kHandover, fact).has_value();
}

}  // namespace

TEST_CASE("the ends of those who stayed go on, the agent's and the past stay",
          "[session][handover]") {
  CHECK(Carries(OnLeg("customer", AFact(F::CALL_ENDED, 100))));
  CHECK(Carries(AFact(F::CALL_ENDED, 100)));
  CHECK(Carries(OnLeg("party-1", AFact(F::CALL_ENDED, 100))));
  CHECK(Carries(OnLeg("customer", AFact(F::CALL_HELD, 50))));
  CHECK(Carries(AFact(F::RECORDING_READY, 120)));
  CHECK_FALSE(Carries(OnLeg("agent", AFact(F::CALL_ENDED, 41))));
  CHECK_FALSE(Carries(OnLeg("customer", AFact(F::CALL_RINGING, 7))));
  CHECK_FALSE(Carries(OnLeg("customer", AFact(F::CALL_ANSWERED, 50))));
  CHECK_FALSE(Carries(OnLeg("customer", AFact(F::CALL_HELD, 21))));
  // A second word on the end of those who had left before.
  Facts with_gone = NeededBefore();
  for (const char* leg : {"party-2", "consult-2"}) {
    with_gone.push_back(Ours(DialKey(leg), leg, F::CALL_INITIATED, 15));
    with_gone.push_back(OnLeg(leg, AFact(F::CALL_BUSY, 18)));
    CHECK_FALSE(CarriedOver(with_gone, kHandover, OnLeg(leg, AFact(F::CALL_ENDED, 50))));
  }
}

TEST_CASE("a recording that goes on after the handover is the old session's too",
          "[session][handover]") {
  SessionState old;
  CHECK_FALSE(EndsRecordingOf(old, {}, AFact(F::RECORDING_READY, 120)));
  old.recording = RecordingState::kRunning;
  CHECK(EndsRecordingOf(old, {}, AFact(F::RECORDING_STOPPED, 120)));
  CHECK(EndsRecordingOf(old, {}, AFact(F::RECORDING_FAILED, 120)));
  CHECK(EndsRecordingOf(old, {}, AFact(F::RECORDING_READY, 120)));
  CHECK_FALSE(EndsRecordingOf(old, {}, AFact(F::CALL_ENDED, 120)));
  old.recording = RecordingState::kStopped;
  CHECK(EndsRecordingOf(old, {}, AFact(F::RECORDING_READY, 120)));
  // Its own recording has come already: this one is the next session's alone.
  old.recording_url = "https://pbx.example.com/1.wav";
  CHECK_FALSE(EndsRecordingOf(old, {}, AFact(F::RECORDING_READY, 120)));
}

TEST_CASE("a recording that failed takes nothing of the next agent's", "[session][handover]") {
  Facts old = NeededBefore();
  old.push_back(AFact(F::RECORDING_STARTED, 11));
  const Fact failed = AFact(F::RECORDING_FAILED, 20);
  const auto ends = [&](F::Kind kind) {
    return EndsRecordingOf(Fold(AgentFirst(), old), old, AFact(kind, 120));
  };
  CHECK(ends(F::RECORDING_READY));
  old.insert(old.begin(), failed);  // in whatever order they were heard of
  for (const bool also_stopped : {false, true}) {
    if (also_stopped) old.push_back(AFact(F::RECORDING_STOPPED, 21));
    for (const F::Kind kind : {F::RECORDING_READY, F::RECORDING_STOPPED, F::RECORDING_FAILED}) {
      CHECK_FALSE(ends(kind));
    }
  }
  // Begun once more, and that one went on.
  old.push_back(AFact(F::RECORDING_STARTED, 25));
  CHECK(ends(F::RECORDING_READY));
  CHECK(ends(F::RECORDING_FAILED));
}

TEST_CASE("an end of no party in particular on the agent's leg is the agent's",
          "[session][handover]") {
  Fact ended = AFact(F::CALL_ENDED, 41);
  ended.set_provider_leg_id("CA-agent");
  CHECK_FALSE(Carries(ended));
  ended.set_provider_leg_id("CA-customer");
  CHECK(Carries(ended));
}

TEST_CASE("the target's leg is the next session's agent", "[session][handover]") {
  const auto carried = CarriedOver(NeededBefore(), kHandover,
                                   OnLeg("consult-1", WithDuration(70, AFact(F::CALL_ENDED, 101))));
  REQUIRE(carried.has_value());
  CHECK(carried->party() == L::AGENT);
  CHECK(carried->leg_id() == "agent");
  CHECK_FALSE(carried->has_duration_seconds());
}

TEST_CASE("a known fact sent again without a time stays where it is", "[session][handover]") {
  Facts old_facts = NeededBefore();
  Fact held = Untimed(OnLeg("customer", AFact(F::CALL_HELD, 21)));
  old_facts.push_back(held);
  *held.mutable_received_time() = base::ToProto(At(60));
  CHECK_FALSE(CarriedOver(old_facts, kHandover, held).has_value());
  held.set_event_key("another");
  CHECK(CarriedOver(old_facts, kHandover, held).has_value());
}

TEST_CASE("a recording under way goes on in the next session", "[session][handover]") {
  Facts old_facts = NeededBefore();
  old_facts.push_back(AFact(F::RECORDING_STARTED, 11));
  const Facts first = FirstFacts(Fold(AgentFirst(), old_facts), old_facts, kHandover);
  CHECK(Fold(AgentFirst(), first).recording == RecordingState::kRunning);
  CHECK(
      Fold(AgentFirst(), FirstFacts(Fold(AgentFirst(), NeededBefore()), NeededBefore(), kHandover))
          .recording == RecordingState::kNone);
}

TEST_CASE("two sessions share a call, each with its own part", "[session][handover]") {
  Conversation c;
  for (const Fact& fact : NeededBefore()) c.Tell(fact);
  for (const Fact& fact : MayBeLate()) c.Tell(fact);
  c.HandOver();
  const SessionState begun = Fold(c.start, c.new_facts);
  CHECK(begun.status == S::CONNECTED);
  CHECK(begun.answered_at == At(40));
  CHECK(begun.ring_seconds == 0);
  REQUIRE(begun.legs.size() == 3);
  CHECK(begun.legs[0].id() == "agent");
  CHECK(begun.legs[0].provider_leg_id() == "CA-consult-1");
  CHECK(begun.legs[1].provider_leg_id() == "CA-customer");
  CHECK(begun.legs[2].id() == "party-1");
  for (const Fact& fact : After()) c.Tell(fact);
  const SessionState old_state = Fold(c.start, c.old_facts);
  CHECK(old_state.status == S::TRANSFERRED);
  CHECK(old_state.end_reason == v1::HANDED_OVER);
  CHECK(old_state.known_by == v1::SUBMISSION);
  const SessionState new_state = Fold(c.start, c.new_facts);
  CHECK(new_state.status == S::COMPLETED);
  CHECK(new_state.end_reason == v1::NORMAL);
  CHECK(new_state.ended_at == At(100));
  CHECK(new_state.hold_seconds == 10);
  CHECK(new_state.duration_seconds == 61);  // heard of 1 s late, against our own clock
}

TEST_CASE("any order with any repetitions gives the same two sessions",
          "[session][handover][property]") {
  constexpr uint32_t kSeed = 20251203;
  std::mt19937 random(kSeed);
  Conversation expected;
  for (const Fact& fact : NeededBefore()) expected.Tell(fact);
  for (const Fact& fact : MayBeLate()) expected.Tell(fact);
  expected.HandOver();
  for (const Fact& fact : After()) expected.Tell(fact);
  for (int round = 0; round < 2000; ++round) {
    Facts before = NeededBefore();
    Facts after = After();
    for (const Fact& fact : MayBeLate()) (random() % 2 == 0 ? before : after).push_back(fact);
    Facts again = before;
    again.insert(again.end(), after.begin(), after.end());
    for (uint32_t i = random() % 6; i > 0; --i) after.push_back(again[random() % again.size()]);
    std::shuffle(before.begin(), before.end(), random);
    std::shuffle(after.begin(), after.end(), random);
    Conversation c;
    for (const Fact& fact : before) c.Tell(fact);
    c.HandOver();
    for (const Fact& fact : after) c.Tell(fact);
    INFO("seed " << kSeed << ", round " << round);
    REQUIRE(c.Text() == expected.Text());
  }
}

TEST_CASE("whom only a later session has rung is that session's", "[session][handover]") {
  const Facts old = NeededBefore();
  for (const char* leg : {"consult-2", "agent-2", "party-2", "supervisor-1"}) {
    for (const F::Kind kind : {F::CALL_RINGING, F::CALL_ANSWERED, F::CALL_BUSY, F::CALL_ENDED}) {
      const Fact fact = OnLeg(leg, AFact(kind, 50));
      const std::optional<Fact> carried = CarriedOver(old, kHandover, fact);
      REQUIRE(carried.has_value());
      CHECK(carried->leg_id() == leg);
    }
  }
  CHECK_FALSE(CarriedOver(old, kHandover, OnLeg("consult-1", AFact(F::CALL_ANSWERED, 50))));
}

}  // namespace ctc::session::domain
