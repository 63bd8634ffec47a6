#include "services/routing/domain/simulation.h"

#include "libs/testing/status_matchers.h"
#include "services/routing/domain/flow_world_for_test.h"

namespace ctc::routing {
namespace {

using Kind = v1::IvrMenuOption;

struct Simulated : FlowWorld {
  absl::StatusOr<Simulation> Run(const std::vector<std::string>& inputs) {
    return Simulate(book, floor, Id("main"), call.now, inputs);
  }
  // The last step after the inputs.
  v1::FlowStep Last(const std::vector<std::string>& inputs) {
    const auto run = Run(inputs);
    INFO(run.status().ToString());
    REQUIRE(run.ok());
    return run->steps.back().step;
  }
};

}  // namespace

TEST_CASE_METHOD(Simulated, "each step is told with the input that led to it, and why") {
  AddMenu("main",
          {Option("1", Kind::PLAY_MESSAGE, R"({"text": "a"})"), Option("2", Kind::HANG_UP)});
  const auto run = Run({"1", "timeout", "2"});
  REQUIRE(run.ok());
  std::vector<std::string> inputs;
  for (const auto& step : run->steps) inputs.push_back(step.input);
  CHECK(inputs == std::vector<std::string>{"", "1", "done", "timeout", "2"});
  CHECK(run->steps[0].explanation == "menu \"main\"");
  CHECK(run->steps[1].explanation == "option \"1\"; PLAY_MESSAGE");
  CHECK(run->ended);
}

TEST_CASE_METHOD(Simulated, "the key that ends collected digits is not one of them") {
  AddMenu("main", {Option("1", Kind::COLLECT_DTMF,
                          R"({"name": "n", "min_digits": 4, "max_digits": 8,
                              "then": {"action": "VOICEMAIL"}})"),
                   Option("#", Kind::HANG_UP)});
  CHECK(Last({"1", "1234#"}).has_voicemail());
  CHECK(Last({"1", "123#"}).has_gather());
  CHECK(Last({"#"}).has_hang_up());
}

TEST_CASE_METHOD(Simulated, "time goes by, so that a queue overflows") {
  AddQueue("q").set_max_wait_seconds(25);
  book.queues.at(Id("q")).set_overflow("VOICEMAIL");
  AddMenu("main", {Option("1", Kind::ROUTE_QUEUE, R"({"queue_id": ")" + Id("q") + "\"}")});
  CHECK(Last({"1", "done", "done"}).wait().seconds() == 5);
  CHECK(Last({"1", "done", "done", "done"}).has_voicemail());
  const auto run = Run({"1", "done", "done", "done", "done", "1", "nonsense"});
  REQUIRE(run.ok());
  CHECK(run->ended);  // what comes after the end is not looked at
  CHECK(run->steps.size() == 6);
}

TEST_CASE_METHOD(Simulated, "a phone that rings is answered, or not") {
  const auto [input, over] = GENERATE(table<std::string, bool>({{"answered", true},
                                                                {"no-answer", false},
                                                                {"busy", false},
                                                                {"rejected", false},
                                                                {"failed", false}}));
  AddMenu("main", {Option("1", Kind::ROUTE_NUMBER,
                          R"({"phone": "1001", "no_answer": {"action": "VOICEMAIL"}})")});
  CHECK(Last({"1", input}).has_hang_up() == over);
}

TEST_CASE_METHOD(Simulated, "an input that does not fit is named") {
  AddAgent("ann");
  AddMenu("main", {Option("1", Kind::ROUTE_AGENT, R"({"agent_id": "ann"})")});
  const auto [inputs, field] = GENERATE(table<std::vector<std::string>, std::string>({
      {{""}, "inputs[0]"},
      {{"done"}, "inputs[0]"},
      {{"12a"}, "inputs[0]"},
      {{"answered"}, "inputs[0]"},
      {{std::string(33, '1')}, "inputs[0]"},
      {{"1", "2"}, "inputs[1]"},
      {{"1", "timeout"}, "inputs[1]"},
      {{"1", "no-answer", "busy"}, ""},  // it is over by then
  }));
  const auto run = Run(inputs);
  CHECK(run.ok() == field.empty());
  if (!field.empty()) CHECK(testing::NamesField(run.status(), field));
}

}  // namespace ctc::routing
