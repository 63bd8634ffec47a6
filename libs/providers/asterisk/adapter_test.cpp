#include "libs/providers/asterisk/adapter.h"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::asterisk {
namespace {

using dispatch::v1::ControlCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using testing::RunTask;

const std::string kUuid = "01930000-0000-7000-8000-000000000001";

struct World {
  FakeHttp http;
  testing::FakeClock clock;
  std::unique_ptr<Adapter> adapter = MakeAdapter({http, clock, {}});
  Account account;
  dispatch::v1::CallOrder order;

  World() {
    account.tenant = base::TenantId("t1");
    account.config.set_id("p1");
    account.config.set_provider_type(common::v1::ProviderType::ASTERISK);
    account.config.set_api_url("http://pbx:8088");
    account.config.set_caller_id("Acme Sales");
    account.config.set_timeout_seconds(7);
    account.auth_token = base::Secret("ctc:secret");
    order.set_id(kUuid);
    order.set_to_phone("+15550100");
    order.set_from_phone("+15550199");
    order.set_agent_phone("agent-a");
    order.set_contact_name("Jane \"J\" Doe");
  }
  PlaceCallResponse Place() { return RunTask(adapter->Place(account, order)); }
  absl::StatusOr<dispatch::v1::ControlCallResponse> Control(ControlCallRequest::Action action) {
    ControlCallRequest request;
    *request.mutable_order() = order;
    request.set_action(action);
    request.set_digits("12#");
    return RunTask(adapter->Control(account, request));
  }
  LookUpCallResponse::Found LookUp() {
    dispatch::v1::LookUpCallRequest request;
    *request.mutable_order() = order;
    return RunTask(adapter->LookUp(account, request))->found();
  }
};

TEST_CASE("a call is placed under an id of ours, agent first", "[asterisk][adapter]") {
  World world;
  world.http.When("POST", 200, R"({"id":")" + kUuid + R"(-agent","state":"Down"})");
  const PlaceCallResponse response = world.Place();
  CHECK(response.outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(response.found_by_order());
  CHECK(response.provider_call_id() == kUuid + "-agent");
  REQUIRE(world.http.requests.size() == 1);
  const http::ClientRequest& request = world.http.requests[0];
  CHECK(world.http.Lines()[0] == "POST /ari/channels/" + kUuid + "-agent");
  CHECK(request.user == "ctc");
  CHECK(request.password.Reveal() == "secret");
  CHECK(request.timeout == absl::Seconds(7));
  const auto body = nlohmann::json::parse(request.body);
  CHECK(body["endpoint"] == "PJSIP/agent-a");
  CHECK(body["app"] == "ctc");
  CHECK(body["appArgs"] == "agent," + kUuid + ",+15550100,+15550199,0,1,");
  CHECK(body["callerId"] == "\"Jane J Doe\" <+15550100>");  // what the agent sees
  CHECK(body["timeout"] == 45);
}

TEST_CASE("without an agent's phone the customer is dialled", "[asterisk][adapter]") {
  World world;
  world.order.clear_agent_phone();
  world.http.When("POST", 200, R"({"id":"x"})");
  CHECK(world.Place().provider_call_id() == kUuid + "-customer");
  const auto body = nlohmann::json::parse(world.http.requests[0].body);
  CHECK(body["endpoint"] == "PJSIP/+15550100");
  CHECK(body["callerId"] == "\"Acme Sales\" <+15550199>");
}

TEST_CASE("a token without colon is a bearer token", "[asterisk][adapter]") {
  World world;
  world.account.auth_token = base::Secret("asterisk-auth-token");
  world.http.When("POST", 200, R"({"id":"x"})");
  world.Place();
  CHECK(world.http.requests[0].user.empty());
  CHECK(world.http.requests[0].bearer.Reveal() == "asterisk-auth-token");
}

TEST_CASE("every answer of Asterisk has its outcome", "[asterisk][adapter]") {
  struct Case {
    int status;
    const char* body;
    PlaceCallResponse::Outcome outcome;
    bool may_fail_over;
    const char* code;
  };
  const Case c = GENERATE(values<Case>({
      {409, R"({"message":"Channel with given unique ID already exists"})",
       PlaceCallResponse::ACCEPTED, false, ""},
      {200, "<html>hello</html>", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {200, "", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {200, R"({"id":7})", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {200, R"([1,2])", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {500, R"({"error":"Allocation failed"})", PlaceCallResponse::REFUSED, true,
       "PROVIDER_REFUSED"},
      {500, "oops", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {503, "", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {401, R"({"message":"Authentication required"})", PlaceCallResponse::REFUSED, true,
       "PROVIDER_CREDENTIALS"},
      {403, R"({"message":"Write access denied"})", PlaceCallResponse::REFUSED, true,
       "PROVIDER_CREDENTIALS"},
      {400, R"({"message":"Invalid endpoint specified"})", PlaceCallResponse::REFUSED, true,
       "PROVIDER_REFUSED"},
      {404, R"({"message":"Resource not found"})", PlaceCallResponse::REFUSED, true,
       "PROVIDER_ERROR"},
      {422, R"({"message":"bad number"})", PlaceCallResponse::REFUSED, false,
       "INVALID_DESTINATION"},
      {429, "", PlaceCallResponse::REFUSED, true, "PROVIDER_RATE_LIMITED"},
      {302, "", PlaceCallResponse::REFUSED, true, "PROVIDER_ERROR"},
  }));
  INFO(c.status << " " << c.body);
  World world;
  world.http.When("POST", c.status, c.body);
  const PlaceCallResponse response = world.Place();
  CHECK(response.outcome() == c.outcome);
  CHECK(response.may_fail_over() == c.may_fail_over);
  CHECK(response.error_code() == c.code);
  CHECK(world.http.requests.size() == 1);  // never a second try
}

TEST_CASE("a request that did not leave may go elsewhere, one that may have arrived may not",
          "[asterisk][adapter]") {
  World world;
  SECTION("connection refused") {
    world.http.Break("POST", http::Reached::kNotSent, absl::UnavailableError("refused"));
    CHECK(world.Place().outcome() == PlaceCallResponse::NOT_SENT);
    CHECK(world.Place().may_fail_over());
    CHECK(world.Place().end_reason() == session::v1::PROVIDER_UNREACHABLE);
  }
  SECTION("reset after the request") {
    world.http.Break("POST", http::Reached::kMaybe, absl::UnavailableError("reset"));
    CHECK(world.Place().outcome() == PlaceCallResponse::UNKNOWN_OUTCOME);
    CHECK_FALSE(world.Place().may_fail_over());
  }
  SECTION("no answer in time") {
    world.http.Break("POST", http::Reached::kMaybe, absl::DeadlineExceededError("7 s"));
    CHECK(world.Place().error_code() == "PROVIDER_TIMEOUT");
    CHECK_FALSE(world.Place().may_fail_over());
  }
}

TEST_CASE("Retry-After is passed on", "[asterisk][adapter]") {
  World world;
  world.http.When("POST", [](const http::ClientRequest&) {
    http::ClientResult result;
    result.response.status = 429;
    result.response.headers.Add("Retry-After", "17");
    return result;
  });
  CHECK(world.Place().retry_after_seconds() == 17);
}

TEST_CASE("a number that cannot be dialled is refused before anything is sent",
          "[asterisk][adapter]") {
  World world;
  world.order.set_to_phone("+1555,1&PJSIP/x");
  const PlaceCallResponse response = world.Place();
  CHECK(response.outcome() == PlaceCallResponse::REFUSED);
  CHECK(response.error_code() == "INVALID_DESTINATION");
  CHECK_FALSE(response.may_fail_over());
  CHECK(world.http.requests.empty());
}

TEST_CASE("a provider's text is cut and cleaned", "[asterisk][adapter]") {
  World world;
  world.http.When("POST", 400, R"({"message":")" + std::string(5000, 'x') + R"(\u0007ä"})");
  CHECK(world.Place().error_message().size() <= 200);
}

TEST_CASE("live control speaks to the right leg", "[asterisk][adapter]") {
  World world;
  world.http.When("", 204, "");
  const std::string agent = "/ari/channels/" + kUuid + "-agent";
  const std::string customer = "/ari/channels/" + kUuid + "-customer";
  struct Case {
    ControlCallRequest::Action action;
    std::vector<std::string> lines;
  };
  const Case c = GENERATE_COPY(values<Case>({
      {ControlCallRequest::HOLD,
       {"POST " + customer + "/mute?direction=in", "POST " + customer + "/moh"}},
      {ControlCallRequest::RESUME,
       {"DELETE " + customer + "/moh", "DELETE " + customer + "/mute?direction=in"}},
      {ControlCallRequest::MUTE, {"POST " + agent + "/mute?direction=in"}},
      {ControlCallRequest::UNMUTE, {"DELETE " + agent + "/mute?direction=in"}},
      {ControlCallRequest::SEND_DTMF, {"POST " + customer + "/dtmf"}},
      {ControlCallRequest::HANG_UP,
       {"DELETE " + customer + "?reason=normal", "DELETE " + agent + "?reason=normal",
        "DELETE /ari/bridges/" + kUuid + "-bridge"}},
      {ControlCallRequest::START_RECORDING,
       {"POST /ari/bridges/" + kUuid + "-bridge/record?name=" + kUuid +
        "-rec&format=wav&ifExists=append&maxDurationSeconds=0&beep=false&terminateOn=none"}},
      {ControlCallRequest::STOP_RECORDING, {"POST /ari/recordings/live/" + kUuid + "-rec/stop"}},
      {ControlCallRequest::PAUSE_RECORDING, {"POST /ari/recordings/live/" + kUuid + "-rec/pause"}},
      {ControlCallRequest::RESUME_RECORDING,
       {"DELETE /ari/recordings/live/" + kUuid + "-rec/pause"}},
  }));
  const auto response = world.Control(c.action);
  REQUIRE(response.ok());
  CHECK_FALSE(response->call_is_gone());
  CHECK(world.http.Lines() == c.lines);
}

TEST_CASE("a customer for whom there is no music is heard again", "[asterisk][adapter]") {
  World world;
  world.http.When("", 204, "");
  SECTION("refused") {
    world.http.When("POST http://pbx:8088/ari/channels/" + kUuid + "-customer/moh", 500, "");
  }
  SECTION("lost") {
    world.http.Break("POST http://pbx:8088/ari/channels/" + kUuid + "-customer/moh",
                     http::Reached::kMaybe, absl::DeadlineExceededError("slow"));
  }
  CHECK_FALSE(world.Control(ControlCallRequest::HOLD).ok());
  const std::string customer = "/ari/channels/" + kUuid + "-customer";
  CHECK(world.http.Lines() ==
        std::vector<std::string>{"POST " + customer + "/mute?direction=in",
                                 "POST " + customer + "/moh", "DELETE " + customer + "/moh",
                                 "DELETE " + customer + "/mute?direction=in"});
}

TEST_CASE("digits travel in the body, never in a URL", "[asterisk][adapter]") {
  World world;
  world.http.When("", 204, "");
  REQUIRE(world.Control(ControlCallRequest::SEND_DTMF).ok());
  CHECK(world.http.requests[0].url.find("12") == std::string::npos);
  CHECK(nlohmann::json::parse(world.http.requests[0].body)["dtmf"] == "12#");
}

TEST_CASE("a call that Asterisk no longer knows is gone", "[asterisk][adapter]") {
  World world;  // answers 404 to everything
  for (const auto action :
       {ControlCallRequest::HANG_UP, ControlCallRequest::HOLD, ControlCallRequest::MUTE,
        ControlCallRequest::SEND_DTMF, ControlCallRequest::STOP_RECORDING}) {
    INFO(ControlCallRequest::Action_Name(action));
    const auto response = world.Control(action);
    REQUIRE(response.ok());
    CHECK(response->call_is_gone());
  }
}

TEST_CASE("hanging up one leg of two is a hang-up", "[asterisk][adapter]") {
  World world;
  world.http.When("-agent", 204, "");
  CHECK_FALSE(world.Control(ControlCallRequest::HANG_UP)->call_is_gone());
}

TEST_CASE("a recording that does not run is not a call that is gone", "[asterisk][adapter]") {
  World world;
  world.http.When("GET http://pbx:8088/ari/bridges", 200, "{}");
  CHECK(base::IsError(world.Control(ControlCallRequest::PAUSE_RECORDING).status(),
                      base::kCallNotLive));
}

TEST_CASE("control faults are told apart", "[asterisk][adapter]") {
  World world;
  SECTION("the leg still rings") {
    world.http.When("", 409, R"({"message":"Channel not in Stasis application"})");
    CHECK(base::IsError(world.Control(ControlCallRequest::HOLD).status(), base::kCallNotLive));
  }
  SECTION("wrong password") {
    world.http.When("", 401, R"({"message":"Authentication required"})");
    CHECK(base::IsError(world.Control(ControlCallRequest::MUTE).status(),
                        base::kProviderCredentials));
  }
  SECTION("server error") {
    world.http.When("", 500, "");
    CHECK(base::IsError(world.Control(ControlCallRequest::MUTE).status(), base::kProviderError));
  }
  SECTION("unreachable") {
    world.http.Break("", http::Reached::kNotSent, absl::UnavailableError("refused"));
    CHECK(base::IsError(world.Control(ControlCallRequest::HANG_UP).status(),
                        base::kProviderUnreachable));
  }
}

TEST_CASE("a call is looked up by our own id", "[asterisk][adapter]") {
  World world;
  CHECK(world.LookUp() == LookUpCallResponse::NOT_FOUND);
  world.http.When("-customer", 200, R"({"id":"c","state":"Up"})");
  CHECK(world.LookUp() == LookUpCallResponse::LIVE);
  world.http.When("-agent", 503, "");
  CHECK(world.LookUp() == LookUpCallResponse::FOUND_UNSPECIFIED);
  world.http.When("-agent", 200, "garbage");
  CHECK(world.LookUp() == LookUpCallResponse::FOUND_UNSPECIFIED);
  // 404 before ARI is loaded says nothing of the call.
  world.http.When("-agent", 404, R"({"message":"Resource not found"})");
  CHECK(world.LookUp() == LookUpCallResponse::FOUND_UNSPECIFIED);
}

TEST_CASE("the check tells what answers, or what is wrong", "[asterisk][adapter]") {
  World world;
  world.http.When("/asterisk/info", 200, R"({"system":{"version":"22.10.1","entity_id":"x"}})");
  CHECK(RunTask(world.adapter->Check(world.account)).value() == "Asterisk 22.10.1 answers");
  world.http.When("/asterisk/info", 200, "<html>nginx</html>");
  CHECK(base::IsError(RunTask(world.adapter->Check(world.account)).status(), base::kProviderError));
  world.http.When("/asterisk/info", 401, "");
  CHECK(base::IsError(RunTask(world.adapter->Check(world.account)).status(),
                      base::kProviderCredentials));
}

TEST_CASE("an account without credentials is refused by field", "[asterisk][adapter]") {
  World world;
  CHECK(world.adapter->CheckAccount(world.account).ok());
  world.account.auth_token = base::Secret();
  const absl::Status status = world.adapter->CheckAccount(world.account);
  CHECK(base::DetailOf(status).fields.at(0).field == "auth_token");
}

}  // namespace
}  // namespace ctc::providers::asterisk
