#include "libs/providers/vonage/live_control.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/vonage/samples_for_test.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::vonage {
namespace {

using dispatch::v1::ControlCallRequest;
using dispatch::v1::ControlCallResponse;
using session::v1::Leg;

using Lines = std::vector<std::string>;

struct World {
  FakeHttp http;
  testing::FakeClock clock;
  Api api{{http, clock, {}}};
  LiveControl control{api};
  Account account = AnAccount();
  ControlCallRequest request;

  World() {
    http.When("", 204, "");
    auto& order = *request.mutable_order();
    order.set_id(kSession);
    order.set_to_phone("+15551230003");
    order.set_from_phone("+15551230001");
    order.set_agent_phone("+15551230002");
    request.set_provider_call_id("agent-uuid");
    AddLeg("agent", Leg::AGENT, "agent-uuid");
    AddLeg("customer", Leg::CUSTOMER, "customer-uuid");
  }
  void AddLeg(const char* id, Leg::Party party, const char* uuid) {
    auto& leg = *request.add_legs();
    leg.set_id(id);
    leg.set_party(party);
    leg.set_provider_leg_id(uuid);
  }
  void SetMusic() {
    (*account.config.mutable_settings()->mutable_fields())["hold_music_url"].set_string_value(
        "https://cdn.example.com/hold.mp3");
  }
  absl::StatusOr<ControlCallResponse> Do(ControlCallRequest::Action action) {
    http.requests.clear();
    request.set_action(action);
    return testing::RunTask(control.Do(account, request));
  }
  // "PUT customer-uuid mute" of each request.
  Lines Asked() const {
    Lines lines;
    for (const http::ClientRequest& sent : http.requests) {
      std::string line = sent.method + " " + sent.url.substr(sent.url.find("/v1/calls") + 9);
      const Json body = Json::parse(sent.body, nullptr, false);
      if (const std::string action = TextOf(body, "action"); !action.empty()) line += " " + action;
      lines.push_back(std::move(line));
    }
    return lines;
  }
  Json Body() const { return Json::parse(http.requests.back().body); }
};

TEST_CASE("hold is a customer who neither hears nor is heard", "[vonage][control]") {
  World world;
  REQUIRE(world.Do(ControlCallRequest::HOLD).ok());
  CHECK(world.Asked() == Lines{"PUT /customer-uuid mute", "PUT /customer-uuid earmuff"});
  REQUIRE(world.Do(ControlCallRequest::RESUME).ok());
  CHECK(world.Asked() == Lines{"PUT /customer-uuid unearmuff", "PUT /customer-uuid unmute"});
  world.SetMusic();
  REQUIRE(world.Do(ControlCallRequest::HOLD).ok());
  CHECK(world.Asked().back() == "PUT /customer-uuid/stream");
  CHECK(world.Body() ==
        Json({{"stream_url", Json::array({"https://cdn.example.com/hold.mp3"})}, {"loop", 0}}));
  REQUIRE(world.Do(ControlCallRequest::RESUME).ok());
  CHECK(world.Asked().front() == "DELETE /customer-uuid/stream");
  CHECK(world.http.requests.front().body.empty());
}

TEST_CASE("half a hold is taken back, and a hold without music is one", "[vonage][control]") {
  World world;
  world.http.When("PUT", [](const http::ClientRequest& request) {
    http::ClientResult result;
    result.response.status = request.body.find("earmuff") != std::string::npos ? 500 : 204;
    return result;
  });
  CHECK(base::IsError(world.Do(ControlCallRequest::HOLD).status(), base::kProviderError));
  CHECK(world.Asked().back() == "PUT /customer-uuid unmute");
  World deaf;
  deaf.SetMusic();
  deaf.http.When("/stream", 400, "{}");
  CHECK(deaf.Do(ControlCallRequest::HOLD).ok());
  deaf.http.When("/stream", 404, "{}");
  CHECK_FALSE(deaf.Do(ControlCallRequest::RESUME)->call_is_gone());
}

TEST_CASE("mute is the agent's, digits are the customer's", "[vonage][control]") {
  World world;
  REQUIRE(world.Do(ControlCallRequest::MUTE).ok());
  CHECK(world.Asked() == Lines{"PUT /agent-uuid mute"});
  REQUIRE(world.Do(ControlCallRequest::UNMUTE).ok());
  CHECK(world.Asked() == Lines{"PUT /agent-uuid unmute"});
  world.request.set_digits("12#");
  world.http.When("/dtmf", 200, R"({"message":"DTMF sent"})");
  REQUIRE(world.Do(ControlCallRequest::SEND_DTMF).ok());
  CHECK(world.Asked() == Lines{"PUT /customer-uuid/dtmf"});
  CHECK(world.Body() == Json({{"digits", "12#"}}));
  world.request.set_digits("12A");
  CHECK(base::IsError(world.Do(ControlCallRequest::SEND_DTMF).status(), base::kValidationFailed));
  CHECK(world.http.requests.empty());
}

TEST_CASE("after a transfer the agent is whoever is the agent's party", "[vonage][control]") {
  World world;
  world.request.mutable_legs(0)->set_state(Leg::ENDED);
  world.AddLeg("consult-1", Leg::AGENT, "second-uuid");
  REQUIRE(world.Do(ControlCallRequest::MUTE).ok());
  CHECK(world.Asked() == Lines{"PUT /second-uuid mute"});
}

TEST_CASE("hanging up ends every leg there is", "[vonage][control]") {
  World world;
  world.AddLeg("consult-1", Leg::CONSULT, "consult-uuid");
  world.AddLeg("party-1", Leg::GUEST, "gone-uuid");
  world.request.mutable_legs(3)->set_state(Leg::ENDED);
  CHECK_FALSE(world.Do(ControlCallRequest::HANG_UP)->call_is_gone());
  CHECK(world.Asked() ==
        Lines{"PUT /agent-uuid hangup", "PUT /consult-uuid hangup", "PUT /customer-uuid hangup"});
  world.http.When("", 404, R"({"title":"Not Found"})");
  CHECK(world.Do(ControlCallRequest::HANG_UP)->call_is_gone());
  world.request.clear_legs();
  REQUIRE(world.Do(ControlCallRequest::HANG_UP).ok());
  CHECK(world.Asked() == Lines{"PUT /agent-uuid hangup"});
}

TEST_CASE("a leg that is too young to be hung up is asked again", "[vonage][control]") {
  World world;
  int asked = 0;
  world.http.When("PUT", [&](const http::ClientRequest&) {
    http::ClientResult result;
    result.response.status = ++asked == 1 ? 400 : 204;
    return result;
  });
  world.request.clear_legs();
  world.request.set_not_joined_yet(true);
  CHECK(world.Do(ControlCallRequest::HANG_UP).ok());
  CHECK(asked == 2);
  asked = 0;
  world.request.set_not_joined_yet(false);
  CHECK_FALSE(world.Do(ControlCallRequest::HANG_UP).ok());
  CHECK(asked == 1);
}

TEST_CASE("a recording begun by hand is the agent leg's, to the end", "[vonage][control]") {
  World world;
  REQUIRE(world.Do(ControlCallRequest::START_RECORDING).ok());
  CHECK(world.Asked() == Lines{"PUT /agent-uuid transfer"});
  const Json destination = world.Body()["destination"];
  CHECK(destination["type"] == "ncco");
  CHECK(destination["ncco"][0]["action"] == "record");
  CHECK(destination["ncco"][1]["name"] == kSession);
  for (const auto action : {ControlCallRequest::STOP_RECORDING, ControlCallRequest::PAUSE_RECORDING,
                            ControlCallRequest::RESUME_RECORDING}) {
    CHECK(base::IsError(world.Do(action).status(), base::kCapabilityMissing));
    CHECK(world.http.requests.empty());
  }
}

TEST_CASE("a party is rung into the room", "[vonage][control]") {
  World world;
  world.http.When("POST", 201, R"({"uuid":"new-uuid","status":"started"})");
  auto& target = *world.request.mutable_target();
  target.set_leg_id("consult-1");
  target.set_party(Leg::CONSULT);
  target.set_phone("+15551230009");
  target.set_ring_seconds(20);
  world.request.mutable_order()->set_room("room-1");
  REQUIRE(world.Do(ControlCallRequest::DIAL_PARTY).ok());
  const Json body = world.Body();
  CHECK(body["to"] == Json::array({{{"type", "phone"}, {"number", "15551230009"}}}));
  CHECK(body["from"]["number"] == "15551230001");
  CHECK(body["ringing_timer"] == 20);
  CHECK(body["event_url"][0].get<std::string>().ends_with("&leg=consult-1"));
  CHECK(body["ncco"] == Json::array({{{"action", "conversation"},
                                      {"name", "room-1"},
                                      {"startOnEnter", true},
                                      {"endOnExit", false}}}));
  target.set_phone("nobody");
  CHECK(
      base::IsError(world.Do(ControlCallRequest::DIAL_PARTY).status(), base::kInvalidDestination));
  target.set_phone("+15551230009");
  world.http.When("POST", 429, "{}");
  CHECK(
      base::IsError(world.Do(ControlCallRequest::DIAL_PARTY).status(), base::kProviderRateLimited));
}

TEST_CASE("a caller's agent sees our number, and its answer begins the recording",
          "[vonage][control]") {
  World world;
  world.http.When("POST", 201, R"({"uuid":"new-uuid"})");
  auto& order = *world.request.mutable_order();
  order.set_direction(session::v1::Session::INBOUND);
  order.set_from_phone("+447700900000");
  order.set_to_phone("+15551230001");
  world.request.set_not_joined_yet(true);
  world.request.mutable_target()->set_leg_id("agent");
  world.request.mutable_target()->set_phone("+15551230002");
  REQUIRE(world.Do(ControlCallRequest::DIAL_PARTY).ok());
  CHECK(world.Body()["from"]["number"] == "15551230001");
  CHECK(world.Body()["event_url"][0].get<std::string>().ends_with("&leg=agent"));
  order.set_record(true);
  REQUIRE(world.Do(ControlCallRequest::DIAL_PARTY).ok());
  CHECK(world.Body()["event_url"][0].get<std::string>().ends_with("&leg=agent&records=1"));
  // Called back after a transfer that failed, it begins nothing anew.
  world.request.set_not_joined_yet(false);
  REQUIRE(world.Do(ControlCallRequest::DIAL_PARTY).ok());
  CHECK(world.Body()["event_url"][0].get<std::string>().ends_with("&leg=agent"));
}

TEST_CASE("supervisors listen, whisper and barge in", "[vonage][control]") {
  World world;
  world.http.When("POST", 201, R"({"uuid":"new-uuid"})");
  auto& target = *world.request.mutable_target();
  target.set_leg_id("supervisor-1");
  target.set_phone("+15551230009");
  target.set_mode(ControlCallRequest::LISTEN);
  REQUIRE(world.Do(ControlCallRequest::DIAL_PARTY).ok());
  CHECK(world.Body()["ncco"][0]["mute"] == true);
  world.AddLeg("supervisor-1", Leg::SUPERVISOR, "boss-uuid");
  target.set_mode(ControlCallRequest::WHISPER);
  REQUIRE(world.Do(ControlCallRequest::CHANGE_MODE).ok());
  CHECK(world.Asked() == Lines{"PUT /boss-uuid transfer"});
  const Json whisper = world.Body()["destination"]["ncco"][0];
  CHECK(whisper["canSpeak"] == Json::array({"agent-uuid"}));
  CHECK(whisper["canHear"] == Json::array({"agent-uuid", "customer-uuid"}));
  CHECK_FALSE(whisper.contains("mute"));
  target.set_mode(ControlCallRequest::BARGE);
  REQUIRE(world.Do(ControlCallRequest::CHANGE_MODE).ok());
  CHECK(world.Body()["destination"]["ncco"][0] == Json({{"action", "conversation"},
                                                        {"name", kSession},
                                                        {"startOnEnter", true},
                                                        {"endOnExit", false}}));
}

TEST_CASE("a hand-over takes the customer off hold before the agent leaves", "[vonage][control]") {
  World world;
  REQUIRE(world.Do(ControlCallRequest::HAND_OVER).ok());
  CHECK(world.Asked() == Lines{"PUT /customer-uuid unearmuff", "PUT /customer-uuid unmute",
                               "PUT /agent-uuid hangup"});
  // After a blind transfer the agent has gone already.
  world.http.When("/agent-uuid", 404, "{}");
  CHECK_FALSE(world.Do(ControlCallRequest::HAND_OVER)->call_is_gone());
  world.http.When("/customer-uuid", 404, "{}");
  CHECK(world.Do(ControlCallRequest::HAND_OVER)->call_is_gone());
  CHECK(world.Asked().back() == "PUT /customer-uuid unearmuff");
}

TEST_CASE("a party that left is dropped", "[vonage][control]") {
  World world;
  world.request.mutable_target()->set_leg_id("consult-1");
  CHECK(base::IsError(world.Do(ControlCallRequest::DROP_PARTY).status(), base::kCallNotLive));
  world.AddLeg("consult-1", Leg::CONSULT, "consult-uuid");
  REQUIRE(world.Do(ControlCallRequest::DROP_PARTY).ok());
  CHECK(world.Asked() == Lines{"PUT /consult-uuid hangup"});
  world.http.When("", 404, "{}");
  CHECK_FALSE(world.Do(ControlCallRequest::DROP_PARTY)->call_is_gone());
}

TEST_CASE("a caller is sent to ask for the next step", "[vonage][control]") {
  World world;
  world.request.clear_legs();
  world.request.mutable_order()->set_direction(session::v1::Session::INBOUND);
  world.request.set_provider_call_id("caller-uuid");
  world.request.mutable_flow_input()->set_kind(routing::v1::FlowInput::DIAL_BUSY);
  world.request.mutable_flow_input()->set_step_number(4);
  REQUIRE(world.Do(ControlCallRequest::ASK_FLOW).ok());
  CHECK(world.Asked() == Lines{"PUT /caller-uuid transfer"});
  CHECK(world.Body()["destination"] ==
        Json({{"type", "ncco"},
              {"url", Json::array({"https://crm.example.com/api/v1/webhooks/voip/vonage/flow"
                                   "?tenant=t%201&session=" +
                                   std::string(kSession) + "&step=4&outcome=DIAL_BUSY"})}}));
}

TEST_CASE("a leg that is over is gone, one that is unknown is not live", "[vonage][control]") {
  World world;
  world.http.When("", 404, R"({"title":"Not Found"})");
  CHECK(world.Do(ControlCallRequest::HOLD)->call_is_gone());
  CHECK(world.Do(ControlCallRequest::MUTE)->call_is_gone());
  world.request.clear_legs();
  CHECK(base::IsError(world.Do(ControlCallRequest::HOLD).status(), base::kCallNotLive));
}

}  // namespace
}  // namespace ctc::providers::vonage
