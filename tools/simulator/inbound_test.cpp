// The caller's script: what it says, and how it answers questions.
#include "tools/simulator/inbound.h"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

namespace ctc::simulator {
namespace {

using Json = nlohmann::json;

Caller ACaller(std::vector<KeyPress> keys) {
  CallerScript script;
  script.keys = std::move(keys);
  return Caller(script);
}

Question AQuestion(int max_digits, std::string finish_keys = "#") {
  return {max_digits, std::move(finish_keys), absl::Seconds(5)};
}

http::Request Post(std::string body) {
  http::Request request;
  request.method = "POST";
  request.body = std::move(body);
  return request;
}

}  // namespace

TEST_CASE("keys end at the count, at the finishing key, or with silence", "[inbound]") {
  Caller caller = ACaller({{"123", {}}, {"12#9", {}}, {"12", absl::Seconds(1)}});
  const Entry counted = caller.Answer(AQuestion(2));
  CHECK(counted.digits == "12");
  CHECK(counted.finished.empty());
  CHECK(counted.took < absl::Seconds(5));
  const Entry finished = caller.Answer(AQuestion(0));
  CHECK(finished.digits == "12");
  CHECK(finished.finished == "#");
  const Entry silent = caller.Answer(AQuestion(4));
  CHECK(silent.digits == "12");
  CHECK(silent.took > absl::Seconds(6));
}

TEST_CASE("nothing is pressed by an empty entry, too late, or without an entry", "[inbound]") {
  Caller caller = ACaller({{"", {}}, {"1", absl::Seconds(6)}});
  for (int i = 0; i < 3; ++i) {
    const Entry entry = caller.Answer(AQuestion(1));
    CHECK(entry.digits.empty());
    CHECK(entry.took == absl::Seconds(5));
  }
}

TEST_CASE("a script is read, and its faults are named", "[inbound]") {
  const auto script = ReadCallerScript(
      R"({"provider":"twilio","from":"+1555","to":"+1556","account":"AC1","secret":"s",
          "answer_url":"http://x","keys":["1",{"keys":"2#","pause_ms":250}],"talk_ms":2000})");
  REQUIRE(script.ok());
  CHECK(script->to == "+1556");
  CHECK(script->secret.Reveal() == "s");
  REQUIRE(script->keys.size() == 2);
  CHECK(script->keys[1].keys == "2#");
  CHECK(script->keys[1].pause == absl::Milliseconds(250));
  CHECK(script->talk == absl::Seconds(2));
  CHECK(script->hang_up_after == absl::InfiniteDuration());
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"[]", "object"},
      {R"({"to":"+1"})", "provider"},
      {R"({"provider":"twilio"})", "to"},
      {R"({"provider":"twilio","to":"+1","keys":"1"})", "keys"},
      {R"({"provider":"twilio","to":"+1","keys":["x"]})", "keys"},
      {R"({"provider":"twilio","to":"+1","keys":[7]})", "keys"},
      {R"({"provider":"twilio","to":"+1","talk_ms":-1})", "talk_ms"},
      {R"({"provider":"twilio","to":"+1","talk_ms":99999999999999999999})", "talk_ms"}};
  for (const auto& [body, word] : bad) {
    INFO(body);
    const absl::Status status = ReadCallerScript(body).status();
    CHECK(std::string(status.message()).find(word) != std::string::npos);
  }
}

TEST_CASE("a caller rings at its provider, and tells what it heard", "[inbound]") {
  Inbound inbound;
  inbound.Register("twilio", [](const CallerPtr& caller) -> absl::StatusOr<std::string> {
    if (caller->script().to == "+0") return absl::NotFoundError("nobody answers there");
    caller->Heard("say Hello");
    return "CA1";
  });
  CHECK(inbound.Handle(Post(R"({"provider":"vonage","to":"+1"})")).status == 400);
  CHECK(inbound.Handle(Post(R"({"provider":"twilio","to":"+0"})")).status == 409);
  const http::Response started = inbound.Handle(Post(R"({"provider":"twilio","to":"+1"})"));
  CHECK(started.status == 201);
  CHECK(Json::parse(started.body)["call"] == "CA1");
  http::Request get;
  get.method = "GET";
  get.query = "call=CA1";
  const Json told = Json::parse(inbound.Handle(get).body);
  CHECK(told["calls"]["CA1"]["heard"] == Json::array({"say Hello"}));
  get.query = "call=CA2";
  CHECK(Json::parse(inbound.Handle(get).body)["calls"].empty());
}

}  // namespace ctc::simulator
