// mCube as an adapter sees it: credentials among the fields, refusals with status 200, two pushes.
#include <catch2/catch.hpp>

#include "tools/simulator/fixture_for_test.h"

namespace ctc::simulator {
namespace {

http::ClientResult Cloud(Fixture& f, const Json& more) {
  Json body = {{"HTTP_AUTHORIZATION", "token"}, {"exenumber", "9000000001"}, {"refid", "r1"}};
  body.update(more);
  return f.Send("POST", "/Restmcube-api/outbound-calls", body.dump(), "application/json");
}

Json BodyOf(const Receiver& receiver, size_t index) {
  return Json::parse(ValueOf(receiver.Received()[index], "_body"), nullptr, false);
}

TEST_CASE("a click is answered with an id and told by two pushes", "[mcube]") {
  Receiver receiver;
  Fixture f;
  const auto result = Cloud(
      f, {{"custnumber", "9800009920"}, {"did", "8040000003"}, {"refurl", receiver.Url("/")}});
  const Json answer = Json::parse(result.response.body);
  CHECK(answer["status"] == "succ");
  const std::string callid = answer["callid"];
  CHECK(callid.size() == 20);
  testing::EventuallyTrue([&] { return receiver.Received().size() == 2; }, "two pushes");
  CHECK_FALSE(BodyOf(receiver, 0).contains("endtime"));
  CHECK(BodyOf(receiver, 0)["dialstatus"] == "ANSWER");
  const Json last = BodyOf(receiver, 1);
  CHECK(last["callid"] == callid);
  CHECK(last["refid"] == "r1");
  CHECK(last["emp_phone"] == "9000000001");
  CHECK(last["callto"] == "9800009920");
  CHECK(last["answeredtime"].get<std::string>().size() == 8);
  const std::string file = last["filename"];
  CHECK(f.Send("GET", file.substr(file.find("/mcube"))).response.body.starts_with("RIFF"));
  CHECK(f.Dials("919800009920") == 1);
}

TEST_CASE("each phone that does not answer has its word", "[mcube]") {
  using Case = std::pair<Json, std::string>;
  const auto [more, word] = GENERATE(values<Case>({
      {{{"custnumber", "9800009901"}}, "Busy"},
      {{{"custnumber", "9800009902"}}, "NoAnswer"},
      {{{"custnumber", "9800009904"}}, "Congestion"},
      {{{"custnumber", "9800000002"}, {"exenumber", "9000009901"}}, "Executive Busy"},
  }));
  INFO(more.dump());
  Receiver receiver;
  Fixture f;
  Json body = more;
  body["refurl"] = receiver.Url("/");
  Cloud(f, body);
  testing::EventuallyTrue([&] { return receiver.Received().size() == 1; }, "the hang-up push");
  const Json push = BodyOf(receiver, 0);
  CHECK(push["dialstatus"] == word);
  CHECK(push["endtime"].is_string());
  CHECK(push["answeredtime"] == "");
  CHECK(push["filename"] == "None");
}

TEST_CASE("the classic API pushes JSON in a form's field, once", "[mcube]") {
  Receiver receiver;
  Fixture f;
  const auto result =
      f.Send("GET", "/api/outboundcall?apikey=k&exenumber=9000000001&custnumber=9800009923&url=" +
                        http::Encode(receiver.Url("/")));
  CHECK(Json::parse(result.response.body)["callid"].is_string());
  testing::EventuallyTrue([&] { return receiver.Received().size() == 1; }, "the push");
  const Json data = Json::parse(ValueOf(receiver.Received()[0], "data"));
  CHECK(data["status"] == "ANSWER");
  CHECK_FALSE(data.contains("dialstatus"));
}

TEST_CASE("refusals come with status 200", "[mcube]") {
  Fixture f;
  using Case = std::pair<Json, std::string>;
  const auto [more, says] = GENERATE(values<Case>({
      {{{"HTTP_AUTHORIZATION", ""}, {"custnumber", "9800000002"}}, "Invalid authorization"},
      {{{"exenumber", "12"}, {"custnumber", "9800000002"}}, "Executive not found"},
      {{{"custnumber", "+919800000002"}}, "Invalid custnumber"},
      {{{"custnumber", "9800009930"}}, "DND"},
      {{{"custnumber", "9800009926"}}, "Invalid authorization"},
  }));
  INFO(more.dump());
  const auto result = Cloud(f, more);
  CHECK(result.response.status == 200);
  CHECK(Json::parse(result.response.body)["status"] == "fail");
  CHECK(result.response.body.find(says) != std::string::npos);
}

TEST_CASE("a caller's agent is asked for, then told while it rings", "[mcube]") {
  Receiver receiver;
  Fixture f;
  const Json script = {{"provider", "mcube"},
                       {"from", "+919800000002"},
                       {"to", "+918040000003"},
                       {"event_url", receiver.Url("/push")},
                       {"answer_url", receiver.Url("/agent")}};
  const auto started = f.Send("POST", "/_inbound", script.dump(), "application/json");
  CHECK(started.response.status == 201);
  // The receiver names nobody, so nobody is rung.
  testing::EventuallyTrue([&] { return receiver.Received().size() == 2; }, "question and push");
  CHECK(ValueOf(receiver.Received()[0], "_url").find("callfrom=9800000002") != std::string::npos);
  CHECK(BodyOf(receiver, 1)["dialstatus"] == "NoAnswer");
  CHECK(BodyOf(receiver, 1)["direction"] == "inbound");
}

}  // namespace
}  // namespace ctc::simulator
