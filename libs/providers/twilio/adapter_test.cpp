#include "libs/providers/twilio/adapter.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/twilio/adapter_world_for_test.h"

namespace ctc::providers::twilio {
namespace {

TEST_CASE("the agent is called into a conference of the session's name", "[twilio][adapter]") {
  World world;
  world.http.When("POST", 201, std::string(R"({"sid":")") + kSid + R"(","status":"queued"})");
  const PlaceCallResponse response = world.Place();
  CHECK(response.outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(response.provider_call_id() == kSid);
  const http::ClientRequest& request = world.http.requests[0];
  CHECK(request.url == "https://api.twilio.com/2010-04-01/Accounts/AC1/Calls.json");
  CHECK(request.user == "AC1");
  CHECK(request.password.Reveal() == "token");
  CHECK(world.Body("To") == "+15551230002");
  CHECK(world.Body("From") == "+15551230001");
  CHECK(world.Body("StatusCallback") ==
        "https://crm.example.com/api/v1/webhooks/voip/twilio?tenant=t%201&session=" + kUuid +
            "&leg=agent#rc=3&rp=ct,rt,5xx");
  const std::string twiml = world.Body("Twiml");
  CHECK(twiml.find("startConferenceOnEnter=\"false\"") != std::string::npos);
  CHECK(twiml.find("participantLabel=\"agent\"") != std::string::npos);
  CHECK(twiml.find("&amp;leg=conference") != std::string::npos);
  CHECK(twiml.find(">" + kUuid + "</Conference>") != std::string::npos);
  CHECK(twiml.find("record=") == std::string::npos);
  CHECK(twiml.size() < 4000);
}

TEST_CASE("a recorded call records its conference", "[twilio][adapter]") {
  World world;
  world.order.set_record(true);
  world.http.When("POST", 201, R"({"sid":"CA1"})");
  world.Place();
  CHECK(world.Body("Twiml").find("record=\"record-from-start\"") != std::string::npos);
}

TEST_CASE("the customer is added as a participant", "[twilio][adapter]") {
  World world;
  world.http.When("POST", 201, R"({"call_sid":"CA2","label":"customer"})");
  const PlaceCallResponse response =
      RunTask(world.adapter->DialCustomer(world.account, world.order));
  CHECK(response.provider_call_id() == "CA2");
  CHECK(world.http.Lines()[0] ==
        "POST /2010-04-01/Accounts/AC1/Conferences/" + kUuid + "/Participants.json");
  CHECK(world.Body("To") == "+15551230003");
  CHECK(world.Body("Label") == "customer");
  CHECK(world.Body("StartConferenceOnEnter") == "true");
}

TEST_CASE("every answer of Twilio has its outcome", "[twilio][adapter]") {
  struct Case {
    int status;
    const char* body;
    PlaceCallResponse::Outcome outcome;
    bool may_fail_over;
    const char* code;
  };
  const Case c = GENERATE(values<Case>({
      {400, R"({"code":21211,"message":"Invalid 'To'"})", PlaceCallResponse::REFUSED, false,
       "INVALID_DESTINATION"},
      {400, R"({"code":21214})", PlaceCallResponse::REFUSED, false, "INVALID_DESTINATION"},
      {400, R"({"code":21210,"message":"From not owned"})", PlaceCallResponse::REFUSED, true,
       "PROVIDER_CREDENTIALS"},
      {400, R"({"code":21215})", PlaceCallResponse::REFUSED, true, "PROVIDER_CREDENTIALS"},
      {400, R"({"code":10004})", PlaceCallResponse::REFUSED, true, "PROVIDER_RATE_LIMITED"},
      {400, "no json", PlaceCallResponse::REFUSED, true, "PROVIDER_REFUSED"},
      {401, R"({"code":20003})", PlaceCallResponse::REFUSED, true, "PROVIDER_CREDENTIALS"},
      {429, R"({"code":20429})", PlaceCallResponse::REFUSED, true, "PROVIDER_RATE_LIMITED"},
      {500, R"({"code":20500})", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {201, "<html>", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {201, R"({"sid":"../x"})", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
  }));
  INFO(c.status << " " << c.body);
  World world;
  world.http.When("POST", c.status, c.body);
  const PlaceCallResponse response = world.Place();
  CHECK(response.outcome() == c.outcome);
  CHECK(response.may_fail_over() == c.may_fail_over);
  CHECK(response.error_code() == c.code);
  CHECK(world.http.requests.size() == 1);
}

TEST_CASE("a phone of a switch is no phone of Twilio's", "[twilio][adapter]") {
  World world;
  world.order.set_agent_phone("PJSIP/agent-a");
  CHECK(world.Place().outcome() == PlaceCallResponse::REFUSED);
  CHECK(world.Place().may_fail_over());
  CHECK(world.http.requests.empty());
}

TEST_CASE("live control speaks to the right resource", "[twilio][adapter]") {
  World world;
  world.http.When("", 200, "{}");
  world.http.When("GET", 200, kRooms);
  const std::string account = "POST /2010-04-01/Accounts/AC1";
  const std::string room = account + "/Conferences/CF1";
  REQUIRE(world.Control(ControlCallRequest::HOLD).ok());
  CHECK(world.http.Lines() ==
        std::vector<std::string>{
            "GET /2010-04-01/Accounts/AC1/Conferences.json?FriendlyName=" + kUuid,
            room + "/Participants/CAcustomer.json"});
  CHECK(world.Body("Hold") == "true");
  REQUIRE(world.Control(ControlCallRequest::UNMUTE).ok());
  CHECK(world.http.Lines().back() == room + "/Participants/CAagent.json");
  CHECK(world.Body("Muted") == "false");
  REQUIRE(world.Control(ControlCallRequest::START_RECORDING).ok());
  CHECK(world.http.Lines().back() == account + "/Calls/CAcustomer/Recordings.json");
  REQUIRE(world.Control(ControlCallRequest::PAUSE_RECORDING).ok());
  CHECK(world.http.Lines().back() == account + "/Calls/CAcustomer/Recordings/Twilio.CURRENT.json");
  CHECK(world.Body("Status") == "paused");
  world.http.requests.clear();
  REQUIRE(world.Control(ControlCallRequest::HANG_UP).ok());
  CHECK(world.http.Lines() == std::vector<std::string>{account + "/Calls/CAcustomer.json",
                                                       account + "/Calls/CAagent.json"});
}

TEST_CASE("a call of which no leg is known yet is not there to be hung up", "[twilio][adapter]") {
  World world;
  ControlCallRequest request;
  *request.mutable_order() = world.order;
  request.set_action(ControlCallRequest::HANG_UP);
  const auto answer = RunTask(world.adapter->Control(world.account, request));
  REQUIRE(answer.ok());
  CHECK(answer->call_is_gone());
  CHECK(world.http.requests.empty());
}

TEST_CASE("a conference's recording is asked for by the conference's sid", "[twilio][adapter]") {
  World world;
  world.order.set_record(true);
  world.http.When("POST", 200, "{}");
  world.http.When("GET", 200, kRooms);
  REQUIRE(world.Control(ControlCallRequest::PAUSE_RECORDING).ok());
  const std::string account = "/2010-04-01/Accounts/AC1/Conferences";
  CHECK(world.http.Lines() ==
        std::vector<std::string>{"GET " + account + ".json?FriendlyName=" + kUuid,
                                 "POST " + account + "/CF1/Recordings/Twilio.CURRENT.json"});
  CHECK(world.Body("PauseBehavior") == "skip");
  world.http.When("GET", 200, R"({"conferences":[{"sid":"../Calls"}]})");
  CHECK(base::IsError(world.Control(ControlCallRequest::PAUSE_RECORDING).status(),
                      base::kProviderError));
}

TEST_CASE("a recording started anew in a recorded call is the customer's leg's",
          "[twilio][adapter]") {
  World world;
  world.order.set_record(true);
  world.http.When("GET", 200, R"({"conferences":[{"sid":"CF1"}]})");
  world.http.When("/CF1/", 404, R"({"code":20404})");
  world.http.When("/CAcustomer/", 200, "{}");
  const std::string account = "POST /2010-04-01/Accounts/AC1";
  const auto [action, status] = GENERATE(table<ControlCallRequest::Action, std::string>(
      {{ControlCallRequest::PAUSE_RECORDING, "paused"},
       {ControlCallRequest::RESUME_RECORDING, "in-progress"},
       {ControlCallRequest::STOP_RECORDING, "stopped"}}));
  const auto answer = world.Control(action);
  REQUIRE(answer.ok());
  CHECK_FALSE(answer->call_is_gone());
  REQUIRE(world.http.requests.size() == 3);
  CHECK(world.http.Lines()[1] == account + "/Conferences/CF1/Recordings/Twilio.CURRENT.json");
  CHECK(world.http.Lines()[2] == account + "/Calls/CAcustomer/Recordings/Twilio.CURRENT.json");
  CHECK(world.Body("Status") == status);

  world.http.When("/CAcustomer/", 404, R"({"code":20404})");
  CHECK(base::IsError(world.Control(action).status(), base::kCallNotLive));
  // A fault is no sign that the recording is elsewhere.
  world.http.requests.clear();
  world.http.When("/CF1/", 500, "");
  CHECK_FALSE(world.Control(action).ok());
  CHECK(world.http.requests.size() == 2);
}

TEST_CASE("a recording that does not run is no sign that the call is over", "[twilio][adapter]") {
  World world;
  world.http.When("", 404, R"({"code":20404})");
  CHECK(base::IsError(world.Control(ControlCallRequest::PAUSE_RECORDING).status(),
                      base::kCallNotLive));
}

TEST_CASE("digits are announced to the customer, and are not to be read in the request",
          "[twilio][adapter]") {
  World world;
  world.http.When("POST", 200, "{}");
  world.http.When("GET", 200, kRooms);
  ControlCallRequest request = world.Request(ControlCallRequest::SEND_DTMF);
  request.set_digits("4711");
  REQUIRE(RunTask(world.adapter->Control(world.account, request)).ok());
  CHECK(world.http.Lines().back() ==
        "POST /2010-04-01/Accounts/AC1/Conferences/CF1/Participants/CAcustomer.json");
  CHECK(
      world.Body("AnnounceUrl")
          .starts_with("https://crm.example.com/api/v1/webhooks/voip/twilio?tenant=t%201&session=" +
                       kUuid + "&leg=digits&digits="));
  CHECK(world.http.requests.back().body.find("4711") == std::string::npos);
  world.http.When("POST", 404, R"({"code":20404})");
  CHECK(RunTask(world.adapter->Control(world.account, request))->call_is_gone());
}

TEST_CASE("an action that Twilio does not know is said to be missing", "[twilio][adapter]") {
  World world;
  const absl::Status status = world.Control(ControlCallRequest::ACTION_UNSPECIFIED).status();
  CHECK(base::IsError(status, base::kCapabilityMissing));
  CHECK(world.http.requests.empty());
}

TEST_CASE("a check asks for calls, with the account's credentials", "[twilio][adapter]") {
  World world;
  const auto check = [&] { return RunTask(world.adapter->Check(world.account)).status(); };
  SECTION("and is content with a list") {
    world.http.When("GET", 200, R"({"calls":[]})");
    CHECK(check().ok());
    CHECK(world.http.Lines() ==
          std::vector<std::string>{"GET /2010-04-01/Accounts/AC1/Calls.json?PageSize=1"});
    CHECK(world.http.requests[0].user == "AC1");
    CHECK(world.http.requests[0].password.Reveal() == "token");
  }
  SECTION("and says that they are wrong") {
    world.http.When("GET", 401, R"({"code":20003,"message":"Authenticate"})");
    CHECK(base::IsError(check(), base::kProviderCredentials));
  }
  SECTION("and says that nobody answers") {
    world.http.Break("GET", http::Reached::kNotSent, absl::UnavailableError("connection refused"));
    CHECK(base::IsError(check(), base::kProviderUnreachable));
  }
  SECTION("and says that the answer takes too long") {
    world.http.Break("GET", http::Reached::kMaybe, absl::DeadlineExceededError("8 s"));
    CHECK(base::IsError(check(), base::kProviderTimeout));
  }
  SECTION("and takes no other server for Twilio") {
    world.http.When("GET", 200, GENERATE("<html>", "{}", R"({"calls":{}})", "[]"));
    CHECK(base::IsError(check(), base::kProviderError));
  }
}

TEST_CASE("a call that is over at Twilio is gone", "[twilio][adapter]") {
  World world;
  world.http.When("", 400, R"({"code":21220,"message":"not in-progress"})");
  CHECK(world.Control(ControlCallRequest::HANG_UP)->call_is_gone());
  world.http.When("POST", 404, R"({"code":20404})");
  world.http.When("GET", 200, kRooms);
  CHECK(world.Control(ControlCallRequest::HOLD)->call_is_gone());
}

TEST_CASE("without a conference nobody in it is asked for", "[twilio][adapter]") {
  World world;
  world.http.When(
      "GET", 200,
      GENERATE(R"({"conferences":[]})", R"({"conferences":[{"sid":"CF0","status":"completed"}]})"));
  CHECK(world.Control(ControlCallRequest::HOLD)->call_is_gone());
  ControlCallRequest drop = world.Request(ControlCallRequest::DROP_PARTY);
  drop.mutable_target()->set_party(session::v1::Leg::GUEST);
  drop.mutable_target()->set_leg_id("party-1");
  CHECK_FALSE(RunTask(world.adapter->Control(world.account, drop))->call_is_gone());
  drop.set_action(ControlCallRequest::CHANGE_MODE);
  CHECK(base::IsError(RunTask(world.adapter->Control(world.account, drop)).status(),
                      base::kCallNotLive));
  CHECK(world.http.requests.size() == 3);
  world.order.set_record(true);
  world.http.When("POST", 404, R"({"code":20404})");
  CHECK(base::IsError(world.Control(ControlCallRequest::PAUSE_RECORDING).status(),
                      base::kCallNotLive));
}

TEST_CASE("a recording is fetched from Twilio's hosts only", "[twilio][adapter]") {
  World world;
  const auto fetch = [&](const std::string& url) {
    return RunTask(world.adapter->FetchRecording(world.account, url));
  };
  world.http.When("GET", [](const http::ClientRequest&) {
    http::ClientResult result;
    result.response.status = 200;
    result.response.headers.Add("Content-Type", "audio/x-wav");
    result.response.body = "RIFF";
    return result;
  });
  const std::string path = "/2010-04-01/Accounts/AC1/Recordings/RE1.wav";
  for (const char* host : {"https://api.twilio.com", "https://api.dublin.ie1.twilio.com"}) {
    const auto recording = fetch(host + path);
    REQUIRE(recording.ok());
    CHECK(recording->bytes == "RIFF");
    CHECK(recording->content_type == "audio/x-wav");
    CHECK(world.http.requests.back().user == "AC1");
  }
  world.http.requests.clear();
  for (const char* host :
       {"http://api.twilio.com", "https://api.twilio.com.evil.example", "https://evil.example",
        "https://x@evil.example?.twilio.com", "https://api.twilio.com:8443", "https://twilio.com",
        "file://", "https://evil.example#.twilio.com", "https://a b.twilio.com", ""}) {
    INFO(host);
    CHECK(base::IsError(fetch(host + path).status(), base::kProviderRefused));
  }
  CHECK(world.http.requests.empty());
}

TEST_CASE("a recording that is not there, or is none, is said so", "[twilio][adapter]") {
  World world;
  const auto fetch = [&] {
    const std::string url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1.wav";
    return RunTask(world.adapter->FetchRecording(world.account, url)).status();
  };
  world.http.When("GET", 404, R"({"code":20404})");
  CHECK(base::IsError(fetch(), base::kNotFound));
  world.http.When("GET", 302, "");
  CHECK(base::IsError(fetch(), base::kProviderError));
  world.http.When("GET", 200, "<html>");
  CHECK(base::IsError(fetch(), base::kProviderError));
  world.http.When("GET", 401, "");
  CHECK(base::IsError(fetch(), base::kProviderCredentials));
}

TEST_CASE("missing credentials are named field by field", "[twilio][adapter]") {
  World world;
  CHECK(world.adapter->CheckAccount(world.account).ok());
  Account bare;
  const auto fields = base::DetailOf(world.adapter->CheckAccount(bare)).fields;
  REQUIRE(fields.size() == 2);
  CHECK(fields[0].field == "account_sid");
  CHECK(fields[1].field == "auth_token");
  Account key;
  key.config.set_account_sid("AC1");
  key.api_key = base::Secret("SK1");
  key.api_secret = base::Secret("s");
  CHECK(base::DetailOf(world.adapter->CheckAccount(key)).fields.at(0).field == "auth_token");
}

}  // namespace
}  // namespace ctc::providers::twilio
