// What a caller's steps and answers mean for the call.
#include "services/session/domain/flow_facts.h"

#include <catch2/catch.hpp>

#include "services/session/domain/facts_for_test.h"
#include "services/session/domain/fold.h"
#include "services/session/domain/inbound.h"

namespace ctc::session::domain {
namespace {

using F = v1::CallFact;
using S = v1::Session;

FlowStep DialStep(int number) {
  FlowStep step;
  step.set_number(number);
  step.mutable_dial()->set_agent_id("agent-a");
  step.mutable_dial()->set_phone("PJSIP/agent-a");
  return step;
}
FlowStep HangUpStep(v1::EndReason reason) {
  FlowStep step;
  step.set_number(5);
  step.mutable_hang_up()->set_reason(reason);
  return step;
}
FlowInput Input(FlowInput::Kind kind) {
  FlowInput input;
  input.set_kind(kind);
  return input;
}
Facts Of(const SessionState& state, const FlowStep& step, FlowInput::Kind kind) {
  return FactsOfInput(state, step, Input(kind), v1::WEBHOOK, At(20));
}

}  // namespace

TEST_CASE("a step that rings somebody offers the call", "[session][flow]") {
  const Facts facts = FactsOfStep({}, DialStep(3), "a free agent", At(10));
  REQUIRE(facts.size() == 1);
  CHECK(IsOffer(facts[0]));
  CHECK(facts[0].agent_id() == "agent-a");
  CHECK(facts[0].phone() == "PJSIP/agent-a");
  CHECK(facts[0].message() == "a free agent");
  CHECK(Fold(Inbound(), facts).offer_open);
}

TEST_CASE("whatever follows an offer ends it", "[session][flow]") {
  const std::pair<FlowInput::Kind, F::Kind> rows[] = {
      {FlowInput::DIAL_BUSY, F::CALL_BUSY},
      {FlowInput::DIAL_NO_ANSWER, F::CALL_NO_ANSWER},
      {FlowInput::DIAL_REJECTED, F::CALL_REJECTED},
      {FlowInput::DIAL_FAILED, F::CALL_FAILED},
      {FlowInput::DONE, F::CALL_ENDED},
      {FlowInput::NO_INPUT, F::CALL_ENDED}};
  for (const auto& [kind, fact] : rows) {
    const Facts facts = Of({}, DialStep(3), kind);
    REQUIRE(facts.size() == 1);
    CHECK(facts[0].kind() == fact);
    Facts all = FactsOfStep({}, DialStep(3), "", At(10));
    all.push_back(facts[0]);
    CHECK_FALSE(Fold(Inbound(), all).offer_open);
    CHECK(IsLive(Fold(Inbound(), all).status));
  }
}

TEST_CASE("a conversation that only the flow tells of took place", "[session][flow]") {
  Facts facts = FactsOfStep({}, DialStep(3), "", At(10));
  SessionState offered = Fold(Inbound(), facts);
  for (const Fact& fact : Of(offered, DialStep(3), FlowInput::DIAL_ENDED)) facts.push_back(fact);
  CHECK(Fold(Inbound(), facts).status == S::CONNECTED);
  SECTION("one that the provider told of is not told again") {
    offered.offer_open = false;
    CHECK(Of(offered, DialStep(3), FlowInput::DIAL_ENDED).size() == 1);
  }
}

TEST_CASE("a message left makes the call a voicemail with its recording", "[session][flow]") {
  FlowInput input = Input(FlowInput::VOICEMAIL_LEFT);
  input.set_recording_url("https://example.com/r.wav");
  Facts facts = FactsOfInput({}, HangUpStep(v1::NORMAL), input, v1::WEBHOOK, At(20));
  CHECK(IsLive(Fold(Inbound(), facts).status));
  facts.push_back(AFact(F::CALL_ENDED, 30));
  const SessionState state = Fold(Inbound(), facts);
  CHECK(state.status == S::VOICEMAIL);
  CHECK(state.recording_url == "https://example.com/r.wav");
  input.clear_recording_url();
  CHECK(FactsOfInput({}, HangUpStep(v1::NORMAL), input, v1::WEBHOOK, At(20)).size() == 1);
}

TEST_CASE("a caller who has gone ends the call", "[session][flow]") {
  const SessionState state = Fold(Inbound(), Of({}, DialStep(3), FlowInput::CALLER_GONE));
  CHECK(state.status == S::CANCELLED);
  CHECK(state.end_reason == v1::CALLER_ABANDONED);
}

TEST_CASE("a good-bye says why before it is obeyed", "[session][flow]") {
  const Facts facts = FactsOfStep({}, HangUpStep(v1::NO_PROVIDER), "", At(10));
  REQUIRE(facts.size() == 1);
  CHECK(facts[0].kind() == F::CANCEL_REQUESTED);
  CHECK(facts[0].reason() == v1::NO_PROVIDER);
  CHECK(FactsOfStep({}, HangUpStep(v1::END_REASON_UNSPECIFIED), "", At(10))[0].reason() ==
        v1::NORMAL);
  SessionState talked;
  talked.answered_at = At(5);
  CHECK(FactsOfStep(talked, HangUpStep(v1::NORMAL), "", At(10)).empty());
}

TEST_CASE("other steps and answers say nothing of the call", "[session][flow]") {
  FlowStep gather;
  gather.set_number(1);
  gather.mutable_gather();
  CHECK(FactsOfStep({}, gather, "", At(10)).empty());
  CHECK(Of({}, gather, FlowInput::DIGITS).empty());
  CHECK(Of({}, gather, FlowInput::NO_INPUT).empty());
}

TEST_CASE("who asks after the end is sent away with the reason", "[session][flow]") {
  SessionState ended;
  ended.end_reason = v1::LOST;
  const FlowStep step = Farewell(ended, 7);
  CHECK(step.number() == 8);
  CHECK(step.hang_up().reason() == v1::LOST);
}

}  // namespace ctc::session::domain
