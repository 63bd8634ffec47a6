// The life of a handover, rule by rule.
#include "services/session/domain/transfer.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/testing/status_matchers.h"
#include "services/session/domain/facts_for_test.h"
#include "services/session/domain/fold.h"

namespace ctc::session::domain {
namespace {

using A = PartyAction;
using E = TransferEvent;
using F = v1::CallFact;
using L = v1::Leg;
using S = v1::Session;
using T = v1::Transfer;
using Actions = std::vector<A>;

T Of(T::Type type, T::Status status) {
  T transfer;
  transfer.set_transfer_type(type);
  transfer.set_status(status);
  return transfer;
}

PartyView OnHold(L::State target) {
  return {true, true, true, target, "The target was busy", false};
}
PartyView AgentGone(L::State target) {
  return {true, true, false, target, "The target was busy", false};
}

TransferStep Step(T::Type type, T::Status status, const PartyView& view, E event = E::kNews) {
  const auto step = NextStep(Of(type, status), view, event);
  REQUIRE_THAT(step.status(), testing::IsOk());
  return *step;
}

constexpr auto kAllTypes = {T::BLIND, T::ATTENDED, T::WARM, T::COLD};

}  // namespace

TEST_CASE("an announced transfer rings, consults, and waits for the agent", "[session][transfer]") {
  const T::Type type = GENERATE(T::ATTENDED, T::WARM);
  CHECK(Step(type, T::REQUESTED, OnHold(L::DIALLING), E::kDialled).status == T::REQUESTED);
  CHECK(Step(type, T::REQUESTED, OnHold(L::DIALLING), E::kDialled).actions.empty());
  CHECK(Step(type, T::REQUESTED, OnHold(L::RINGING)).status == T::RINGING);
  CHECK(Step(type, T::REQUESTED, OnHold(L::RINGING)).actions.empty());
  const T::Status before = GENERATE(T::REQUESTED, T::RINGING);
  CHECK(Step(type, before, OnHold(L::ANSWERED)).status == T::CONSULTING);
  // Three talk in a warm one, two in an attended one.
  CHECK(Step(type, before, OnHold(L::ANSWERED)).actions ==
        (type == T::WARM ? Actions{A::kResume} : Actions{}));
  CHECK(Step(type, T::CONSULTING, OnHold(L::ANSWERED)).actions.empty());
  CHECK(Step(type, T::CONSULTING, OnHold(L::ANSWERED)).status == T::CONSULTING);
}

TEST_CASE("an unannounced transfer lets the agent go and hands over by itself",
          "[session][transfer]") {
  const T::Type type = GENERATE(T::BLIND, T::COLD);
  CHECK(Step(type, T::REQUESTED, OnHold(L::DIALLING)).actions.empty());
  CHECK(Step(type, T::REQUESTED, OnHold(L::DIALLING), E::kDialled).actions ==
        Actions{A::kDropAgent});
  // The acceptance was lost, the ringing tells it.
  CHECK(Step(type, T::REQUESTED, OnHold(L::RINGING)).actions == Actions{A::kDropAgent});
  CHECK(Step(type, T::RINGING, AgentGone(L::RINGING)).actions.empty());
  const TransferStep over = Step(type, T::RINGING, AgentGone(L::ANSWERED));
  CHECK(over.status == T::COMPLETED);
  CHECK(over.actions == Actions{A::kHandOver});
}

TEST_CASE("an agent whose phone handed the call over by itself waits for the target's answer",
          "[session][transfer]") {
  const T::Type type = GENERATE(T::BLIND, T::ATTENDED);
  const auto referred = [](PartyView view) {
    view.referred = true;
    return view;
  };
  CHECK(Step(type, T::REQUESTED, referred(OnHold(L::DIALLING)), E::kDialled).actions.empty());
  CHECK(Step(type, T::REQUESTED, referred(OnHold(L::RINGING))).actions.empty());
  CHECK(Step(type, T::RINGING, referred(OnHold(L::ANSWERED))).actions == Actions{A::kHandOver});
  CHECK(Step(type, T::RINGING, referred(OnHold(L::ENDED))).actions == Actions{A::kResume});
  CHECK(Step(type, T::RINGING, referred(AgentGone(L::ENDED))).actions == Actions{A::kRingAgent});
}

TEST_CASE("the client completes a consultation, not less", "[session][transfer]") {
  const T::Type type = GENERATE(T::ATTENDED, T::WARM);
  const TransferStep over = Step(type, T::CONSULTING, OnHold(L::ANSWERED), E::kComplete);
  CHECK(over.status == T::COMPLETED);
  CHECK(over.actions == Actions{A::kHandOver});
  const auto early = NextStep(Of(type, T::RINGING), OnHold(L::RINGING), E::kComplete);
  REQUIRE_THAT(early.status(), testing::HasError(base::kTransferState));
  CHECK(base::DetailOf(early.status()).metadata.at("status") == "RINGING");
}

TEST_CASE("a cancelled transfer gives the customer back", "[session][transfer]") {
  for (T::Type type : kAllTypes) {
    const TransferStep off = Step(type, T::RINGING, OnHold(L::RINGING), E::kCancel);
    CHECK(off.status == T::CANCELLED);
    CHECK(off.actions == Actions{A::kDropTarget, A::kResume});
    CHECK(Step(type, T::RINGING, AgentGone(L::RINGING), E::kCancel).actions ==
          Actions{A::kDropTarget, A::kRingAgent});
  }
  PartyView three = OnHold(L::ANSWERED);
  three.is_on_hold = false;
  CHECK(Step(T::WARM, T::CONSULTING, three, E::kCancel).actions == Actions{A::kDropTarget});
}

TEST_CASE("a target that cannot be had fails the transfer", "[session][transfer]") {
  for (T::Type type : kAllTypes) {
    const TransferStep kept = Step(type, T::RINGING, OnHold(L::ENDED));
    CHECK(kept.status == T::FAILED);
    CHECK(kept.error_message == "The target was busy");
    CHECK(kept.actions == Actions{A::kResume});
    CHECK(Step(type, T::RINGING, AgentGone(L::ENDED)).actions == Actions{A::kRingAgent});
    const TransferStep refused = Step(type, T::REQUESTED, OnHold(L::DIALLING), E::kNotDialled);
    CHECK(refused.status == T::FAILED);
    CHECK(refused.actions == Actions{A::kResume});
    const TransferStep late = Step(type, T::RINGING, AgentGone(L::RINGING), E::kTooLong);
    CHECK(late.status == T::FAILED);
    CHECK(late.actions == Actions{A::kDropTarget, A::kRingAgent});
  }
}

TEST_CASE("a queue has another agent rung instead of one who cannot be had",
          "[session][transfer]") {
  const T::Type type = GENERATE(T::BLIND, T::ATTENDED, T::WARM, T::COLD);
  PartyView view = OnHold(L::ENDED);
  view.queue_goes_on = true;
  const T::Status status = GENERATE(T::REQUESTED, T::RINGING);
  CHECK(Step(type, status, view).actions == Actions{A::kRingNext});
  CHECK(Step(type, status, view).status == status);
  view.target = L::RINGING;
  CHECK(Step(type, status, view, E::kTooLong).actions == Actions{A::kDropTarget, A::kRingNext});
  CHECK(Step(type, status, view, E::kTooLong).status == status);
  view.target = L::DIALLING;
  CHECK(Step(type, status, view, E::kNotDialled).actions == Actions{A::kRingNext});
  // Who spoke with the agent and left is no missed call, and one who answered is not replaced.
  view.target = L::ENDED;
  CHECK(Step(type, T::CONSULTING, view).status == T::FAILED);
  view.target = L::ANSWERED;
  CHECK(Step(type, status, view, E::kNotDialled).status == T::FAILED);
  // Without a hold nobody is rung.
  CHECK(Step(type, T::REQUESTED, view, E::kNotHeld).status == T::FAILED);
}

TEST_CASE("a queue in which nobody is free is waited for until its limit", "[session][transfer]") {
  const T::Type type = GENERATE(T::BLIND, T::ATTENDED);
  PartyView view = GENERATE(true, false) ? OnHold(L::DIALLING) : AgentGone(L::DIALLING);
  view.target_waits = true;
  view.queue_goes_on = true;
  for (E event : {E::kNews, E::kTooLong, E::kDialled}) {
    CHECK(Step(type, T::REQUESTED, view, event).actions == Actions{A::kRingNext});
  }
  CHECK(Step(type, T::REQUESTED, view, E::kCancel).status == T::CANCELLED);
  CHECK_FALSE(NextStep(Of(type, T::REQUESTED), view, E::kComplete).ok());
  view.queue_goes_on = false;
  const TransferStep over = Step(type, T::REQUESTED, view);
  CHECK(over.status == T::FAILED);
  CHECK(over.error_message == "No agent of the queue took the call in time");
  CHECK(over.actions == Actions{A::kDropTarget, view.agent_is_there ? A::kResume : A::kRingAgent});
}

TEST_CASE("a target that drops while consulting leaves the customer on hold",
          "[session][transfer]") {
  const TransferStep failed = Step(T::ATTENDED, T::CONSULTING, OnHold(L::ENDED));
  CHECK(failed.status == T::FAILED);
  CHECK(failed.actions.empty());
}

TEST_CASE("an agent who drops while consulting has handed over", "[session][transfer]") {
  const TransferStep over = Step(T::ATTENDED, T::CONSULTING, AgentGone(L::ANSWERED));
  CHECK(over.status == T::COMPLETED);
  CHECK(over.actions == Actions{A::kHandOver});
  // Before the answer it goes on as a blind one.
  CHECK(Step(T::ATTENDED, T::RINGING, AgentGone(L::RINGING)).status == T::RINGING);
}

TEST_CASE("a customer who hangs up calls every transfer off", "[session][transfer]") {
  PartyView ended = OnHold(L::ANSWERED);
  ended.is_live = false;
  for (T::Type type : kAllTypes) {
    const E event = GENERATE(E::kNews, E::kComplete, E::kTooLong, E::kDialled);
    CHECK(Step(type, T::CONSULTING, ended, event).status == T::CANCELLED);
    CHECK(Step(type, T::CONSULTING, ended, event).actions.empty());
  }
}

TEST_CASE("a customer whose phone reached the target by itself is handed over",
          "[session][transfer]") {
  PartyView view = OnHold(L::RINGING);
  view.referred = true;
  CHECK(Step(T::BLIND, T::REQUESTED, view, E::kDialled).actions.empty());
  view.is_live = false;
  view.handed_on = true;
  CHECK(Step(T::BLIND, T::RINGING, view).status == T::COMPLETED);
  CHECK(Step(T::BLIND, T::RINGING, view).actions.empty());
}

TEST_CASE("nothing follows for a transfer that is over", "[session][transfer]") {
  const T::Status status = GENERATE(T::COMPLETED, T::FAILED, T::CANCELLED);
  for (E event : {E::kNews, E::kCancel, E::kTooLong, E::kNotDialled}) {
    CHECK(Step(T::BLIND, status, OnHold(L::ANSWERED), event).status == status);
    CHECK(Step(T::BLIND, status, OnHold(L::ANSWERED), event).actions.empty());
  }
}

TEST_CASE("a target who answered is not too late", "[session][transfer]") {
  CHECK(Step(T::ATTENDED, T::RINGING, OnHold(L::ANSWERED), E::kTooLong).status == T::CONSULTING);
}

namespace {

Fact OnLeg(const std::string& leg, L::Party party, Fact fact) {
  fact.set_leg_id(leg);
  fact.set_party(party);
  fact.set_event_key(fact.event_key() + leg);
  return fact;
}
Fact Dialled(const std::string& leg, L::Party party, int seconds) {
  Fact fact = OnLeg(leg, party, Untimed(AFact(F::CALL_INITIATED, seconds)));
  fact.set_source(v1::SUBMISSION);
  fact.set_event_key(DialKey(leg));
  return fact;
}
Facts Talking() {
  return {OnLeg("agent", L::AGENT, AFact(F::CALL_ANSWERED, 5)),
          OnLeg("customer", L::CUSTOMER, AFact(F::CALL_ANSWERED, 10))};
}
Facts Join(Facts facts, const Facts& more) {
  facts.insert(facts.end(), more.begin(), more.end());
  return facts;
}
CareStep CareOf(const Facts& facts, const std::string& open_leg = "",
                const std::string& owed_leg = "") {
  return CareFor(Fold(AgentFirst(), facts), facts, open_leg, owed_leg);
}

}  // namespace

TEST_CASE("the view tells why the target's leg ended", "[session][transfer]") {
  struct Case {
    F::Kind kind;
    std::string why;
  };
  const auto c = GENERATE(Case{F::CALL_BUSY, "The target was busy"},
                          Case{F::CALL_REJECTED, "The target declined"},
                          Case{F::CALL_NO_ANSWER, "The target did not answer"},
                          Case{F::CALL_ENDED, "The target did not answer"},
                          Case{F::CALL_FAILED, "The target could not be reached"});
  Facts facts = Join(Talking(), {Dialled("consult-1", L::CONSULT, 20),
                                 OnLeg("consult-1", L::CONSULT, AFact(c.kind, 30))});
  PartyView view = ViewOf(Fold(AgentFirst(), facts), facts, "consult-1");
  CHECK(view.is_live);
  CHECK(view.agent_is_there);
  CHECK(view.target == L::ENDED);
  CHECK(view.target_end == c.why);
  facts.push_back(OnLeg("consult-1", L::CONSULT, AFact(F::CALL_ANSWERED, 25)));
  CHECK(ViewOf(Fold(AgentFirst(), facts), facts, "consult-1").target_end == "The target hung up");
}

TEST_CASE("an agent found by the switch is there until it left for a transfer",
          "[session][transfer]") {
  Facts facts = {AFact(F::CALL_ANSWERED, 10), Dialled("consult-1", L::CONSULT, 20)};
  CHECK(ViewOf(Fold(CustomerOnly(), facts), facts, "consult-1").agent_is_there);
  Fact leaves = OnLeg("agent", L::AGENT, Untimed(AFact(F::CALL_TRANSFERRED, 21)));
  leaves.set_event_key(LeavesKey("agent"));
  facts.push_back(leaves);
  CHECK_FALSE(ViewOf(Fold(CustomerOnly(), facts), facts, "consult-1").agent_is_there);
}

TEST_CASE("a call of two needs no care", "[session][transfer]") {
  CHECK(CareOf(Talking()).care == Care::kNone);
  CHECK(CareOf(Join(Talking(), {AFact(F::CALL_ENDED, 50)})).care == Care::kNone);
}

TEST_CASE("a customer left alone is hung up", "[session][transfer]") {
  Facts facts = Join(Talking(), {Dialled("party-1", L::GUEST, 20),
                                 OnLeg("party-1", L::GUEST, AFact(F::CALL_ANSWERED, 25)),
                                 OnLeg("agent", L::AGENT, AFact(F::CALL_ENDED, 30))});
  CHECK(CareOf(facts).care == Care::kNone);
  facts.push_back(OnLeg("party-1", L::GUEST, AFact(F::CALL_ENDED, 40)));
  CHECK(CareOf(facts).care == Care::kHangUp);
  facts.push_back(OnLeg("customer", L::CUSTOMER, AFact(F::CALL_ENDED, 41)));
  CHECK(CareOf(facts).care == Care::kNone);
}

TEST_CASE("who stayed behind after the end is hung up", "[session][transfer]") {
  const std::string leg = GENERATE("party-1", "supervisor-1");
  const L::Party party = leg == "party-1" ? L::GUEST : L::SUPERVISOR;
  Facts facts = Join(Talking(), {Dialled(leg, party, 20), AFact(F::CALL_ENDED, 50)});
  CHECK(CareOf(facts).care == Care::kHangUp);
  facts.push_back(OnLeg(leg, party, AFact(F::CALL_ENDED, 50)));
  CHECK(CareOf(facts).care == Care::kNone);
}

TEST_CASE("a target whose transfer is over is hung up", "[session][transfer]") {
  const Facts facts = Join(Talking(), {Dialled("consult-1", L::CONSULT, 20)});
  CHECK(CareOf(facts, "consult-1").care == Care::kNone);
  CHECK(CareOf(facts).care == Care::kDropTarget);
  CHECK(CareOf(facts).leg_id == "consult-1");
}

TEST_CASE("an agent who comes back takes the customer off hold, once", "[session][transfer]") {
  Fact leaves = OnLeg("agent", L::AGENT, Untimed(AFact(F::CALL_TRANSFERRED, 21)));
  leaves.set_event_key(LeavesKey("agent"));
  Facts facts = Join(Talking(), {AFact(F::CALL_HELD, 19), Dialled("consult-1", L::CONSULT, 20),
                                 leaves, OnLeg("consult-1", L::CONSULT, AFact(F::CALL_BUSY, 22)),
                                 Dialled("agent-2", L::AGENT, 23)});
  CHECK(CareOf(facts).care == Care::kNone);
  facts.push_back(OnLeg("agent-2", L::AGENT, AFact(F::CALL_ANSWERED, 30)));
  CHECK(CareOf(facts).care == Care::kResumeCustomer);
  CHECK(CareOf(facts).leg_id == "agent-2");
  CHECK(AgentLegOf(Fold(AgentFirst(), facts)) == "agent-2");
  Fact resumed = AFact(F::CALL_RESUMED, 31, ResumedKey("agent-2"));
  facts.push_back(resumed);
  CHECK(CareOf(facts).care == Care::kNone);
  facts.push_back(AFact(F::CALL_HELD, 60));
  CHECK(CareOf(facts).care == Care::kNone);
}

TEST_CASE("an agent who does not come back ends the call", "[session][transfer]") {
  Fact leaves = OnLeg("agent", L::AGENT, Untimed(AFact(F::CALL_TRANSFERRED, 21)));
  leaves.set_event_key(LeavesKey("agent"));
  const Facts facts =
      Join(Talking(), {AFact(F::CALL_HELD, 19), Dialled("consult-1", L::CONSULT, 20), leaves,
                       OnLeg("consult-1", L::CONSULT, AFact(F::CALL_BUSY, 22)),
                       Dialled("agent-2", L::AGENT, 23),
                       OnLeg("agent-2", L::AGENT, AFact(F::CALL_NO_ANSWER, 50))});
  CHECK(Fold(AgentFirst(), facts).status == S::COMPLETED);
  CHECK(Fold(AgentFirst(), facts).end_reason == v1::AGENT_NO_ANSWER);
  CHECK(CareOf(facts).care == Care::kHangUp);
}

TEST_CASE("a leg that stands for a queue waits, and keeps the agent's leaving from ending the call",
          "[session][transfer]") {
  Facts facts = Join(Talking(), {AFact(F::CALL_HELD, 19), Dialled("consult-1", L::CONSULT, 20),
                                 OnLeg("consult-1", L::CONSULT, AFact(F::CALL_BUSY, 22)),
                                 Dialled("consult-2", L::CONSULT, 23)});
  CHECK(ViewOf(Fold(AgentFirst(), facts), facts, "consult-2").target_waits);
  facts.push_back(OnLeg("agent", L::AGENT, AFact(F::CALL_ENDED, 30)));
  CHECK(Fold(AgentFirst(), facts).status == S::ON_HOLD);
  Fact offered = Dialled("consult-2", L::CONSULT, 40);
  offered.set_event_key(OfferedKey("consult-2"));
  offered.set_phone("+4930300");
  facts.push_back(offered);
  CHECK_FALSE(ViewOf(Fold(AgentFirst(), facts), facts, "consult-2").target_waits);
}

TEST_CASE("a resume that a transfer owes is made up for, once", "[session][transfer]") {
  Facts facts = Join(Talking(), {AFact(F::CALL_HELD, 19), Dialled("consult-1", L::CONSULT, 20),
                                 OnLeg("consult-1", L::CONSULT, AFact(F::CALL_CANCELLED, 30))});
  v1::StoredTransfer stored;
  *stored.mutable_transfer() = Of(T::ATTENDED, T::CANCELLED);
  *stored.mutable_transfer()->mutable_completed_at() = base::ToProto(At(30));
  CHECK_FALSE(OwesResume(stored, facts));
  stored.set_owes_resume(true);
  CHECK(OwesResume(stored, facts));
  CHECK(CareOf(facts).care == Care::kNone);
  CHECK(CareOf(facts, "", "consult-1").care == Care::kResumeCustomer);
  CHECK(CareOf(facts, "consult-2", "consult-1").care == Care::kNone);  // the next one has begun
  facts.push_back(AFact(F::CALL_RESUMED, 45));
  CHECK_FALSE(OwesResume(stored, facts));
}

}  // namespace ctc::session::domain
