// Control of single parties at Asterisk, and fetching of recordings.
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/asterisk/adapter.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::asterisk {
namespace {

using dispatch::v1::ControlCallRequest;
using session::v1::Leg;
using testing::RunTask;
using Strings = std::vector<std::string>;

const std::string kUuid = "01930000-0000-7000-8000-000000000001";
const std::string kLater = "01930000-0000-7000-8000-000000000002";

struct World {
  FakeHttp http;
  testing::FakeClock clock;
  std::unique_ptr<Adapter> adapter = MakeAdapter({http, clock, {}});
  Account account;
  ControlCallRequest request;

  World() {
    account.config.set_api_url("http://pbx:8088");
    account.config.set_caller_id("Acme Sales");
    account.auth_token = base::Secret("ctc:secret");
    request.mutable_order()->set_id(kUuid);
    request.mutable_order()->set_to_phone("+15550100");
    request.mutable_order()->set_from_phone("+15550199");
    http.When("", 204, "");
  }
  void Target(const std::string& leg, const std::string& phone = "",
              ControlCallRequest::Mode mode = ControlCallRequest::MODE_UNSPECIFIED) {
    request.mutable_target()->set_leg_id(leg);
    request.mutable_target()->set_phone(phone);
    request.mutable_target()->set_mode(mode);
  }
  void AddLeg(const std::string& id, const std::string& channel,
              Leg::Party party = Leg::PARTY_UNSPECIFIED) {
    Leg& leg = *request.add_legs();
    leg.set_id(id);
    leg.set_party(party);
    leg.set_provider_leg_id(channel);
    leg.set_state(Leg::ANSWERED);
  }
  // The conversation's second session, of the agent who took over: a leg keeps the id it was rung
  // as.
  void AfterTransfer() {
    request.mutable_order()->set_id(kLater);
    request.mutable_order()->set_room(kUuid);
    AddLeg("consult-1", kUuid + "-consult-1", Leg::AGENT);
    AddLeg("customer", kUuid + "-customer");
  }
  absl::StatusOr<dispatch::v1::ControlCallResponse> Do(ControlCallRequest::Action action) {
    request.set_action(action);
    return RunTask(adapter->Control(account, request));
  }
  nlohmann::json Body() const { return nlohmann::json::parse(http.requests.at(0).body); }
};

TEST_CASE("a colleague is rung under an id of the conversation", "[asterisk][control]") {
  World world;
  world.Target("consult-1", "agent-b");
  world.request.mutable_target()->set_ring_seconds(12);
  REQUIRE(world.Do(ControlCallRequest::DIAL_PARTY).ok());
  CHECK(world.http.Lines() == Strings{"POST /ari/channels/" + kUuid + "-consult-1"});
  CHECK(world.Body()["endpoint"] == "PJSIP/agent-b");
  CHECK(world.Body()["appArgs"] == "join");
  CHECK(world.Body()["timeout"] == 12);
  CHECK(world.Body()["callerId"] == "+15550100");  // a colleague sees the customer
}

TEST_CASE("a number outside sees a number of ours", "[asterisk][control]") {
  World world;
  world.Target("party-1", "+15550177");
  SECTION("of a call out") {
    REQUIRE(world.Do(ControlCallRequest::DIAL_PARTY).ok());
    CHECK(world.Body()["callerId"] == "\"Acme Sales\" <+15550199>");
  }
  SECTION("of a call in, whose numbers stand the other way round") {
    world.request.mutable_order()->set_direction(session::v1::Session::INBOUND);
    REQUIRE(world.Do(ControlCallRequest::DIAL_PARTY).ok());
    CHECK(world.Body()["callerId"] == "\"Acme Sales\" <+15550100>");
  }
}

TEST_CASE("a party is rung once, whatever becomes of the answer", "[asterisk][control]") {
  World world;
  world.Target("consult-1", "agent-b");
  world.http.When("POST", 409, R"({"message":"Channel with given unique ID already exists"})");
  CHECK(world.Do(ControlCallRequest::DIAL_PARTY).ok());
}

TEST_CASE("a party that cannot be rung is refused", "[asterisk][control]") {
  World world;
  SECTION("by Asterisk") {
    world.Target("consult-1", "nobody");
    world.http.When("POST", 500, R"({"error":"Allocation failed"})");
    CHECK(base::IsError(world.Do(ControlCallRequest::DIAL_PARTY).status(), base::kProviderRefused));
  }
  SECTION("before anything is sent") {
    for (const char* phone : {"", "Local/1@x", "+1555,1&PJSIP/x", "a b"}) {
      world.Target("consult-1", phone);
      CHECK(base::IsError(world.Do(ControlCallRequest::DIAL_PARTY).status(),
                          base::kInvalidDestination));
    }
    for (const char* leg : {"", "customer", "bridge", "../x", "consult-1/../.."}) {
      world.Target(leg, "agent-b");
      CHECK(world.Do(ControlCallRequest::DIAL_PARTY).status().code() ==
            absl::StatusCode::kInvalidArgument);
    }
    CHECK(world.http.requests.empty());
  }
}

TEST_CASE("the legs of a later session have ids of their own", "[asterisk][control]") {
  World world;
  world.AfterTransfer();
  const std::string channels = "/ari/channels/" + kUuid;
  SECTION("new ones") {
    world.Target("consult-2", "agent-c");
    REQUIRE(world.Do(ControlCallRequest::DIAL_PARTY).ok());
    CHECK(world.http.Lines() == Strings{"POST " + channels + "-consult-2-" + kLater});
  }
  SECTION("those it took over keep theirs") {
    REQUIRE(world.Do(ControlCallRequest::MUTE).ok());
    REQUIRE(world.Do(ControlCallRequest::HOLD).ok());
    CHECK(world.http.Lines() == Strings{"POST " + channels + "-consult-1/mute?direction=in",
                                        "POST " + channels + "-customer/mute?direction=in",
                                        "POST " + channels + "-customer/moh"});
  }
  SECTION("and it ends all of them in the room of the first") {
    world.AddLeg("party-1", kUuid + "-party-1-" + kLater);
    REQUIRE(world.Do(ControlCallRequest::HANG_UP).ok());
    CHECK(world.http.Lines() ==
          Strings{"DELETE " + channels + "-customer?reason=normal",
                  "DELETE " + channels + "-consult-1?reason=normal",
                  "DELETE " + channels + "-party-1-" + kLater + "?reason=normal",
                  "DELETE /ari/bridges/" + kUuid + "-bridge"});
  }
  SECTION("and ends a recording that began before it") {
    world.http.When(kLater + "-rec", 404, R"({"message":"Recording not found"})");
    REQUIRE(world.Do(ControlCallRequest::STOP_RECORDING).ok());
    CHECK(world.http.Lines() == Strings{"POST /ari/recordings/live/" + kLater + "-rec/stop",
                                        "POST /ari/recordings/live/" + kUuid + "-rec/stop"});
  }
  SECTION("and records in that room under its own name") {
    REQUIRE(world.Do(ControlCallRequest::START_RECORDING).ok());
    CHECK(world.http.Lines().at(0).find("/bridges/" + kUuid + "-bridge/record?name=" + kLater +
                                        "-rec&") != std::string::npos);
  }
}

TEST_CASE("a caller's leg has Asterisk's own id", "[asterisk][control]") {
  World world;
  world.request.mutable_order()->set_direction(session::v1::Session::INBOUND);
  world.request.set_provider_call_id("1795369225.127");
  REQUIRE(world.Do(ControlCallRequest::HOLD).ok());
  CHECK(world.http.Lines().at(0) == "POST /ari/channels/1795369225.127/mute?direction=in");
  world.request.set_provider_call_id("../bridges/x");
  world.http.requests.clear();
  REQUIRE(world.Do(ControlCallRequest::HOLD).ok());
  CHECK(world.http.Lines().at(0) == "POST /ari/channels/" + kUuid + "-customer/mute?direction=in");
}

TEST_CASE("a dropped party leaves the others alone", "[asterisk][control]") {
  World world;
  world.Target("consult-1");
  REQUIRE(world.Do(ControlCallRequest::DROP_PARTY).ok());
  CHECK(world.http.Lines() ==
        Strings{"DELETE /ari/channels/" + kUuid + "-consult-1?reason=answered_elsewhere"});
  world.http.When("DELETE", 404, R"({"message":"Channel not found"})");
  const auto gone = world.Do(ControlCallRequest::DROP_PARTY);
  REQUIRE(gone.ok());
  CHECK_FALSE(gone->call_is_gone());  // the party is, not the call
}

TEST_CASE("a hand-over takes the customer off hold and the agent out", "[asterisk][control]") {
  World world;
  world.Target("consult-1");
  const std::string channels = "/ari/channels/" + kUuid;
  SECTION("who is there") {
    REQUIRE(world.Do(ControlCallRequest::HAND_OVER).ok());
    CHECK(world.http.Lines() == Strings{"DELETE " + channels + "-customer/moh",
                                        "DELETE " + channels + "-customer/mute?direction=in",
                                        "DELETE " + channels + "-customer/moh",
                                        "DELETE " + channels + "-agent?reason=answered_elsewhere"});
  }
  SECTION("who took over before") {
    world.AfterTransfer();
    world.Target("consult-2");
    REQUIRE(world.Do(ControlCallRequest::HAND_OVER).ok());
    CHECK(world.http.Lines().back() ==
          "DELETE " + channels + "-consult-1?reason=answered_elsewhere");
  }
  SECTION("who was rung again") {
    world.AddLeg("agent-2", kUuid + "-agent-2", Leg::AGENT);
    REQUIRE(world.Do(ControlCallRequest::HAND_OVER).ok());
    CHECK(world.http.Lines().back() == "DELETE " + channels + "-agent-2?reason=answered_elsewhere");
  }
  SECTION("who has left before") {
    world.http.When("-agent?", 404, R"({"message":"Channel not found"})");
    const auto done = world.Do(ControlCallRequest::HAND_OVER);
    REQUIRE(done.ok());
    CHECK_FALSE(done->call_is_gone());
  }
  SECTION("but not of a customer who is gone") {
    world.http.When("-customer", 404, R"({"message":"Channel not found"})");
    CHECK(world.Do(ControlCallRequest::HAND_OVER)->call_is_gone());
    CHECK(world.http.requests.size() == 1);
  }
}

// The bridge may still be taking in the agent who was rung again, and lose the first stop.
TEST_CASE("music is stopped once more for an agent who came back", "[asterisk][control]") {
  World world;
  world.AddLeg("agent-2", kUuid + "-agent-2", Leg::AGENT);
  const std::string customer = "/ari/channels/" + kUuid + "-customer";
  const Strings twice = {"DELETE " + customer + "/moh", "DELETE " + customer + "/mute?direction=in",
                         "DELETE " + customer + "/moh"};
  SECTION("whatever the second answers") {
    world.http.When("/moh", [&](const http::ClientRequest&) {
      http::ClientResult result;
      result.response.status = world.http.requests.size() == 1 ? 204 : 500;
      return result;
    });
  }
  REQUIRE(world.Do(ControlCallRequest::RESUME).ok());
  CHECK(world.http.Lines() == twice);
}

TEST_CASE("music is stopped once for an agent who took over", "[asterisk][control]") {
  World world;
  world.AfterTransfer();
  REQUIRE(world.Do(ControlCallRequest::RESUME).ok());
  CHECK(world.http.requests.size() == 2);
}

TEST_CASE("a supervisor is told which agent to hear", "[asterisk][control]") {
  World world;
  world.AfterTransfer();
  world.Target("supervisor-1", "agent-b", ControlCallRequest::WHISPER);
  REQUIRE(world.Do(ControlCallRequest::DIAL_PARTY).ok());
  CHECK(world.Body()["appArgs"] == "watch," + kUuid + "-consult-1,whisper");
  world.http.requests.clear();
  world.Target("supervisor-1", "agent-b", ControlCallRequest::BARGE);
  REQUIRE(world.Do(ControlCallRequest::DIAL_PARTY).ok());
  CHECK(world.Body()["appArgs"] == "join");
}

TEST_CASE("a supervisor changes how it listens", "[asterisk][control]") {
  World world;
  const std::string supervisor = kUuid + "-supervisor-1";
  const std::string monitor = supervisor + "-monitor";
  const Strings beside = {"POST /ari/bridges/" + monitor + "?type=mixing",
                          "GET /ari/channels/" + supervisor + "-snoop",
                          "POST /ari/channels/" + kUuid + "-agent/snoop/" + supervisor +
                              "-snoop?spy=both&whisper=out&app=ctc"};
  const std::string mute = "/ari/channels/" + supervisor + "/mute?direction=in";
  const std::string add = "/addChannel?channel=" + supervisor;
  const auto lines = [&](ControlCallRequest::Mode mode) {
    world.Target("supervisor-1", "", mode);
    REQUIRE(world.Do(ControlCallRequest::CHANGE_MODE).ok());
    return world.http.Lines();
  };
  SECTION("listen: silent before it is let in") {
    world.http.When("GET", 404, R"({"message":"Channel not found"})");
    CHECK(lines(ControlCallRequest::LISTEN) == Strings{beside[0], beside[1], beside[2],
                                                       "POST " + mute,
                                                       "POST /ari/bridges/" + monitor + add});
  }
  SECTION("whisper, with what exists already") {
    world.http.When("?type=mixing", 409, R"({"message":"Bridge exists"})");
    CHECK(lines(ControlCallRequest::WHISPER) ==
          Strings{beside[0], beside[1], "POST /ari/bridges/" + monitor + add, "DELETE " + mute});
  }
  SECTION("barge") {
    CHECK(lines(ControlCallRequest::BARGE) ==
          Strings{"POST /ari/bridges/" + kUuid + "-bridge" + add, "DELETE " + mute});
  }
  SECTION("but nobody else does") {
    world.Target("agent", "", ControlCallRequest::LISTEN);
    CHECK(world.Do(ControlCallRequest::CHANGE_MODE).status().code() ==
          absl::StatusCode::kInvalidArgument);
    CHECK(world.http.requests.empty());
  }
  SECTION("one on the way from bridge to bridge is waited for") {
    int asked = 0;
    world.http.When(add, [&](const http::ClientRequest&) {
      http::ClientResult result;
      result.response.status = ++asked < 3 ? 409 : 204;
      if (asked < 3) result.response.body = R"({"message":"Channel not in Stasis application"})";
      return result;
    });
    lines(ControlCallRequest::BARGE);
    CHECK(asked == 3);
  }
  SECTION("nor one who has left") {
    world.http.When(add, 400, R"({"message":"Channel not found"})");
    world.Target("supervisor-1", "", ControlCallRequest::BARGE);
    CHECK(base::IsError(world.Do(ControlCallRequest::CHANGE_MODE).status(), base::kCallNotLive));
  }
}

TEST_CASE("a room that is no UUID goes into no URL", "[asterisk][control]") {
  World world;
  world.request.mutable_order()->set_room("../x");
  CHECK(world.Do(ControlCallRequest::HANG_UP).status().code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK(world.http.requests.empty());
}

TEST_CASE("a recording is fetched with our credentials from our Asterisk only",
          "[asterisk][control]") {
  World world;
  const std::string url = "http://pbx:8088/ari/recordings/stored/" + kUuid + "-rec/file";
  const auto fetch = [&](const std::string& from) {
    return RunTask(world.adapter->FetchRecording(world.account, from));
  };
  world.http.When("/file", [](const http::ClientRequest& request) {
    CHECK(request.user == "ctc");
    http::ClientResult result;
    result.response.status = 200;
    result.response.headers.Add("Content-Type", "audio/wav");
    result.response.body = "RIFF";
    return result;
  });
  const auto recording = fetch(url);
  REQUIRE(recording.ok());
  CHECK(recording->bytes == "RIFF");
  CHECK(recording->content_type == "audio/wav");
  for (const std::string& bad :
       {std::string("http://pbx:8088/ari/recordings/stored/../../channels/file"),
        std::string("http://pbx:8088/ari/recordings/stored/file"),
        std::string("http://pbx:8088/ari/recordings/stored//file"),
        std::string("http://pbx:8088/ari/recordings/stored/x?y/file"),
        std::string("http://pbx:8088/recordings/x/file"), std::string()}) {
    INFO(bad);
    CHECK(base::IsError(fetch(bad).status(), base::kProviderRefused));
  }
  CHECK(world.http.requests.size() == 1);
  // Recorded when it was at another address; what is at that now does not matter.
  for (const std::string& before :
       {"http://old-pbx:8088/ari/recordings/stored/" + kUuid + "-rec/file",
        "https://old.example/pbx/ari/recordings/stored/" + kUuid + "-message-2/file",
        "http://evil/recordings/stored/a/file/recordings/stored/" + kUuid + "-rec/file"}) {
    REQUIRE(fetch(before).ok());
    const std::string& asked = world.http.requests.back().url;
    CHECK(asked == "http://pbx:8088/ari" + before.substr(before.rfind("/recordings/stored/")));
  }
  world.http.When("/file", 404, R"({"message":"Recording not found"})");
  CHECK(base::IsError(fetch(url).status(), base::kNotFound));
}

}  // namespace
}  // namespace ctc::providers::asterisk
