// A caller's way through several processes of the session service.
#include <catch2/catch.hpp>

#include "libs/testing/status_matchers.h"
#include "services/session/service/service_fixture.h"

namespace ctc::session {
namespace {

using routing::v1::FlowInput;
using routing::v1::FlowStep;
using routing::v1::NextFlowStepRequest;
using routing::v1::NextFlowStepResponse;
using testing::IsOk;

// A caller that presses keys for ever.
absl::StatusOr<NextFlowStepResponse> Menu(const NextFlowStepRequest& ask) {
  NextFlowStepResponse next;
  *next.mutable_state() = ask.state();
  FlowStep& step = *next.mutable_state()->mutable_current();
  step.set_number(step.number() + 1);
  step.mutable_gather()->set_max_digits(1);
  return next;
}

// The number of the step that `process` answers with; 0 when it fails.
int StepAt(Fixture& f, Process& process, FlowInput::Kind kind, int step) {
  CallFlow flow(process.core);
  v1::AdvanceFlowRequest request;
  request.set_provider_id("0190a1b2-c3d4-7abc-8def-0123456789ab");
  request.set_provider_type(common::v1::ProviderType::TWILIO);
  request.set_provider_call_id("CA1");
  request.set_from_phone("+1234567890");
  request.set_to_phone("+0987654321");
  request.mutable_input()->set_kind(kind);
  request.mutable_input()->set_step_number(step);
  request.set_source(v1::WEBHOOK);
  const auto answer = process.Run(flow.AdvanceFlow(f.Context(), request));
  CHECK_THAT(answer.status(), IsOk());
  return answer.ok() ? answer->step().number() : 0;
}

}  // namespace

TEST_CASE("an answer that follows another process's step leads on", "[session][flow]") {
  Fixture f;
  f.peers.next_step = Menu;
  const std::unique_ptr<Process> neighbour = f.NewNeighbour();
  CHECK(StepAt(f, *f.process, FlowInput::STARTED, 0) == 1);
  CHECK(StepAt(f, *neighbour, FlowInput::DIGITS, 1) == 2);
  // The first process saw the caller in step 1 last.
  SECTION("with the number of the step") {
    CHECK(StepAt(f, *f.process, FlowInput::DIGITS, 2) == 3);
    CHECK(StepAt(f, *neighbour, FlowInput::DIGITS, 3) == 4);
    CHECK(f.peers.count("NextFlowStep DIGITS") == 3);
  }
  SECTION("without one: it is to the step the caller is in") {
    CHECK(StepAt(f, *f.process, FlowInput::DIGITS, 0) == 3);
    CHECK(f.peers.count("NextFlowStep DIGITS") == 2);
  }
  SECTION("a repetition is answered as before") {
    CHECK(StepAt(f, *f.process, FlowInput::DIGITS, 1) == 2);
  }
}

TEST_CASE("a question about a call that was handed over is answered by its first session",
          "[session][flow]") {
  Fixture f;
  f.peers.next_step = Menu;
  CHECK(StepAt(f, *f.process, FlowInput::STARTED, 0) == 1);
  const auto first = f.process->Run(f.process->reader.GetByProviderCall(
      f.Context().tenant, "0190a1b2-c3d4-7abc-8def-0123456789ab", "CA1", absl::InfiniteFuture()));
  REQUIRE_THAT(first.status(), IsOk());
  store::NewSession next;
  next.record = **first;
  next.record.flow.Clear();
  next.record.facts.clear();
  next.record.idempotency_key.clear();
  next.record.session.set_conversation_id((*first)->id());
  next.record.session.set_parent_session_id((*first)->id());
  next.record.session.set_id("0190a1b2-c3d4-7abc-8def-00000000aaaa");
  next.record.session.set_session_id("sess_NEXT");
  REQUIRE_THAT(f.process->Run(f.process->writer.Create(next, absl::InfiniteFuture())).status(),
               IsOk());
  CHECK(StepAt(f, *f.process, FlowInput::DIGITS, 1) == 2);
  CHECK(f.peers.count("NextFlowStep STARTED") == 1);
}

}  // namespace ctc::session
