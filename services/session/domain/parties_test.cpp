// Who is there beside agent and customer, and what an agent's leaving means then.
#include "services/session/domain/parties.h"

#include <catch2/catch.hpp>

#include "libs/base/proto_time.h"
#include "services/session/domain/facts_for_test.h"
#include "services/session/domain/fold.h"

namespace ctc::session::domain {
namespace {

using F = v1::CallFact;
using S = v1::Session;
using L = v1::Leg;

Fact OnLeg(const std::string& leg, Fact fact) {
  fact.set_leg_id(leg);
  fact.set_party(PartyOfLeg(leg));
  fact.set_event_key(fact.event_key() + leg);
  return fact;
}

// Our word, heard of at once.
Fact Ours(const std::string& leg, F::Kind kind, int seconds) {
  Fact fact = OnLeg(leg, Untimed(AFact(kind, seconds)));
  fact.set_source(v1::SUBMISSION);
  fact.set_event_key(std::string(kOurWord) + fact.event_key());
  *fact.mutable_received_time() = base::ToProto(At(seconds));
  return fact;
}

// Agent and customer talk from second 10 on.
Facts Joined() {
  return {OnLeg("agent", AFact(F::CALL_ANSWERED, 5)),
          OnLeg("customer", AFact(F::CALL_ANSWERED, 10))};
}

SessionState With(Facts more, Facts facts = Joined()) {
  facts.insert(facts.end(), more.begin(), more.end());
  return Fold(AgentFirst(), facts);
}

const L* Find(const SessionState& state, const std::string& id) {
  for (const L& leg : state.legs) {
    if (leg.id() == id) return &leg;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("a leg's id tells its party", "[session][parties]") {
  CHECK(PartyOfLeg("agent") == L::AGENT);
  CHECK(PartyOfLeg("agent-2") == L::AGENT);
  CHECK(PartyOfLeg("customer") == L::CUSTOMER);
  CHECK(PartyOfLeg("consult-1") == L::CONSULT);
  CHECK(PartyOfLeg("party-12") == L::GUEST);
  CHECK(PartyOfLeg("supervisor-1") == L::SUPERVISOR);
  CHECK(PartyOfLeg("agents") == L::PARTY_UNSPECIFIED);
  CHECK(PartyOfLeg("") == L::PARTY_UNSPECIFIED);
}

TEST_CASE("legs are numbered on, whatever became of those before", "[session][parties]") {
  Facts facts = Joined();
  CHECK(NextLegId(facts, L::CONSULT) == "consult-1");
  CHECK(NextLegId(facts, L::AGENT) == "agent-2");
  facts.push_back(Ours("party-9", F::CALL_INITIATED, 20));
  facts.push_back(OnLeg("party-9", AFact(F::CALL_NO_ANSWER, 30)));
  CHECK(NextLegId(facts, L::GUEST) == "party-10");
  facts.push_back(OnLeg("party-x", AFact(F::CALL_RINGING, 30)));
  CHECK(NextLegId(facts, L::GUEST) == "party-10");
}

TEST_CASE("others' legs never change the status", "[session][parties]") {
  const std::string leg = GENERATE("consult-1", "party-1", "supervisor-1");
  for (F::Kind kind : {F::CALL_RINGING, F::CALL_ANSWERED, F::CALL_HELD, F::CALL_MUTED, F::CALL_BUSY,
                       F::CALL_ENDED, F::CALL_FAILED, F::CALL_NO_ANSWER}) {
    CAPTURE(leg, kind);
    const SessionState joined = With({OnLeg(leg, AFact(kind, 20))});
    CHECK(joined.status == S::CONNECTED);
    CHECK_FALSE(joined.is_muted);
    const SessionState initiated = Fold(AgentFirst(), {OnLeg(leg, AFact(kind, 20))});
    CHECK(initiated.status == S::INITIATED);
    REQUIRE(Find(initiated, leg) != nullptr);
  }
}

TEST_CASE("two guests are two legs, each with its phone", "[session][parties]") {
  Fact first = Ours("party-1", F::CALL_INITIATED, 20);
  first.set_phone("+1987");
  const SessionState state = With({first, Ours("party-2", F::CALL_INITIATED, 21),
                                   OnLeg("party-1", AFact(F::CALL_ANSWERED, 25)),
                                   OnLeg("party-2", AFact(F::CALL_BUSY, 26))});
  REQUIRE(Find(state, "party-1") != nullptr);
  CHECK(Find(state, "party-1")->state() == L::ANSWERED);
  CHECK(Find(state, "party-1")->phone() == "+1987");
  CHECK(Find(state, "party-2")->state() == L::ENDED);
  CHECK(state.status == S::CONNECTED);
}

TEST_CASE("an agent who leaves company does not end the call", "[session][parties]") {
  const std::string leg = GENERATE("consult-1", "party-1");
  const Fact dialled = Ours(leg, F::CALL_INITIATED, 20);
  const Fact left = OnLeg("agent", AFact(F::CALL_ENDED, 30));
  CHECK(With({dialled, left}).status == S::CONNECTED);
  SECTION("who had gone before, does not count") {
    CHECK(With({dialled, OnLeg(leg, AFact(F::CALL_ENDED, 25)), left}).status == S::COMPLETED);
  }
  SECTION("who goes after, does") {
    CHECK(With({dialled, left, OnLeg(leg, AFact(F::CALL_ENDED, 35))}).status == S::CONNECTED);
  }
  SECTION("the customer's end ends it") {
    const SessionState state = With({dialled, left, OnLeg("customer", AFact(F::CALL_ENDED, 50))});
    CHECK(state.status == S::COMPLETED);
    CHECK(state.duration_seconds == 40);
  }
  SECTION("nobody but we can say that somebody was dialled") {
    Fact theirs = dialled;
    theirs.set_event_key("theirs");
    CHECK(With({theirs, left}).status == S::COMPLETED);
  }
}

TEST_CASE("a supervisor is no company", "[session][parties]") {
  CHECK(
      With({Ours("supervisor-1", F::CALL_INITIATED, 20), OnLeg("agent", AFact(F::CALL_ENDED, 30))})
          .status == S::COMPLETED);
}

TEST_CASE("an agent who leaves for a transfer may be told of after its failure",
          "[session][parties]") {
  const Facts failed = {
      Ours("consult-1", F::CALL_INITIATED, 20), Ours("agent", F::CALL_TRANSFERRED, 21),
      OnLeg("consult-1", AFact(F::CALL_BUSY, 21)), OnLeg("agent", AFact(F::CALL_ENDED, 22))};
  CHECK(With(failed).status == S::CONNECTED);
  CHECK(Find(With(failed), "agent")->state() == L::ENDED);
  SECTION("rung again, the agent's leg counts") {
    struct Case {
      F::Kind kind;
      v1::EndReason reason;
    };
    const auto c =
        GENERATE(Case{F::CALL_ENDED, v1::NORMAL}, Case{F::CALL_NO_ANSWER, v1::AGENT_NO_ANSWER},
                 Case{F::CALL_BUSY, v1::AGENT_REJECTED}, Case{F::CALL_REJECTED, v1::AGENT_REJECTED},
                 Case{F::CALL_FAILED, v1::PROVIDER_ERROR});
    Facts facts = failed;
    facts.push_back(Ours("agent-2", F::CALL_INITIATED, 23));
    CHECK(With(facts).status == S::CONNECTED);
    facts.push_back(OnLeg("agent-2", AFact(c.kind, 40)));
    CHECK(With(facts).status == S::COMPLETED);
    CHECK(With(facts).end_reason == c.reason);
  }
}

TEST_CASE("a session handed over stays so, whatever is said later", "[session][parties]") {
  Fact over = Ours("", F::CALL_TRANSFERRED, 40);
  over.set_reason(v1::HANDED_OVER);
  const SessionState state =
      With({Ours("consult-1", F::CALL_INITIATED, 20), Ours("agent", F::CALL_TRANSFERRED, 40), over,
            OnLeg("agent", AFact(F::CALL_ENDED, 41)), OnLeg("customer", AFact(F::CALL_ENDED, 90)),
            By(v1::POLL, AFact(F::CALL_ENDED, 90))});
  CHECK(state.status == S::TRANSFERRED);
  CHECK(state.end_reason == v1::HANDED_OVER);
  CHECK(state.ended_at == At(40));
}

TEST_CASE("open legs are those we dialled and nobody ended", "[session][parties]") {
  const Facts facts = {
      Ours("party-1", F::CALL_INITIATED, 20), Ours("party-2", F::CALL_INITIATED, 21),
      OnLeg("party-1", AFact(F::CALL_ENDED, 30)), OnLeg("party-3", AFact(F::CALL_RINGING, 31))};
  CHECK(OpenLegs(facts, L::GUEST) == std::vector<std::string>{"party-2"});
  CHECK(OpenLegs(facts, L::CONSULT).empty());
}

}  // namespace ctc::session::domain
