// The way of inbound callers, over a real database.
#include <catch2/catch.hpp>

#include <future>
#include <set>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "services/session/service/service_fixture.h"

namespace ctc::session {
namespace {

using routing::v1::FlowInput;
using routing::v1::FlowStep;
using routing::v1::NextFlowStepRequest;
using routing::v1::NextFlowStepResponse;
using testing::HasCode;
using testing::HasError;
using testing::IsOk;
using F = v1::CallFact;
using S = v1::Session;
using Answer = absl::StatusOr<v1::AdvanceFlowResponse>;

constexpr char kAccount[] = "0190a1b2-c3d4-7abc-8def-0123456789ab";

// A flow of two agents and a good-bye: each question leads to the next step.
absl::StatusOr<NextFlowStepResponse> TwoAgents(const NextFlowStepRequest& ask) {
  NextFlowStepResponse next;
  *next.mutable_state() = ask.state();
  FlowStep& step = *next.mutable_state()->mutable_current();
  const int number = ask.state().current().number() + 1;
  step.Clear();
  step.set_number(number);
  if (number <= 2) {
    step.mutable_dial()->set_agent_id("agent-" + std::to_string(number));
    step.mutable_dial()->set_phone("+100000000" + std::to_string(number));
    step.mutable_dial()->set_ring_seconds(20);
  } else {
    step.mutable_hang_up()->set_reason(v1::AGENT_NO_ANSWER);
  }
  next.set_explanation("step " + std::to_string(number));
  return next;
}

// A caller that presses keys for ever.
absl::StatusOr<NextFlowStepResponse> Menu(const NextFlowStepRequest& ask) {
  NextFlowStepResponse next;
  *next.mutable_state() = ask.state();
  FlowStep& step = *next.mutable_state()->mutable_current();
  step.set_number(step.number() + 1);
  step.mutable_gather()->set_max_digits(1);
  return next;
}

// A message is asked for; where it may not be recorded, routing says good-bye.
absl::StatusOr<NextFlowStepResponse> Message(const NextFlowStepRequest& ask) {
  NextFlowStepResponse next;
  *next.mutable_state() = ask.state();
  FlowStep& step = *next.mutable_state()->mutable_current();
  const int number = ask.state().current().number() + 1;
  step.Clear();
  step.set_number(number);
  if (ask.input().kind() == FlowInput::STARTED) {
    step.mutable_voicemail()->set_max_seconds(30);
    next.set_explanation("asks for a message");
  } else {
    step.mutable_hang_up()->set_reason(v1::AGENT_NO_ANSWER);
    next.set_explanation("no message may be recorded");
  }
  return next;
}

recording::v1::CheckRecordingResponse Refusal() {
  recording::v1::CheckRecordingResponse answer;
  answer.add_reasons()->set_detail("\"German consent\" wants consent first");
  return answer;
}

struct Calls : Fixture {
  Calls() { peers.next_step = TwoAgents; }

  v1::AdvanceFlowRequest Question(FlowInput::Kind kind, int step = 0,
                                  const std::string& call = "CA1") {
    v1::AdvanceFlowRequest request;
    request.set_provider_id(kAccount);
    request.set_provider_type(common::v1::ProviderType::TWILIO);
    request.set_provider_call_id(call);
    request.set_from_phone("+1234567890");
    request.set_to_phone("+0987654321");
    request.mutable_input()->set_kind(kind);
    request.mutable_input()->set_step_number(step);
    request.set_source(v1::WEBHOOK);
    return request;
  }
  Answer Ask(const v1::AdvanceFlowRequest& request, const std::string& tenant = "t1") {
    return process->Run(flow().AdvanceFlow(Context(tenant), request));
  }
  Answer Ask(FlowInput::Kind kind, int step = 0) { return Ask(Question(kind, step)); }
  CallFlow& flow() {
    if (!flow_ || of_ != process.get()) {
      of_ = process.get();
      flow_ = std::make_unique<CallFlow>(process->core);
    }
    return *flow_;
  }
  std::vector<std::string> Types(int64_t after = 0) {
    std::vector<std::string> types;
    for (const v1::CallEvent& event : Feed(after)) types.push_back(event.type());
    return types;
  }
  // A fact of one leg at the provider.
  v1::SessionFact LegFact(const std::string& session, v1::Leg::Party party, const std::string& leg,
                          F::Kind kind, int seconds) {
    v1::SessionFact fact = Fact(session, kind, seconds);
    fact.mutable_fact()->set_party(party);
    fact.mutable_fact()->set_provider_leg_id(leg);
    fact.mutable_fact()->set_event_key(fact.fact().event_key() + leg);
    return fact;
  }

