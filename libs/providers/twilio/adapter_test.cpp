#include "libs/providers/twilio/adapter.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/http/message.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::twilio {
namespace {

using dispatch::v1::ControlCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using testing::RunTask;

// Made at 2024-11-06T05:43:40.288Z by its first 48 bits.
const std::string kUuid = "01930000-0000-7000-8000-000000000001";
constexpr char kSid[] = "CA0123456789abcdef0123456789abcdef";

struct World {
  FakeHttp http;
  testing::FakeClock clock;
  std::unique_ptr<Adapter> adapter = MakeAdapter({http, clock, {}});
  Account account;
  dispatch::v1::CallOrder order;

  World() {
    account.tenant = base::TenantId("t 1");
    account.config.set_id("p1");
    account.config.set_api_url("https://api.twilio.com/");
    account.config.set_timeout_seconds(9);
    account.api_key = base::Secret("AC1");
    account.api_secret = base::Secret("token");
    account.public_url = "https://crm.example.com";
    order.set_id(kUuid);
    order.set_to_phone("+15551230003");
    order.set_from_phone("+15551230001");
    order.set_agent_phone("+15551230002");
  }
  std::string Body(const std::string& name) const {
    const auto form = http::ParseForm(http.requests.back().body).value();
    for (const auto& [key, value] : form) {
      if (key == name) return value;
    }
    return "";
  }
  PlaceCallResponse Place() { return RunTask(adapter->Place(account, order)); }
  absl::StatusOr<dispatch::v1::ControlCallResponse> Control(ControlCallRequest::Action action) {
    return RunTask(adapter->Control(account, Request(action)));
  }
  ControlCallRequest Request(ControlCallRequest::Action action) const {
    ControlCallRequest request;
    *request.mutable_order() = order;
    request.set_provider_call_id("CAagent");
    auto& leg = *request.add_legs();
    leg.set_party(session::v1::Leg::CUSTOMER);
    leg.set_provider_leg_id("CAcustomer");
    request.set_action(action);
    return request;
  }
};

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
  const std::string account = "POST /2010-04-01/Accounts/AC1";
  const std::string room = account + "/Conferences/" + kUuid;
  REQUIRE(world.Control(ControlCallRequest::HOLD).ok());
  CHECK(world.http.Lines().back() == room + "/Participants/CAcustomer.json");
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
  world.http.When("GET", 200, R"({"conferences":[{"sid":"CF1"}]})");
  REQUIRE(world.Control(ControlCallRequest::PAUSE_RECORDING).ok());
  const std::string account = "/2010-04-01/Accounts/AC1/Conferences";
  CHECK(world.http.Lines() ==
        std::vector<std::string>{
            "GET " + account + ".json?FriendlyName=" + kUuid + "&Status=in-progress",
            "POST " + account + "/CF1/Recordings/Twilio.CURRENT.json"});
  CHECK(world.Body("PauseBehavior") == "skip");
  world.http.When("GET", 200, R"({"conferences":[]})");
  CHECK(base::IsError(world.Control(ControlCallRequest::PAUSE_RECORDING).status(),
                      base::kCallNotLive));
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
  world.http.When("", 200, "{}");
  ControlCallRequest request = world.Request(ControlCallRequest::SEND_DTMF);
  request.set_digits("4711");
  REQUIRE(RunTask(world.adapter->Control(world.account, request)).ok());
  CHECK(world.http.Lines() ==
        std::vector<std::string>{"POST /2010-04-01/Accounts/AC1/Conferences/" + kUuid +
                                 "/Participants/CAcustomer.json"});
  CHECK(
      world.Body("AnnounceUrl")
          .starts_with("https://crm.example.com/api/v1/webhooks/voip/twilio?tenant=t%201&session=" +
                       kUuid + "&leg=digits&digits="));
  CHECK(world.http.requests[0].body.find("4711") == std::string::npos);
  world.http.When("", 404, R"({"code":20404})");
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
  world.http.When("", 404, R"({"code":20404})");
  CHECK(world.Control(ControlCallRequest::HOLD)->call_is_gone());
}

TEST_CASE("a call is looked up by its sid", "[twilio][adapter]") {
  World world;
  dispatch::v1::LookUpCallRequest request;
  *request.mutable_order() = world.order;
  request.set_provider_call_id("CA1");
  const auto found = [&] { return RunTask(world.adapter->LookUp(world.account, request)).value(); };
  world.http.When("", 200, R"({"sid":"CA1","status":"ringing","start_time":null})");
  CHECK(found().found() == LookUpCallResponse::LIVE);
  world.http.When(
      "", 200,
      R"({"sid":"CA1","status":"no-answer","end_time":"Wed, 06 Nov 2024 05:15:00 +0000"})");
  CHECK(found().found() == LookUpCallResponse::ENDED);
  REQUIRE(found().facts_size() == 1);
  CHECK(found().facts(0).kind() == session::v1::CallFact::CALL_NO_ANSWER);
  CHECK(found().facts(0).source() == session::v1::POLL);
  world.http.When("", 404, R"({"code":20404})");
  CHECK(found().found() == LookUpCallResponse::NOT_FOUND);
  world.http.When("", 503, "");
  CHECK(found().found() == LookUpCallResponse::FOUND_UNSPECIFIED);
}

