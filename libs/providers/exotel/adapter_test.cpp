#include "libs/providers/exotel/adapter.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/http/message.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::exotel {
namespace {

using dispatch::v1::ControlCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using session::v1::CallFact;
using testing::RunTask;

// Made at 2024-11-06T05:43:40.288Z by its first 48 bits: 11:13:40 in India.
const std::string kUuid = "01930000-0000-7000-8000-000000000001";
constexpr char kAnswer[] = R"({"Call":{"Sid":"5f0c9d1be2a4162m","Status":"in-progress"}})";

struct World {
  FakeHttp http;
  testing::FakeClock clock;
  std::unique_ptr<Adapter> adapter = MakeAdapter({http, clock, {}});
  Account account;
  dispatch::v1::CallOrder order;

  World() {
    account.tenant = base::TenantId("t1");
    account.config.set_id("p1");
    account.config.set_api_url("https://api.in.exotel.com/");
    account.config.set_account_sid("acme1");
    account.config.set_timeout_seconds(9);
    account.api_key = base::Secret("key");
    account.api_secret = base::Secret("api-token");
    account.public_url = "https://crm.example.com";
    order.set_id(kUuid);
    order.set_to_phone("+919800000002");
    order.set_from_phone("+918040000003");
    order.set_agent_phone("+919800000001");
  }
  std::string Body(const std::string& name) const {
    const auto form = http::ParseForm(http.requests.back().body).value();
    for (const auto& [key, value] : form) {
      if (key == name) return value;
    }
    return "";
  }
  PlaceCallResponse Place() { return RunTask(adapter->Place(account, order)); }
  PlaceCallResponse PlaceAnswered(int status, const std::string& body) {
    http.When("POST", status, body);
    return Place();
  }
  absl::StatusOr<LookUpCallResponse> Ask(const std::string& call_id) {
    dispatch::v1::LookUpCallRequest request;
    *request.mutable_order() = order;
    request.set_provider_call_id(call_id);
    return RunTask(adapter->LookUp(account, request));
  }
  LookUpCallResponse LookUp(const std::string& call_id) { return Ask(call_id).value(); }
};

TEST_CASE("the agent is rung first, then the customer", "[exotel][adapter]") {
  World world;
  const PlaceCallResponse response = world.PlaceAnswered(200, kAnswer);
  CHECK(response.outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(response.provider_call_id() == "5f0c9d1be2a4162m");
  const http::ClientRequest& request = world.http.requests[0];
  CHECK(request.url == "https://api.in.exotel.com/v1/Accounts/acme1/Calls/connect.json");
  CHECK(request.user == "key");
  CHECK(request.password.Reveal() == "api-token");
  CHECK(request.timeout == absl::Seconds(9));
  CHECK(world.Body("From") == "09800000001");
  CHECK(world.Body("To") == "09800000002");
  CHECK(world.Body("CallerId") == "08040000003");
  CHECK(world.Body("CallType") == "trans");
  CHECK(world.Body("Record") == "false");
  CHECK(world.Body("CustomField") == kUuid);
  CHECK(world.Body("StatusCallbackEvents[0]") == "terminal");
  CHECK(world.Body("StatusCallbackEvents[1]") == "answered");
  CHECK(world.Body("StatusCallbackContentType") == "application/json");
  const std::string callback = world.Body("StatusCallback");
  CHECK(
      callback.starts_with("https://crm.example.com/api/v1/webhooks/voip/exotel?tenant=t1&"
                           "session=" +
                           kUuid + "&token="));
  CHECK(callback.find("api-token") == std::string::npos);
}

TEST_CASE("numbers abroad stay in E.164", "[exotel][adapter]") {
  World world;
  world.order.set_to_phone("+12025550100");
  world.PlaceAnswered(200, kAnswer);
  CHECK(world.Body("To") == "+12025550100");
}

TEST_CASE("a recorded call is recorded from its placement, a leg per channel",
          "[exotel][adapter]") {
  World world;
  world.order.set_record(true);
  world.PlaceAnswered(200, kAnswer);
  CHECK(world.Body("Record") == "true");
  CHECK(world.Body("RecordingChannels") == "dual");
}

TEST_CASE("without an agent's phone the customer goes into the configured flow",
          "[exotel][adapter]") {
  World world;
  world.order.clear_agent_phone();
  const PlaceCallResponse refused = world.PlaceAnswered(200, kAnswer);
  CHECK(refused.outcome() == PlaceCallResponse::REFUSED);
  CHECK(refused.may_fail_over());
  CHECK(world.http.requests.empty());
  (*world.account.config.mutable_settings()->mutable_fields())["flow_id"].set_string_value("77");
  CHECK(world.Place().outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(world.Body("From") == "09800000002");
  CHECK(world.Body("To").empty());
  CHECK(world.Body("Url") == "http://my.exotel.com/acme1/exoml/start_voice/77");
  CHECK(world.Body("StatusCallback").ends_with("&leg=customer"));
}

TEST_CASE("an agent who is no number is refused before anything is sent", "[exotel][adapter]") {
  World world;
  world.order.set_agent_phone("PJSIP/agent-a");
  CHECK(world.Place().outcome() == PlaceCallResponse::REFUSED);
  CHECK(world.http.requests.empty());
}

TEST_CASE("an old account's key is its SID", "[exotel][adapter]") {
  World world;
  world.account.config.clear_account_sid();
  world.PlaceAnswered(200, kAnswer);
  CHECK(world.http.Lines()[0] == "POST /v1/Accounts/key/Calls/connect.json");
}

TEST_CASE("every answer of Exotel has its outcome", "[exotel][adapter]") {
  struct Case {
    int status;
    const char* body;
    PlaceCallResponse::Outcome outcome;
    bool may_fail_over;
    const char* code;
    session::v1::EndReason reason;
  };
  using P = PlaceCallResponse;
  const Case c = GENERATE(values<Case>({
      {403, R"({"RestException":{"Status":403,"Message":"Call blocked: TRAI NDNC"}})", P::REFUSED,
       false, "BLOCKED_BY_POLICY", session::v1::BLOCKED_BY_POLICY},
      {403, R"({"RestException":{"Status":403,"Message":"KYC incomplete"}})", P::REFUSED, true,
       "PROVIDER_CREDENTIALS", session::v1::PROVIDER_REJECTED},
      {403, "", P::REFUSED, true, "PROVIDER_CREDENTIALS", session::v1::PROVIDER_REJECTED},
      {400, R"({"RestException":{"Status":400,"Message":"CallerId"}})", P::REFUSED, true,
       "PROVIDER_REFUSED", session::v1::PROVIDER_REJECTED},
      {401, "", P::REFUSED, true, "PROVIDER_CREDENTIALS", session::v1::PROVIDER_REJECTED},
      {402, "", P::REFUSED, true, "PROVIDER_CREDENTIALS", session::v1::PROVIDER_REJECTED},
      {404, "", P::REFUSED, true, "PROVIDER_CREDENTIALS", session::v1::PROVIDER_REJECTED},
      {429, "", P::REFUSED, true, "PROVIDER_RATE_LIMITED", session::v1::PROVIDER_REJECTED},
      {302, "", P::REFUSED, true, "PROVIDER_ERROR", session::v1::PROVIDER_ERROR},
      {500, "", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN", session::v1::LOST},
      {503, "<html>", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN", session::v1::LOST},
      {200, "<html>Sign in</html>", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN",
       session::v1::LOST},
      {200, R"({"Call":{"Sid":"5f)", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN",
       session::v1::LOST},
      {200, "", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN", session::v1::LOST},
      {200, R"({"Call":{"Sid":7}})", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN",
       session::v1::LOST},
      {200, R"({"Call":{"Sid":"a/b"}})", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN",
       session::v1::LOST},
      {200, R"({"Call":[]})", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN", session::v1::LOST},
  }));
  INFO(c.status << " " << c.body);
  World world;
  const PlaceCallResponse response = world.PlaceAnswered(c.status, c.body);
  CHECK(response.outcome() == c.outcome);
  CHECK(response.may_fail_over() == c.may_fail_over);
  CHECK(response.error_code() == c.code);
  CHECK(response.end_reason() == c.reason);
  CHECK(response.error_message().find("api-token") == std::string::npos);
}

TEST_CASE("Retry-After of a 429 is told", "[exotel][adapter]") {
  World world;
  world.http.When("POST", [](const http::ClientRequest&) {
    http::ClientResult result;
    result.response.status = 429;
    result.response.headers.Add("Retry-After", "17");
    return result;
  });
  CHECK(world.Place().retry_after_seconds() == 17);
}

TEST_CASE("a connection that broke leaves the outcome open unless nothing was sent",
          "[exotel][adapter]") {
  World world;
  world.http.Break("POST", http::Reached::kMaybe, absl::ResourceExhaustedError("too long"));
  CHECK(world.Place().outcome() == PlaceCallResponse::UNKNOWN_OUTCOME);
  world.http.Break("POST", http::Reached::kNotSent, absl::UnavailableError("refused"));
  CHECK(world.Place().outcome() == PlaceCallResponse::NOT_SENT);
}

TEST_CASE("a known call is looked up with its legs", "[exotel][adapter]") {
  struct Case {
    const char* call;
    LookUpCallResponse::Found found;
    std::vector<CallFact::Kind> kinds;
  };
  const Case c = GENERATE(values<Case>({
      {R"("Status":"in-progress","Details":{"Leg1Status":"in-progress","Leg2Status":""})",
       LookUpCallResponse::LIVE,
       {CallFact::CALL_ANSWERED, CallFact::CALL_RINGING}},
      {R"("Status":"in-progress")", LookUpCallResponse::LIVE, {}},
      {R"("Status":"queued")", LookUpCallResponse::LIVE, {}},
      {R"("Status":"completed","EndTime":"2024-11-06 11:20:00",
          "Details":{"ConversationDuration":42,"Leg1Status":"completed","Leg2Status":"completed"})",
       LookUpCallResponse::ENDED,
       {CallFact::CALL_ENDED}},
      {R"("Status":"no-answer","Details":{"Leg1Status":"completed","Leg2Status":"no-answer"})",
       LookUpCallResponse::ENDED,
       {CallFact::CALL_NO_ANSWER}},
      // Just ended: the figures are not there yet.
      {R"("Status":"completed","EndTime":null)", LookUpCallResponse::LIVE, {}},
  }));
  INFO(c.call);
  World world;
  world.http.When("GET", 200, "{\"Call\":{\"Sid\":\"a1\"," + std::string(c.call) + "}}");
  const LookUpCallResponse response = world.LookUp("a1");
  CHECK(world.http.Lines()[0] == "GET /v1/Accounts/acme1/Calls/a1.json?details=true");
  CHECK(response.found() == c.found);
  REQUIRE(response.facts_size() == static_cast<int>(c.kinds.size()));
  for (int i = 0; i < response.facts_size(); ++i) {
    CHECK(response.facts(i).kind() == c.kinds[static_cast<size_t>(i)]);
    CHECK(response.facts(i).source() == session::v1::POLL);
  }
}

TEST_CASE("a call without a known id is found by numbers and time", "[exotel][adapter]") {
  World world;
  world.http.When("GET", 200, R"({"Call":{"Sid":"b2","Status":"in-progress"}})");
  world.http.When("Calls.json?", 200, R"({"Calls":[{"Sid":"a1","Status":"busy"},
      {"Sid":"b2","Status":"in-progress"},{"Sid":"c3","Status":"failed"}]})");
  const LookUpCallResponse response = world.LookUp("");
  CHECK(response.found() == LookUpCallResponse::LIVE);
  CHECK(response.provider_call_id() == "b2");
  const auto lines = world.http.Lines();
  CHECK(lines[0] ==
        "GET /v1/Accounts/acme1/Calls.json?DateCreated=gte%3A2024-11-06%2011%3A13%3A10"
        "%3Blte%3A2024-11-06%2011%3A16%3A40&From=09800000001&To=09800000002&PageSize=20"
        "&SortBy=DateCreated:asc");
  CHECK(lines[1] == "GET /v1/Accounts/acme1/Calls/b2.json?details=true");
}

TEST_CASE("a call that Exotel does not know is told so; silence is not", "[exotel][adapter]") {
  World world;
  world.http.When("Calls.json?", 200, R"({"Calls":[]})");
  CHECK(world.LookUp("").found() == LookUpCallResponse::NOT_FOUND);
  world.http.When("Calls/a1", 404, "{}");
  CHECK(world.LookUp("a1").found() == LookUpCallResponse::NOT_FOUND);
  for (const char* body : {"<html>", "", "{\"Call\":", "[]", "{\"Calls\":1}"}) {
    INFO(body);
    world.http.When("GET", 200, body);
    CHECK(world.LookUp("a1").found() == LookUpCallResponse::FOUND_UNSPECIFIED);
    CHECK(world.LookUp("").found() == LookUpCallResponse::FOUND_UNSPECIFIED);
  }
  world.http.When("GET", 429, "");
  CHECK(base::IsError(world.Ask("a1").status(), base::kProviderRateLimited));
  CHECK(base::IsError(world.Ask("").status(), base::kProviderRateLimited));
}

TEST_CASE("no action on a running call exists, and each is named", "[exotel][adapter]") {
  World world;
  for (int action = ControlCallRequest::HANG_UP; action <= ControlCallRequest::ASK_FLOW; ++action) {
    ControlCallRequest request;
    request.set_action(static_cast<ControlCallRequest::Action>(action));
    const auto answer = RunTask(world.adapter->Control(world.account, request));
    const base::ErrorDetail detail = base::DetailOf(answer.status());
    INFO(action);
    CHECK(detail.code == base::kCapabilityMissing.code);
    CHECK_FALSE(detail.metadata.at("capability").empty());
  }
  CHECK(world.http.requests.empty());
}

TEST_CASE("the check asks for the account and says what is wrong", "[exotel][adapter]") {
  World world;
  world.http.When("GET", 200, "<TwilioResponse><Account/></TwilioResponse>");
  CHECK(RunTask(world.adapter->Check(world.account)).ok());
  CHECK(world.http.Lines()[0] == "GET /v1/Accounts/acme1");
  world.http.When("GET", 200, "<html>");
  CHECK(base::DetailOf(RunTask(world.adapter->Check(world.account)).status()).code ==
        "PROVIDER_ERROR");
  world.http.When("GET", 401, "");
  CHECK(base::DetailOf(RunTask(world.adapter->Check(world.account)).status()).code ==
        "PROVIDER_CREDENTIALS");
}

TEST_CASE("a recording is fetched with credentials at Exotel only", "[exotel][adapter]") {
  World world;
  const auto audio = [](const http::ClientRequest&) {
    http::ClientResult result;
    result.response.status = 200;
    result.response.headers.Add("Content-Type", "audio/mpeg");
    result.response.body = "ID3";
    return result;
  };
  const auto fetch = [&](const std::string& url) {
    return RunTask(world.adapter->FetchRecording(world.account, url));
  };
  world.http.When("GET", audio);
  CHECK(fetch("https://recordings.exotel.com/exotelrecordings/a/b.mp3")->bytes == "ID3");
  CHECK(world.http.requests[0].user == "key");
  CHECK(fetch("https://s3-ap-south-1.amazonaws.com/exotel-mum1-recordings/a.mp3").ok());
  CHECK(world.http.requests[1].user.empty());
  CHECK(base::DetailOf(fetch("https://evil.io/a.mp3").status()).code == "PROVIDER_REFUSED");
  CHECK(world.http.requests.size() == 2);
}

TEST_CASE("credentials go by https, or as the account's own api_url does", "[exotel][adapter]") {
  World world;
  const auto user = [&](const std::string& url) {
    (void)RunTask(world.adapter->FetchRecording(world.account, url));
    return world.http.requests.back().user;
  };
  CHECK(user("https://api.in.exotel.com/r/a.mp3") == "key");
  CHECK(user("http://api.in.exotel.com/r/a.mp3").empty());
  CHECK(user("http://recordings.exotel.com/r/a.mp3").empty());
  world.account.config.set_api_url("http://127.0.0.1:81/");
  CHECK(user("http://127.0.0.1:81/r/a.mp3") == "key");
  CHECK(user("http://recordings.exotel.com/r/a.mp3").empty());
  CHECK(world.http.requests.size() == 5);
}

TEST_CASE("a recording that is late, moved or no audio is told so", "[exotel][adapter]") {
  World world;
  const std::string url = "https://recordings.exotel.com/r/a.mp3";
  const auto code = [&] {
    return base::DetailOf(RunTask(world.adapter->FetchRecording(world.account, url)).status()).code;
  };
  world.http.When("GET", 404, "");
  CHECK(code() == "NOT_FOUND");
  world.http.When("GET", 403, "");
  CHECK(code() == "NOT_FOUND");
  world.http.When("GET", 200, "<html>");
  CHECK(code() == "PROVIDER_REFUSED");
  const auto moved_to = [](const std::string& location) {
    return [location](const http::ClientRequest&) {
      http::ClientResult result;
      result.response.status = 302;
      result.response.headers.Add("Location", location);
      return result;
    };
  };
  world.http.When("GET", moved_to("https://evil.io/a.mp3"));
  const size_t before = world.http.requests.size();
  CHECK(code() == "PROVIDER_REFUSED");
  CHECK(world.http.requests.size() == before + 1);
  world.http.When("GET", moved_to("https://s3-ap-southeast-1.amazonaws.com/exotelrecordings/a"));
  CHECK(code() == "PROVIDER_ERROR");  // a second redirect
  CHECK(world.http.requests.back().user.empty());
}

TEST_CASE("missing credentials are named field by field", "[exotel][adapter]") {
  World world;
  CHECK(world.adapter->CheckAccount(world.account).ok());
  world.account.api_key = base::Secret();
  world.account.api_secret = base::Secret();
  (*world.account.config.mutable_settings()->mutable_fields())["flow_id"].set_string_value("a/b");
  const auto detail = base::DetailOf(world.adapter->CheckAccount(world.account));
  REQUIRE(detail.fields.size() == 3);
  CHECK(detail.fields[0].field == "api_key");
  CHECK(detail.fields[1].field == "api_secret");
  CHECK(detail.fields[2].field == "settings");
}

}  // namespace
}  // namespace ctc::providers::exotel