 private:
  Process* of_ = nullptr;
  std::unique_ptr<CallFlow> flow_;
};

}  // namespace

TEST_CASE("a conversation is recorded only where recording's rules allow it", "[session][flow]") {
  Calls f;
  recording::v1::CheckRecordingRequest asked;
  bool allowed = true;
  f.peers.next_step = [](const NextFlowStepRequest& ask) {
    auto next = TwoAgents(ask);
    next->mutable_state()->mutable_current()->mutable_dial()->set_record(true);
    return next;
  };
  f.peers.check_recording = [&](const recording::v1::CheckRecordingRequest& request)
      -> absl::StatusOr<recording::v1::CheckRecordingResponse> {
    asked = request;
    recording::v1::CheckRecordingResponse answer = allowed ? decltype(answer)() : Refusal();
    answer.set_record(allowed);
    return answer;
  };
  const Answer recorded = f.Ask(FlowInput::STARTED);
  REQUIRE_THAT(recorded.status(), IsOk());
  CHECK(recorded->step().dial().record());
  CHECK(asked.phone() == "+1234567890");
  CHECK(asked.agent_id() == "agent-1");
  CHECK(asked.session_id() == recorded->session().id());
  CHECK(asked.subject() == recording::v1::CheckRecordingRequest::CONVERSATION);
  CHECK(asked.record());
  allowed = false;
  const Answer unrecorded = f.Ask(FlowInput::DIAL_NO_ANSWER, 1);
  REQUIRE_THAT(unrecorded.status(), IsOk());
  CHECK(unrecorded->step().dial().agent_id() == "agent-2");
  CHECK_FALSE(unrecorded->step().dial().record());
  bool told = false;
  for (const v1::CallEvent& event : f.Feed()) {
    told = told || event.detail().find("not recorded: \"German consent\"") != std::string::npos;
  }
  CHECK(told);
}

TEST_CASE("the configuration may have a conversation recorded that no menu asked for",
          "[session][flow]") {
  Calls f;
  f.peers.check_recording = [](const recording::v1::CheckRecordingRequest& request) {
    CHECK_FALSE(request.has_record());
    recording::v1::CheckRecordingResponse answer;
    answer.set_record(true);
    return answer;
  };
  CHECK(f.Ask(FlowInput::STARTED)->step().dial().record());
}

TEST_CASE("nobody is recorded while the rules cannot be asked, and no caller is lost",
          "[session][flow]") {
  Calls f;
  f.peers.check_recording =
      [](const auto&) -> absl::StatusOr<recording::v1::CheckRecordingResponse> {
    return absl::UnavailableError("away");
  };
  SECTION("in a conversation") {
    f.peers.next_step = [](const NextFlowStepRequest& ask) {
      auto next = TwoAgents(ask);
      next->mutable_state()->mutable_current()->mutable_dial()->set_record(true);
      return next;
    };
    const Answer answer = f.Ask(FlowInput::STARTED);
    REQUIRE_THAT(answer.status(), IsOk());
    CHECK(answer->step().has_dial());
    CHECK_FALSE(answer->step().dial().record());
  }
  SECTION("nor by a message") {
    f.peers.next_step = Message;
    const Answer answer = f.Ask(FlowInput::STARTED);
    REQUIRE_THAT(answer.status(), IsOk());
    CHECK(answer->step().has_hang_up());
  }
}

TEST_CASE("a message is taken only where recording's rules allow it", "[session][flow]") {
  Calls f;
  f.peers.next_step = Message;
  SECTION("allowed") {
    const Answer answer = f.Ask(FlowInput::STARTED);
    REQUIRE_THAT(answer.status(), IsOk());
    CHECK(answer->step().has_voicemail());
    CHECK(f.peers.count("CheckRecording MESSAGE") == 1);
  }
  SECTION("refused: routing decides what follows") {
    f.peers.check_recording = [](const auto&) { return Refusal(); };
    const Answer answer = f.Ask(FlowInput::STARTED);
    REQUIRE_THAT(answer.status(), IsOk());
    CHECK(answer->step().has_hang_up());
    CHECK(answer->step().number() == 2);
    CHECK(f.peers.count("NextFlowStep MESSAGE_REFUSED") == 1);
    CHECK(f.Ask(FlowInput::STARTED)->step().number() == 2);
  }
  SECTION("refused, and routing has no next step left") {
    f.peers.check_recording = [](const auto&) { return Refusal(); };
    f.peers.next_step = [](const NextFlowStepRequest& ask) {
      if (ask.input().kind() == FlowInput::STARTED) return Message(ask);
      NextFlowStepResponse same;
      *same.mutable_state() = ask.state();
      return absl::StatusOr<NextFlowStepResponse>(same);
    };
    const Answer answer = f.Ask(FlowInput::STARTED);
    REQUIRE_THAT(answer.status(), IsOk());
    CHECK(answer->step().has_hang_up());
  }
}

TEST_CASE("a caller's first question opens an inbound session", "[session][flow]") {
  Calls f;
  f.peers.next_step = Menu;
  const Answer answer = f.Ask(FlowInput::STARTED);
  REQUIRE_THAT(answer.status(), IsOk());
  CHECK(answer->step().number() == 1);
  const S& session = answer->session();
  CHECK(session.direction() == S::INBOUND);
  CHECK(session.status() == S::INITIATED);
  CHECK(session.submission() == S::ACCEPTED);
  CHECK(session.known_by() == v1::WEBHOOK);
  CHECK(session.from_phone() == "+1234567890");
  CHECK(session.to_phone() == "+0987654321");
  CHECK(session.provider_call_id() == "CA1");
  CHECK(session.conversation_id() == session.id());
  REQUIRE(session.legs_size() == 1);
  CHECK(session.legs(0).party() == v1::Leg::CUSTOMER);
  CHECK(session.legs(0).provider_leg_id() == "CA1");
  CHECK(f.Types() == std::vector<std::string>{"session.initiated", "session.flow"});

  f.NewProcess();  // nothing of it was in memory only
  const auto again = f.Get(session.id());
  REQUIRE_THAT(again.status(), IsOk());
  CHECK(again->SerializeAsString() == session.SerializeAsString());
}

TEST_CASE("the same question at once from everywhere makes one session", "[session][flow]") {
  Calls f;
  f.peers.next_step = Menu;
  const std::unique_ptr<Process> neighbour = f.NewNeighbour();
  Process& other = *neighbour;
  CallFlow flows[] = {CallFlow(f.process->core), CallFlow(other.core)};
  Process* both[] = {f.process.get(), &other};
  const v1::AdvanceFlowRequest question = f.Question(FlowInput::STARTED);
  std::vector<std::future<Answer>> answers;
  for (size_t i = 0; i < 12; ++i) {
    answers.push_back(asio::co_spawn(asio::make_strand(both[i % 2]->threads.context()),
                                     flows[i % 2].AdvanceFlow(f.Context(), question),
                                     asio::use_future));
  }
  std::set<std::string> ids;
  for (auto& answer : answers) {
    const Answer got = answer.get();
    REQUIRE_THAT(got.status(), IsOk());
    CHECK(got->step().number() == 1);
    ids.insert(got->session().id());
  }
  CHECK(ids.size() == 1);
  CHECK(f.Scalar("SELECT COUNT(*) FROM click_to_call_session") == "1");
  CHECK(f.Scalar("SELECT COUNT(*) FROM call_event WHERE type = 'session.flow'") == "1");
}

TEST_CASE("a repeated question gets the step given before", "[session][flow]") {
  Calls f;
  f.peers.next_step = Menu;
  REQUIRE_THAT(f.Ask(FlowInput::STARTED).status(), IsOk());
  CHECK(f.Ask(FlowInput::DIGITS, 1)->step().number() == 2);
  CHECK(f.Ask(FlowInput::DIGITS, 1)->step().number() == 2);
  CHECK(f.Ask(FlowInput::STARTED)->step().number() == 2);
  CHECK(f.peers.count("NextFlowStep") == 2);
  f.NewProcess();
  CHECK(f.Ask(FlowInput::NO_INPUT, 1)->step().number() == 2);
  CHECK(f.Ask(FlowInput::NO_INPUT, 2)->step().number() == 3);
}

TEST_CASE("the agent is told before its phone can ring", "[session][flow]") {
  Calls f;
  const Answer answer = f.Ask(FlowInput::STARTED);
  REQUIRE_THAT(answer.status(), IsOk());
  CHECK(answer->session().agent_id() == "agent-1");
  CHECK(answer->session().agent_phone() == "+1000000001");
  const auto feed = f.Feed();
  REQUIRE(feed.size() == 3);
  CHECK(feed[1].type() == "session.flow");
  CHECK(feed[2].type() == "session.offered");
  CHECK(feed[2].agent_id() == "agent-1");
  CHECK(feed[2].detail() == "step 1");
}

TEST_CASE("a missed offer goes to the next agent, and the first is free again", "[session][flow]") {
  Calls f;
  const std::string id = f.Ask(FlowInput::STARTED)->session().id();
  REQUIRE_THAT(f.Apply({f.LegFact(id, v1::Leg::AGENT, "A1", F::CALL_RINGING, 1),
                        f.LegFact(id, v1::Leg::AGENT, "A1", F::CALL_NO_ANSWER, 20)})
                   .status(),
               IsOk());
  CHECK(f.Get(id)->status() == S::INITIATED);
  const int64_t seen = f.Feed().back().seq();
  f.clock.Advance(absl::Seconds(21));
  const Answer second = f.Ask(FlowInput::DIAL_NO_ANSWER, 1);
  REQUIRE_THAT(second.status(), IsOk());
  CHECK(second->session().agent_id() == "agent-2");
  const auto feed = f.Feed(seen);
  REQUIRE(feed.size() == 3);
  CHECK(feed[0].type() == "session.withdrawn");
  CHECK(feed[0].agent_id() == "agent-1");
  CHECK(feed[1].type() == "session.flow");
  CHECK(feed[2].type() == "session.offered");
  CHECK(feed[2].agent_id() == "agent-2");
  // The first agent's own call is not refused as one too many.
  CHECK(f.Scalar("SELECT COUNT(*) FROM click_to_call_session WHERE agent_id = 'agent-1'") == "0");

  f.clock.Advance(absl::Seconds(1));
  REQUIRE_THAT(f.Apply({f.LegFact(id, v1::Leg::AGENT, "A2", F::CALL_ANSWERED, 5),
                        f.LegFact(id, v1::Leg::CUSTOMER, "CA1", F::CALL_ENDED, 65)})
                   .status(),
               IsOk());
  const auto session = f.Get(id);
  CHECK(session->status() == S::COMPLETED);
  CHECK(session->duration_seconds() == 60);
  CHECK(session->agent_id() == "agent-2");
  CHECK(f.Ask(FlowInput::DIAL_ENDED, 2)->step().has_hang_up());
}

TEST_CASE("nobody answers: the way ends as routing says", "[session][flow]") {
  Calls f;
  const std::string id = f.Ask(FlowInput::STARTED)->session().id();
  REQUIRE(f.Ask(FlowInput::DIAL_BUSY, 1)->step().has_dial());
  const Answer last = f.Ask(FlowInput::DIAL_NO_ANSWER, 2);
  CHECK(last->step().hang_up().reason() == v1::AGENT_NO_ANSWER);
  CHECK_FALSE(last->session().has_agent_id());
  REQUIRE_THAT(f.Apply({f.LegFact(id, v1::Leg::CUSTOMER, "CA1", F::CALL_ENDED, 9)}).status(),
               IsOk());
  CHECK(f.Get(id)->status() == S::NO_ANSWER);
  CHECK(f.Get(id)->end_reason() == v1::AGENT_NO_ANSWER);
}

TEST_CASE("a caller who leaves has abandoned the call, and routing hears of it",
          "[session][flow]") {
  Calls f;
  const std::string id = f.Ask(FlowInput::STARTED)->session().id();
  SECTION("as its flow says") {
    const Answer gone = f.Ask(FlowInput::CALLER_GONE, 1);
    REQUIRE_THAT(gone.status(), IsOk());
    CHECK(gone->step().has_hang_up());
  }
  SECTION("as its flow says, while routing is away") {
    f.peers.next_step = [](const auto&) { return absl::UnavailableError("away"); };
    REQUIRE_THAT(f.Ask(FlowInput::CALLER_GONE, 1).status(), IsOk());
  }
  SECTION("as the provider's events say") {
    REQUIRE_THAT(f.Apply({f.LegFact(id, v1::Leg::CUSTOMER, "CA1", F::CALL_ENDED, 9)}).status(),
                 IsOk());
    CHECK(f.peers.count("NextFlowStep CALLER_GONE") == 1);
    CHECK(f.Ask(FlowInput::STARTED)->step().has_hang_up());
  }
  CHECK(f.peers.count("NextFlowStep CALLER_GONE") == 1);
  CHECK(f.Get(id)->status() == S::CANCELLED);
  CHECK(f.Get(id)->end_reason() == v1::CALLER_ABANDONED);
  const auto types = f.Types();
  CHECK(std::count(types.begin(), types.end(), "session.withdrawn") == 1);
}

TEST_CASE("without routing there is no step, and the next question is answered",
          "[session][flow]") {
  Calls f;
  f.peers.next_step = [](const auto&) { return absl::UnavailableError("away"); };
  CHECK_THAT(f.Ask(FlowInput::STARTED).status(), HasCode(absl::StatusCode::kUnavailable));
  f.peers.next_step = Menu;
  CHECK(f.Ask(FlowInput::STARTED)->step().number() == 1);
  CHECK(f.Scalar("SELECT COUNT(*) FROM click_to_call_session") == "1");
}

TEST_CASE("a routing that stands still is an error, not a loop", "[session][flow]") {
  Calls f;
  f.peers.next_step = [](const NextFlowStepRequest& ask) {
    NextFlowStepResponse same;
    *same.mutable_state() = ask.state();
    return same;
  };
  CHECK_THAT(f.Ask(FlowInput::STARTED).status(), HasError(base::kInternal));
}

TEST_CASE("calls of others are not found", "[session][flow]") {
  Calls f;
  f.peers.next_step = Menu;
  const std::string id = f.Ask(FlowInput::STARTED)->session().id();
  v1::AdvanceFlowRequest question = f.Question(FlowInput::DIGITS, 1);
  question.set_session(id);
  CHECK_THAT(f.Ask(question).status(), IsOk());
  CHECK_THAT(f.Ask(question, "t2").status(), HasError(base::kNotFound));
  question.set_provider_id("0190a1b2-c3d4-7abc-8def-000000000000");
  CHECK_THAT(f.Ask(question).status(), HasError(base::kNotFound));
  question.set_provider_id("p1");
  question.set_session(f.Initiate()->id());
  CHECK_THAT(f.Ask(question).status(), HasError(base::kNotFound));
}

TEST_CASE("an incomplete question names the field", "[session][flow]") {
  Calls f;
  v1::AdvanceFlowRequest question = f.Question(FlowInput::STARTED);
  std::string field;
  SECTION("no account") {
    question.clear_provider_id();
    field = "provider_id";
  }
  SECTION("no kind") {
    question.clear_input();
    field = "input.kind";
  }
  SECTION("no call") {
    question.clear_provider_call_id();
    field = "provider_call_id";
  }
  SECTION("an endless id") {
    question.set_provider_call_id(std::string(192, 'x'));
    field = "provider_call_id";
  }
  CHECK(testing::NamesField(f.Ask(question).status(), field));
}

TEST_CASE("the step a caller is in can be read", "[session][flow]") {
  Calls f;
  const std::string id = f.Ask(FlowInput::STARTED)->session().id();
  v1::GetFlowStepRequest request;
  request.set_id(id);
  auto step = f.process->Run(f.flow().GetFlowStep(f.Context(), request));
  REQUIRE_THAT(step.status(), IsOk());
  CHECK(step->step().dial().ring_seconds() == 20);
  CHECK(step->session().id() == id);
  request.set_id(f.Initiate()->id());
  step = f.process->Run(f.flow().GetFlowStep(f.Context(), request));
  CHECK_FALSE(step->has_step());
}

TEST_CASE("a caller the provider forgot is lost, one it still has waits on", "[session][flow]") {
  Calls f;
  f.peers.next_step = Menu;
  const std::string id = f.Ask(FlowInput::STARTED)->session().id();
  const bool there = GENERATE(true, false);
  f.peers.look_up = [&](const auto&) {
    dispatch::v1::LookUpCallResponse answer;
    answer.set_found(there ? dispatch::v1::LookUpCallResponse::LIVE
                           : dispatch::v1::LookUpCallResponse::NOT_FOUND);
    return answer;
  };
  f.clock.Advance(absl::Seconds(50));
  testing::Eventually([&]() -> std::string {
    const auto swept = f.process->Run(f.process->watchdog->Sweep());
    if (!swept.ok()) return std::string(swept.status().message());
    const bool asked = f.peers.count("LookUpCall") > 0;
    return asked && (there || !domain::IsLive(f.Get(id)->status())) ? "" : "not settled";
  });
  CHECK(f.Get(id)->status() == (there ? S::INITIATED : S::FAILED));
  CHECK(f.peers.count("ControlCall") == 0);
}

TEST_CASE("an answer without a step's number is to the current step", "[session][flow]") {
  Calls f;
  f.peers.next_step = Menu;
  REQUIRE_THAT(f.Ask(FlowInput::STARTED).status(), IsOk());
  CHECK(f.Ask(FlowInput::DIGITS)->step().number() == 2);
  CHECK(f.Ask(FlowInput::NO_INPUT)->step().number() == 3);
  CHECK(f.Ask(FlowInput::STARTED)->step().number() == 3);
}

}  // namespace ctc::session