TEST_CASE("a lost customer leg is found by its label in the room", "[twilio][adapter]") {
  World world;
  dispatch::v1::LookUpCallRequest request;
  *request.mutable_order() = world.order;
  const auto found = [&] { return RunTask(world.adapter->LookUpCustomer(world.account, request)); };
  int status = 200;
  std::string rooms = R"({"conferences":[]})";
  std::string participant;
  world.http.When("GET", [&](const http::ClientRequest& asked) {
    http::ClientResult result;
    const bool list =
        asked.url.find("/Conferences.json?FriendlyName=" + kUuid) != std::string::npos;
    result.response.status = list ? 200 : status;
    result.response.body = list ? rooms : participant;
    return result;
  });
  CHECK(found()->found() == LookUpCallResponse::NOT_FOUND);
  rooms = R"({"conferences":[{"sid":"CF1","status":"init"}]})";
  status = 404;
  CHECK(found()->found() == LookUpCallResponse::NOT_FOUND);
  CHECK(world.http.Lines().back().ends_with("/Conferences/CF1/Participants/customer.json"));
  status = 200;
  participant = R"({"call_sid":"CA9","label":"customer","status":"ringing"})";
  CHECK(found()->found() == LookUpCallResponse::LIVE);
  CHECK(found()->provider_call_id() == "CA9");
  participant = "<html>";
  CHECK(found()->found() == LookUpCallResponse::FOUND_UNSPECIFIED);
  status = 503;
  CHECK(found()->found() == LookUpCallResponse::FOUND_UNSPECIFIED);
  rooms = "<html>";
  CHECK_FALSE(found().ok());
}

TEST_CASE("a lost first leg is recognised by numbers and time, and by being nobody else's",
          "[twilio][adapter]") {
  World world;
  dispatch::v1::LookUpCallRequest request;
  *request.mutable_order() = world.order;
  const auto found = [&] { return RunTask(world.adapter->LookUp(world.account, request)).value(); };
  world.http.When(
      "", 200,
      R"({"calls":[{"sid":"CAold","status":"completed","date_created":"Wed, 06 Nov 2024 04:43:40 +0000"}]})");
  CHECK(found().found() == LookUpCallResponse::NOT_FOUND);
  world.http.When(
      "", 200,
      R"({"calls":[{"sid":"CA8","status":"ringing","date_created":"Wed, 06 Nov 2024 05:44:35 +0000"},)"
      R"({"sid":"CA9","status":"completed","date_created":"Wed, 06 Nov 2024 05:44:30 +0000"}]})");
  CHECK(found().found() == LookUpCallResponse::LIVE);
  CHECK(found().provider_call_id() == "CA8");
  CHECK(world.http.Lines().back().find("To=%2B15551230002&From=%2B15551230001") !=
        std::string::npos);
  request.add_calls_of_others("CA8");
  CHECK(found().found() == LookUpCallResponse::ENDED);
  CHECK(found().provider_call_id() == "CA9");
  request.add_calls_of_others("CA9");
  CHECK(found().found() == LookUpCallResponse::NOT_FOUND);
}

TEST_CASE("of a caller's record only the end is told", "[twilio][adapter]") {
  World world;
  dispatch::v1::LookUpCallRequest request;
  *request.mutable_order() = world.order;
  request.mutable_order()->set_direction(session::v1::Session::INBOUND);
  request.set_provider_call_id("CA1");
  const auto found = [&] { return RunTask(world.adapter->LookUp(world.account, request)).value(); };
  world.http.When("", 200, R"({"sid":"CA1","status":"in-progress"})");
  CHECK(found().found() == LookUpCallResponse::LIVE);
  CHECK(found().facts_size() == 0);
  world.http.When("", 200, R"({"sid":"CA1","status":"no-answer","duration":"40"})");
  REQUIRE(found().facts_size() == 1);
  CHECK(found().facts(0).kind() == session::v1::CallFact::CALL_ENDED);
  CHECK(found().facts(0).party() == session::v1::Leg::CUSTOMER);
  CHECK(found().facts(0).reason() == session::v1::END_REASON_UNSPECIFIED);
  CHECK_FALSE(found().facts(0).has_duration_seconds());
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
