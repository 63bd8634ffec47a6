// Inbound calls: agents are offered them in turn, and the caller decides when they end.
#include "services/session/domain/inbound.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "libs/base/proto_time.h"
#include "services/session/domain/facts_for_test.h"
#include "services/session/domain/feed_events.h"
#include "services/session/domain/fold.h"

namespace ctc::session::domain {
namespace {

using F = v1::CallFact;
using L = v1::Leg;
using S = v1::Session;

Fact Arrives() { return Of(L::CUSTOMER, AtLeg("caller", AFact(F::CALL_INITIATED, 0))); }
Fact AgentFact(F::Kind kind, int seconds, const std::string& leg = "a1") {
  return Of(L::AGENT, AtLeg(leg, AFact(kind, seconds)));
}
Fact CallerLeaves(int seconds) { return Of(L::CUSTOMER, AFact(F::CALL_ENDED, seconds)); }
Fact Asked(v1::EndReason reason, int seconds) {
  Fact fact = By(v1::SUBMISSION, AFact(F::CANCEL_REQUESTED, seconds));
  fact.set_reason(reason);
  return fact;
}

const L& LegOf(const SessionState& state, L::Party party) {
  static const L kNone;
  for (const L& leg : state.legs) {
    if (leg.party() == party) return leg;
  }
  return kNone;
}

// A queue's agents a1 and a2: the first does not answer, the second talks from 40 to 100.
Facts TwoAgents() {
  return {Arrives(),
          OfferFact(2, At(10), "first"),
          AgentFact(F::CALL_RINGING, 11),
          AgentFact(F::CALL_NO_ANSWER, 30),
          OfferOverFact(2, F::CALL_NO_ANSWER, At(31)),
          OfferFact(3, At(33), "second"),
          AgentFact(F::CALL_RINGING, 34, "a2"),
          AgentFact(F::CALL_ANSWERED, 40, "a2"),
          AgentFact(F::CALL_ENDED, 100, "a2"),
          CallerLeaves(102)};
}

std::vector<std::string> Types(const Facts& facts, const Fact& next) {
  Facts after = facts;
  after.push_back(next);
  std::vector<std::string> types;
  const auto events = DiffEvents(Fold(Inbound(), facts), Fold(Inbound(), after), next, false);
  for (const v1::CallEvent& event : events) types.push_back(event.type());
  return types;
}

}  // namespace

TEST_CASE("a caller in the menu is answered, but not connected", "[session][inbound]") {
  const Facts facts = {Arrives(), Of(L::CUSTOMER, AFact(F::CALL_RINGING, 0)),
                       Of(L::CUSTOMER, AFact(F::CALL_ANSWERED, 1))};
  const SessionState state = Fold(Inbound(), facts);
  CHECK(state.status == S::INITIATED);
  CHECK(state.known_by == v1::WEBHOOK);
  CHECK_FALSE(state.answered_at);
  CHECK(LegOf(state, L::CUSTOMER).state() == L::ANSWERED);
  CHECK(LegOf(state, L::CUSTOMER).provider_leg_id() == "caller");
  CHECK(LegOf(state, L::CUSTOMER).phone() == "+1234567890");
  CHECK(state.legs.size() == 1);
}

TEST_CASE("an offered call is the agent's to take, and rings", "[session][inbound]") {
  Facts facts = {Arrives(), OfferFact(1, At(10), "PJSIP/agent-a")};
  CHECK(Fold(Inbound(), facts).status == S::INITIATED);
  CHECK(Fold(Inbound(), facts).offer_open);
  CHECK(LegOf(Fold(Inbound(), facts), L::AGENT).state() == L::DIALLING);
  CHECK(LegOf(Fold(Inbound(), facts), L::AGENT).phone() == "PJSIP/agent-a");
  facts.push_back(AgentFact(F::CALL_RINGING, 11));
  CHECK(Fold(Inbound(), facts).status == S::RINGING);
  facts.push_back(AgentFact(F::CALL_ANSWERED, 15));
  const SessionState talks = Fold(Inbound(), facts);
  CHECK(talks.status == S::CONNECTED);
  CHECK(talks.answered_at == At(15));
  CHECK(talks.ring_seconds == 4);
  CHECK_FALSE(talks.offer_open);
}

TEST_CASE("an agent who misses the call leaves the caller waiting", "[session][inbound]") {
  const F::Kind kind = GENERATE(F::CALL_NO_ANSWER, F::CALL_BUSY, F::CALL_REJECTED, F::CALL_FAILED,
                                F::CALL_ENDED, F::CALL_CANCELLED, F::CALL_MACHINE);
  const Facts facts = {Arrives(), OfferFact(1, At(10), ""), AgentFact(F::CALL_RINGING, 11),
                       AgentFact(kind, 30)};
  const SessionState state = Fold(Inbound(), facts);
  CHECK(state.status == S::INITIATED);
  CHECK_FALSE(state.ended_at);
}

TEST_CASE("the last agent tried is the one told of", "[session][inbound]") {
  const SessionState state = Fold(Inbound(), TwoAgents());
  CHECK(state.status == S::COMPLETED);
  CHECK(state.end_reason == v1::NORMAL);
  CHECK(state.duration_seconds == 60);
  CHECK(state.started_at == At(11));
  CHECK(LegOf(state, L::AGENT).provider_leg_id() == "a2");
  CHECK(base::FromProto(LegOf(state, L::AGENT).ringing_at()) == At(34));
}

TEST_CASE("a fact heard of in the second of the offer is of its attempt", "[session][inbound]") {
  Fact rings = AgentFact(F::CALL_RINGING, 9);
  *rings.mutable_received_time() = base::ToProto(At(10));
  const Fact offer = OfferFact(1, At(10) + absl::Milliseconds(700), "");
  const SessionState state = Fold(Inbound(), {Arrives(), offer, rings});
  CHECK(LegOf(state, L::AGENT).state() == L::RINGING);
  Fact before = rings;
  *before.mutable_received_time() = base::ToProto(At(10) + absl::Milliseconds(600));
  CHECK(LegOf(Fold(Inbound(), {Arrives(), offer, before}), L::AGENT).state() == L::DIALLING);
}

TEST_CASE("a late word on an earlier attempt changes nothing", "[session][inbound]") {
  Facts facts = TwoAgents();
  facts.resize(7);  // the second agent rings
  const SessionState before = Fold(Inbound(), facts);
  CHECK(before.status == S::RINGING);
  Fact late = AgentFact(F::CALL_ENDED, 31);
  *late.mutable_received_time() = base::ToProto(At(36));
  facts.push_back(late);
  const SessionState after = Fold(Inbound(), facts);
  CHECK(after.status == S::RINGING);
  CHECK(SameLeg(LegOf(before, L::AGENT), LegOf(after, L::AGENT)));
}

TEST_CASE("legs without ids of their own ring anew for every offer", "[session][inbound]") {
  Facts facts = {Arrives(), OfferFact(1, At(10), ""), AgentFact(F::CALL_RINGING, 11, ""),
                 AgentFact(F::CALL_NO_ANSWER, 30, "")};
  CHECK(Fold(Inbound(), facts).status == S::INITIATED);
  facts.push_back(OfferOverFact(1, F::CALL_NO_ANSWER, At(31)));
  facts.push_back(OfferFact(2, At(32), ""));
  CHECK(LegOf(Fold(Inbound(), facts), L::AGENT).state() == L::DIALLING);
  facts.push_back(AgentFact(F::CALL_RINGING, 33, ""));
  CHECK(Fold(Inbound(), facts).status == S::RINGING);
  CHECK(base::FromProto(LegOf(Fold(Inbound(), facts), L::AGENT).ringing_at()) == At(33));
}

TEST_CASE("an inbound call ends as its way went", "[session][inbound]") {
  struct Row {
    const char* name;
    Facts facts;
    Status status;
    v1::EndReason reason;
  };
  const Fact offer = OfferFact(1, At(5), "");
  const Fact rings = AgentFact(F::CALL_RINGING, 6);
  Fact lost = By(v1::TIMEOUT, AFact(F::CALL_FAILED, 20));
  lost.set_reason(v1::LOST);
  Fact no_answer = Of(L::CUSTOMER, AFact(F::CALL_NO_ANSWER, 20));
  no_answer.set_reason(v1::CUSTOMER_NO_ANSWER);
  const Row rows[] = {
      {"gone in the menu", {CallerLeaves(20)}, S::CANCELLED, v1::CALLER_ABANDONED},
      {"gone while ringing", {offer, rings, CallerLeaves(20)}, S::CANCELLED, v1::CALLER_ABANDONED},
      {"gone before our answer", {no_answer}, S::CANCELLED, v1::CALLER_ABANDONED},
      {"sent away", {Asked(v1::NORMAL, 19), CallerLeaves(20)}, S::CANCELLED, v1::NORMAL},
      {"no agent",
       {Asked(v1::AGENT_NO_ANSWER, 19), CallerLeaves(20)},
       S::NO_ANSWER,
       v1::AGENT_NO_ANSWER},
      {"blocked",
       {Asked(v1::BLOCKED_BY_POLICY, 19), CallerLeaves(20)},
       S::FAILED,
       v1::BLOCKED_BY_POLICY},
      {"ended by us",
       {Asked(v1::END_REASON_UNSPECIFIED, 19), CallerLeaves(20)},
       S::CANCELLED,
       v1::CANCELLED_BY_AGENT},
      {"message left", {AFact(F::CALL_MACHINE, 15), CallerLeaves(20)}, S::VOICEMAIL, v1::MACHINE},
      {"lost", {lost}, S::FAILED, v1::LOST},
      {"talked",
       {offer, rings, AgentFact(F::CALL_ANSWERED, 10), CallerLeaves(20)},
       S::COMPLETED,
       v1::NORMAL},
      {"talk told by the agent's leg alone",
       {offer, WithDuration(7, AgentFact(F::CALL_ENDED, 19)), CallerLeaves(20)},
       S::COMPLETED,
       v1::NORMAL},
      {"the caller's leg counts the menu too",
       {WithDuration(20, CallerLeaves(20))},
       S::CANCELLED,
       v1::CALLER_ABANDONED}};
  for (const Row& row : rows) {
    INFO(row.name);
    Facts facts = row.facts;
    facts.push_back(Arrives());
    const SessionState state = Fold(Inbound(), facts);
    CHECK(S::Status_Name(state.status) == S::Status_Name(row.status));
    CHECK(v1::EndReason_Name(state.end_reason) == v1::EndReason_Name(row.reason));
  }
}

TEST_CASE("a message left does not end the call by itself", "[session][inbound]") {
  const SessionState state = Fold(Inbound(), {Arrives(), AFact(F::CALL_MACHINE, 15)});
  CHECK(state.status == S::INITIATED);
}

TEST_CASE("an agent who hangs up after the talk ends the call", "[session][inbound]") {
  Facts facts = TwoAgents();
  facts.pop_back();
  CHECK(Fold(Inbound(), facts).status == S::COMPLETED);
}

TEST_CASE("a leg without an id that missed one call ends none it took later",
          "[session][inbound]") {
  Facts facts = {Arrives(), AgentFact(F::CALL_NO_ANSWER, 30, ""),
                 AgentFact(F::CALL_ANSWERED, 40, "")};
  CHECK(Fold(Inbound(), facts).status == S::CONNECTED);
  facts.push_back(AgentFact(F::CALL_ENDED, 50, ""));
  CHECK(Fold(Inbound(), facts).duration_seconds == 10);
}

TEST_CASE("every order of a call with two agents gives the same session", "[session][inbound]") {
  const Facts facts = TwoAgents();
  const SessionState expected = Fold(Inbound(), facts);
  std::vector<size_t> order(facts.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  do {
    Facts shuffled;
    for (size_t i : order) shuffled.push_back(facts[i]);
    const SessionState state = Fold(Inbound(), shuffled);
    const bool same = state.status == expected.status && state.ended_at == expected.ended_at &&
                      state.duration_seconds == expected.duration_seconds &&
                      state.started_at == expected.started_at &&
                      SameLeg(LegOf(state, L::AGENT), LegOf(expected, L::AGENT));
    if (!same) FAIL("an order differs");
    // The first seven: all that is said of the two offers.
  } while (std::next_permutation(order.begin(), order.begin() + 7));
}

TEST_CASE("the feed tells of offers, of those withdrawn, and of waiting again",
          "[session][inbound]") {
  using Names = std::vector<std::string>;
  Facts facts = {Arrives()};
  CHECK(Types(facts, OfferFact(1, At(10), "why")) == Names{"session.offered"});
  facts.push_back(OfferFact(1, At(10), "why"));
  CHECK(Types(facts, AgentFact(F::CALL_RINGING, 11)) == Names{"leg.ringing", "session.ringing"});
  facts.push_back(AgentFact(F::CALL_RINGING, 11));
  CHECK(Types(facts, AgentFact(F::CALL_NO_ANSWER, 30)) == Names{"leg.ended", "session.waiting"});
  CHECK(Types(facts, AgentFact(F::CALL_ANSWERED, 30)) ==
        Names{"leg.answered", "session.connected"});
  CHECK(Types(facts, CallerLeaves(20)) == Names{"leg.ended", "session.withdrawn", "session.ended"});
  CHECK(Types(facts, OfferOverFact(1, F::CALL_BUSY, At(20))) ==
        Names{"leg.ended", "session.withdrawn", "session.waiting"});
}

}  // namespace ctc::session::domain
