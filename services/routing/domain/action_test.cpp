// What an option's action_json may be.
#include "services/routing/domain/action.h"

#include "libs/testing/status_matchers.h"
#include "services/routing/domain/flow_world_for_test.h"

namespace ctc::routing {
namespace {

using Kind = v1::IvrMenuOption;

absl::StatusOr<Action> Parse(Kind::Action kind, const std::string& json) {
  return ParseAction(kind, Json(json), "", "options[0].action_json");
}

// The first field at fault, below action_json.
std::string Fault(Kind::Action kind, const std::string& json) {
  const auto fields = base::DetailOf(Parse(kind, json).status()).fields;
  const std::string prefix = "options[0].action_json.";
  INFO(json);
  REQUIRE(fields.size() == 1);
  REQUIRE(fields[0].field.rfind(prefix, 0) == 0);
  return fields[0].field.substr(prefix.size());
}

const char kQueue[] = R"("queue_id": "01890000-0000-7000-8000-00000000000a")";

}  // namespace

TEST_CASE("defaults of actions are told in docs/ivr.md") {
  const Action agent = *Parse(Kind::ROUTE_AGENT, R"({"agent_id": "ann", "text": null})");
  CHECK(agent.ring_seconds == 20);
  CHECK_FALSE(agent.record);
  CHECK(agent.no_answer == nullptr);
  const Action digits = *Parse(Kind::COLLECT_DTMF, R"({"name": "n", "max_digits": 4})");
  CHECK(digits.min_digits == 1);
  CHECK(digits.finish_on_key == "#");
  CHECK(digits.timeout_seconds == 0);
  CHECK(digits.max_retries < 0);
  CHECK(Parse(Kind::VOICEMAIL, "{}")->max_seconds == 120);
}

TEST_CASE("a wrong member of an action is named") {
  const auto [kind, json, field] = GENERATE(table<Kind::Action, std::string, std::string>({
      {Kind::ROUTE_AGENT, "{}", "agent_id"},
      {Kind::ROUTE_AGENT, R"({"agent_id": ""})", "agent_id"},
      {Kind::ROUTE_AGENT, R"({"agent_id": 7})", "agent_id"},
      {Kind::ROUTE_AGENT, R"({"agent_id": "a\u0007"})", "agent_id"},
      {Kind::ROUTE_AGENT, R"({"agent_id": "a", "ring_seconds": 4})", "ring_seconds"},
      {Kind::ROUTE_AGENT, R"({"agent_id": "a", "ring_seconds": 121})", "ring_seconds"},
      {Kind::ROUTE_AGENT, R"({"agent_id": "a", "ring_seconds": 20.5})", "ring_seconds"},
      {Kind::ROUTE_AGENT, R"({"agent_id": "a", "ring_seconds": "20"})", "ring_seconds"},
      {Kind::ROUTE_AGENT, R"({"agent_id": "a", "ring_seconds": 1e300})", "ring_seconds"},
      {Kind::ROUTE_AGENT, R"({"agent_id": "a", "record": "yes"})", "record"},
      {Kind::ROUTE_AGENT, R"({"agent_id": "a", "phone": "call me, maybe"})", "phone"},
      {Kind::ROUTE_AGENT, R"({"agent_id": "a", "audio_url": "file:///etc/passwd"})", "audio_url"},
      {Kind::ROUTE_AGENT, R"({"agent_id": "a", "audio_url": "https://a b"})", "audio_url"},
      {Kind::ROUTE_AGENT, R"({"agent_id": "a", "queue_id": "x"})", "queue_id"},
      {Kind::ROUTE_NUMBER, "{}", "phone"},
      {Kind::ROUTE_NUMBER, R"({"phone": "+1555,5"})", "phone"},
      {Kind::ROUTE_QUEUE, "{}", "queue_id"},
      {Kind::ROUTE_QUEUE, R"({"queue_id": "sales"})", "queue_id"},
      {Kind::PLAY_MESSAGE, "{}", "text"},
      {Kind::COLLECT_DTMF, R"({"max_digits": 4})", "name"},
      {Kind::COLLECT_DTMF, R"({"name": "n"})", "max_digits"},
      {Kind::COLLECT_DTMF, R"({"name": "n", "max_digits": 33})", "max_digits"},
      {Kind::COLLECT_DTMF, R"({"name": "n", "max_digits": 2, "min_digits": 3})", "min_digits"},
      {Kind::COLLECT_DTMF, R"({"name": "n", "max_digits": 2, "finish_on_key": "5"})",
       "finish_on_key"},
      {Kind::COLLECT_DTMF, R"({"name": "n", "max_digits": 2, "timeout_seconds": 61})",
       "timeout_seconds"},
      {Kind::COLLECT_DTMF, R"({"name": "n", "max_digits": 2, "max_retries": 11})", "max_retries"},
      {Kind::VOICEMAIL, R"({"max_seconds": 601})", "max_seconds"},
      {Kind::SUB_MENU, R"({"text": "a"})", "text"},
      {Kind::REPEAT, R"({"text": "a"})", "text"},
      {Kind::HANG_UP, R"({"reason": "a"})", "reason"},
  }));
  CHECK(Fault(kind, json) == field);
}

TEST_CASE("a wrong action that follows another is named by the way to it") {
  const auto [inner, field] = GENERATE(table<std::string, std::string>({
      {"7", "no_answer"},
      {"{}", "no_answer.action"},
      {R"({"action": "DANCE"})", "no_answer.action"},
      {R"({"action": "REPEAT"})", "no_answer.action"},
      {R"({"action": "SUB_MENU"})", "no_answer.menu_id"},
      {R"({"action": "SUB_MENU", "menu_id": "m"})", "no_answer.menu_id"},
      {R"({"action": "VOICEMAIL", "menu_id": "m"})", "no_answer.menu_id"},
      {R"({"action": "ROUTE_AGENT"})", "no_answer.agent_id"},
      {R"({"action": "ROUTE_AGENT", "agent_id": "a", "no_answer": {"action": "ROUTE_NUMBER"}})",
       "no_answer.no_answer.phone"},
  }));
  CHECK(Fault(Kind::ROUTE_QUEUE, std::string("{") + kQueue + R"(, "no_answer": )" + inner + "}") ==
        field);
}

TEST_CASE("actions follow each other five deep at most") {
  const auto nest = [](int depth) {
    std::string json = R"({"text": "a"})";
    for (int i = 0; i < depth; ++i) {
      json = R"({"text": "a", "then": {"action": "PLAY_MESSAGE", )" + json.substr(1) + "}";
    }
    return json;
  };
  CHECK(Parse(Kind::PLAY_MESSAGE, nest(4)).ok());
  CHECK(Fault(Kind::PLAY_MESSAGE, nest(5)) == "then.then.then.then.then");
}

TEST_CASE("the actions that may follow are found by their path") {
  const Action action = *Parse(Kind::ROUTE_AGENT, R"({"agent_id": "a", "no_answer":
      {"action": "PLAY_MESSAGE", "text": "b", "then": {"action": "VOICEMAIL"}}})");
  CHECK(Follow(action, "")->kind == Kind::ROUTE_AGENT);
  CHECK(Follow(action, "no_answer")->kind == Kind::PLAY_MESSAGE);
  CHECK(Follow(action, "no_answer.then")->kind == Kind::VOICEMAIL);
  CHECK(Follow(action, "then") == nullptr);
  CHECK(Follow(action, "no_answer.then.then") == nullptr);
  CHECK(Follow(action, "overflow") == nullptr);
  std::string walked;
  Walk(action, [&](const Action&, const std::string& path) { walked += path + "/"; });
  CHECK(walked == "/no_answer/no_answer.then/");
}

}  // namespace ctc::routing
