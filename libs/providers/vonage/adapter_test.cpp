#include "libs/providers/vonage/adapter.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/vonage/samples_for_test.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::vonage {
namespace {

using Json = nlohmann::json;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using session::v1::CallFact;
using testing::RunTask;

constexpr char kCreated[] =
    R"({"uuid":"63f61863-4a51-4f6b-86e1-46edebcf9356","status":"started","direction":"outbound","conversation_uuid":"CON-1"})";

struct World {
  FakeHttp http;
  testing::FakeClock clock;
  std::unique_ptr<Adapter> adapter = MakeAdapter({http, clock, {}});
  Account account = AnAccount();
  dispatch::v1::CallOrder order;

  World() {
    order.set_id(kSession);
    order.set_to_phone("+15551230003");
    order.set_from_phone("+15551230001");
    order.set_agent_phone("+15551230002");
  }
  Json Body() const { return Json::parse(http.requests.back().body); }
  PlaceCallResponse Place() { return RunTask(adapter->Place(account, order)); }
  PlaceCallResponse DialCustomer() { return RunTask(adapter->DialCustomer(account, order)); }
  absl::StatusOr<LookUpCallResponse> Ask(const char* id) {
    dispatch::v1::LookUpCallRequest request;
    *request.mutable_order() = order;
    request.set_provider_call_id(id);
    return RunTask(adapter->LookUp(account, request));
  }
  LookUpCallResponse LookUp(const char* id) { return Ask(id).value(); }
};

const std::string kEvents =
    "https://crm.example.com/api/v1/webhooks/voip/vonage?tenant=t%201&session=" +
    std::string(kSession);

TEST_CASE("the agent is called into a conversation of the session's name", "[vonage][adapter]") {
  World world;
  world.http.When("POST", 201, kCreated);
  const PlaceCallResponse response = world.Place();
  CHECK(response.outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(response.provider_call_id() == kUuid);
  const http::ClientRequest& request = world.http.requests[0];
  CHECK(request.url == "https://api.nexmo.com/v1/calls");
  CHECK(request.user.empty());
  const std::string token(request.bearer.Reveal());
  const size_t dot = token.rfind('.');
  CHECK(crypto::VerifySignature("RS256", kPublicKey, token.substr(0, dot),
                                crypto::FromBase64Url(token.substr(dot + 1)).value()));
  CHECK(world.Body() == Json({{"to", Json::array({{{"type", "phone"}, {"number", "15551230002"}}})},
                              {"from", {{"type", "phone"}, {"number", "15551230001"}}},
                              {"ncco", Json::array({{{"action", "conversation"},
                                                     {"name", kSession},
                                                     {"startOnEnter", false},
                                                     {"endOnExit", false}}})},
                              {"event_url", Json::array({kEvents + "&leg=agent"})},
                              {"ringing_timer", 45}}));
}

TEST_CASE("the customer begins and ends the conversation, and its recording", "[vonage][adapter]") {
  World world;
  world.order.set_room("01930000-0000-7000-8000-00000000000f");
  world.order.set_record(true);
  world.http.When("POST", 201, kCreated);
  CHECK(world.DialCustomer().outcome() == PlaceCallResponse::ACCEPTED);
  const Json body = world.Body();
  CHECK(body["to"][0]["number"] == "15551230003");
  CHECK(body["event_url"][0] == kEvents + "&leg=customer&records=1");
  const Json& seat = body["ncco"][0];
  CHECK(seat["name"] == "01930000-0000-7000-8000-00000000000f");
  CHECK(seat["startOnEnter"] == true);
  CHECK(seat["endOnExit"] == true);
  CHECK(seat["record"] == true);
  CHECK(seat["eventUrl"][0] == kEvents + "&leg=recording");
}

TEST_CASE("an agent may have a SIP address, but no switch's phone", "[vonage][adapter]") {
  World world;
  world.http.When("POST", 201, kCreated);
  world.order.set_agent_phone("ann@sip.example.com");
  CHECK(world.Place().outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(world.Body()["to"][0] == Json({{"type", "sip"}, {"uri", "sip:ann@sip.example.com"}}));
  world.http.requests.clear();
  for (const char* phone : {"PJSIP/agent-a", "1001", "+12x"}) {
    world.order.set_agent_phone(phone);
    const PlaceCallResponse refused = world.Place();
    CHECK(refused.outcome() == PlaceCallResponse::REFUSED);
    CHECK(refused.may_fail_over());
  }
  CHECK(world.http.requests.empty());
}

TEST_CASE("every answer of Vonage has its outcome", "[vonage][adapter]") {
  struct Case {
    int status;
    const char* body;
    PlaceCallResponse::Outcome outcome;
    bool may_fail_over;
    const char* code;
  };
  const Case c = GENERATE(values<Case>({
      {400,
       R"({"type":400,"title":"Bad Request","invalid_parameters":[{"reason":"can contain up to 15 digits prefixed with +","name":"number"}]})",
       PlaceCallResponse::REFUSED, false, "INVALID_DESTINATION"},
      {400, R"({"type":"BAD_REQUEST","error_title":"Bad Request"})", PlaceCallResponse::REFUSED,
       true, "PROVIDER_REFUSED"},
      {400, R"({"invalid_parameters":"none"})", PlaceCallResponse::REFUSED, true,
       "PROVIDER_REFUSED"},
      {400, "<html>", PlaceCallResponse::REFUSED, true, "PROVIDER_REFUSED"},
      {401,
       R"({"type":"https://developer.nexmo.com/api-errors#unauthorized","title":"Invalid credentials supplied"})",
       PlaceCallResponse::REFUSED, true, "PROVIDER_CREDENTIALS"},
      {404, "{}", PlaceCallResponse::REFUSED, true, "PROVIDER_CREDENTIALS"},
      {429, "{}", PlaceCallResponse::REFUSED, true, "PROVIDER_RATE_LIMITED"},
      {302, "", PlaceCallResponse::REFUSED, true, "PROVIDER_ERROR"},
      {500, R"({"msg_error":"Unexpected error"})", PlaceCallResponse::UNKNOWN_OUTCOME, false,
       "SUBMISSION_UNKNOWN"},
      {201, "<html>", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {201, "", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {201, R"({"uuid":"63f6)", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {201, R"({"uuid":"../x"})", PlaceCallResponse::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
  }));
  INFO(c.status << " " << c.body);
  World world;
  world.http.When("POST", c.status, c.body);
  const PlaceCallResponse response = world.Place();
  CHECK(response.outcome() == c.outcome);
  CHECK(response.may_fail_over() == c.may_fail_over);
  CHECK(response.error_code() == c.code);
  CHECK(response.error_message().find("PRIVATE") == std::string::npos);
  CHECK(world.http.requests.size() == 1);
}

TEST_CASE("failures of the wire are told as far as they reached", "[vonage][adapter]") {
  World world;
  world.http.Break("POST", http::Reached::kMaybe, absl::DeadlineExceededError("too slow"));
  CHECK(world.Place().error_code() == base::kProviderTimeout.code);
  world.http.Break("POST", http::Reached::kMaybe,
                   absl::ResourceExhaustedError("the answer is too long"));
  CHECK(world.Place().outcome() == PlaceCallResponse::UNKNOWN_OUTCOME);
  world.http.Break("POST", http::Reached::kNotSent, absl::UnavailableError("refused"));
  CHECK(world.Place().outcome() == PlaceCallResponse::NOT_SENT);
  world.http.When("POST", [](const http::ClientRequest&) {
    http::ClientResult result;
    result.response.status = 429;
    result.response.headers.Add("Retry-After", "7");
    return result;
  });
  CHECK(world.Place().retry_after_seconds() == 7);
}

TEST_CASE("a key that cannot sign sends nothing and is not told", "[vonage][adapter]") {
  World world;
  world.account.private_key = base::Secret("-----BEGIN c2VjcmV0");
  const PlaceCallResponse response = world.Place();
  CHECK(response.outcome() == PlaceCallResponse::NOT_SENT);
  CHECK(response.error_message().find("private_key") != std::string::npos);
  CHECK(response.error_message().find("c2VjcmV0") == std::string::npos);
  CHECK(world.http.requests.empty());
}

TEST_CASE("a call is looked up by its id", "[vonage][adapter]") {
  World world;
  const auto record = [](const char* status, const char* more = "") {
    return std::string(R"({"uuid":"63f61863-4a51-4f6b-86e1-46edebcf9356","status":")") + status +
           "\"" + more + "}";
  };
  world.http.When("GET", 200, record("ringing"));
  CHECK(world.LookUp(kUuid).found() == LookUpCallResponse::LIVE);
  CHECK(world.http.Lines()[0] == "GET /v1/calls/" + std::string(kUuid));
  world.http.When("GET", 200, record("busy", R"(,"end_time":"2024-11-06 05:45:00")"));
  const LookUpCallResponse busy = world.LookUp(kUuid);
  CHECK(busy.found() == LookUpCallResponse::ENDED);
  REQUIRE(busy.facts_size() == 1);
  CHECK(busy.facts(0).kind() == CallFact::CALL_BUSY);
  CHECK(busy.facts(0).party() == session::v1::Leg::AGENT);
  CHECK(busy.facts(0).source() == session::v1::POLL);
  CHECK(busy.facts(0).provider_time().seconds() == 1730871900);
  world.http.When("GET", 404, "{}");
  CHECK(world.LookUp(kUuid).found() == LookUpCallResponse::NOT_FOUND);
  world.http.When("GET", 503, "");
  CHECK(world.LookUp(kUuid).found() == LookUpCallResponse::FOUND_UNSPECIFIED);
  world.http.When("GET", 200, R"({"uuid":"another"})");
  CHECK(world.LookUp(kUuid).found() == LookUpCallResponse::FOUND_UNSPECIFIED);
  world.http.When("GET", 429, "");
  CHECK(base::IsError(world.Ask(kUuid).status(), base::kProviderRateLimited));
  CHECK(base::IsError(world.Ask("").status(), base::kProviderRateLimited));
}

TEST_CASE("of a caller's record only the end is news", "[vonage][adapter]") {
  World world;
  world.order.set_direction(session::v1::Session::INBOUND);
  world.http.When("GET", 200, R"({"uuid":"u1","status":"answered"})");
  CHECK(world.LookUp("u1").facts_size() == 0);
  world.http.When("GET", 200, R"({"uuid":"u1","status":"completed","duration":"60"})");
  const LookUpCallResponse ended = world.LookUp("u1");
  REQUIRE(ended.facts_size() == 1);
  CHECK(ended.facts(0).party() == session::v1::Leg::CUSTOMER);
  CHECK_FALSE(ended.facts(0).has_duration_seconds());
  CHECK(world.LookUp("").found() == LookUpCallResponse::CANNOT_ASK);
}

TEST_CASE("a lost leg is recognised by numbers and time", "[vonage][adapter]") {
  World world;
  const auto list = [](const std::string& calls) {
    return R"({"count":1,"_embedded":{"calls":[)" + calls + "]}}";
  };
  dispatch::v1::LookUpCallRequest request;
  *request.mutable_order() = world.order;
  const auto found = [&] {
    return RunTask(world.adapter->LookUpCustomer(world.account, request)).value();
  };
  const std::string other =
      R"({"uuid":"u0","status":"answered","to":{"type":"phone","number":"15551230009"},"from":{"number":"15551230001"}})";
  world.http.When("GET", 200, list(other));
  CHECK(found().found() == LookUpCallResponse::NOT_FOUND);
  CHECK(world.http.Lines()[0].find("date_start=2024-11-06T05%3A43%3A35Z") != std::string::npos);
  const std::string ours =
      R"({"uuid":"u9","status":"answered","to":[{"type":"phone","number":"15551230003"}],"from":[{"number":"15551230001"}]})";
  world.http.When("GET", 200, list(other + "," + ours));
  CHECK(found().found() == LookUpCallResponse::LIVE);
  CHECK(found().provider_call_id() == "u9");
  request.add_calls_of_others("u9");
  CHECK(found().found() == LookUpCallResponse::NOT_FOUND);
  world.http.When("GET", 200, "<html>");
  CHECK(found().found() == LookUpCallResponse::FOUND_UNSPECIFIED);
}

TEST_CASE("a list is read to its end", "[vonage][adapter]") {
  World world;
  world.http.When("GET", [](const http::ClientRequest& request) {
    Json calls = Json::array();
    const bool first = request.url.ends_with("record_index=0");
    for (int i = 0; i < (first ? 100 : 1); ++i) {
      calls.push_back({{"uuid", "u1"},
                       {"status", "completed"},
                       {"to", {{"number", first ? "1" : "15551230002"}}},
                       {"from", {{"number", "15551230001"}}}});
    }
    http::ClientResult result;
    result.response.status = 200;
    result.response.body = Json({{"_embedded", {{"calls", calls}}}}).dump();
    return result;
  });
  CHECK(world.LookUp("").found() == LookUpCallResponse::ENDED);
  CHECK(world.http.requests.size() == 2);
}

TEST_CASE("a recording is fetched with the token, from Vonage alone", "[vonage][adapter]") {
  World world;
  const auto fetch = [&](const char* url) {
    return RunTask(world.adapter->FetchRecording(world.account, url));
  };
  world.http.When("GET", [](const http::ClientRequest&) {
    http::ClientResult result;
    result.response.status = 200;
    result.response.headers.Add("Content-Type", "audio/mpeg");
    result.response.body = "bytes";
    return result;
  });
  for (const char* url : {"https://api.nexmo.com/v1/files/1", "https://api-us.nexmo.com/v1/files/1",
                          "https://api-eu-3.vonage.com/v1/files/1"}) {
    const auto recording = fetch(url);
    REQUIRE(recording.ok());
    CHECK(recording->bytes == "bytes");
    CHECK(recording->content_type == "audio/mpeg");
    CHECK_FALSE(world.http.requests.back().bearer.empty());
  }
  world.http.requests.clear();
  for (const char* url :
       {"http://api-us.nexmo.com/v1/files/1", "https://evil.example/v1/files/1",
        "https://evilnexmo.com/v1", "https://a.nexmo.com.evil.example/v1",
        "https://a.nexmo.com@evil.example/v1", "https://evil.example#.nexmo.com/v1",
        "https://api.nexmo.com:8443/v1", "https://nexmo.com", "file:///etc/passwd", ""}) {
    INFO(url);
    CHECK(base::IsError(fetch(url).status(), base::kProviderRefused));
  }
  CHECK(world.http.requests.empty());
  world.http.When("GET", 404, "");
  CHECK(base::IsError(fetch("https://api.nexmo.com/v1/files/1").status(), base::kNotFound));
  world.http.When("GET", 500, "");
  CHECK(base::IsError(fetch("https://api.nexmo.com/v1/files/1").status(), base::kProviderError));
}

TEST_CASE("a check tells what is wrong", "[vonage][adapter]") {
  World world;
  const auto check = [&] { return RunTask(world.adapter->Check(world.account)); };
  world.http.When("GET", 200, R"({"count":0,"_embedded":{"calls":[]}})");
  CHECK(check().ok());
  world.http.When("GET", 200, "<html>welcome</html>");
  CHECK(base::IsError(check().status(), base::kProviderError));
  world.http.When("GET", 401, "{}");
  CHECK(base::IsError(check().status(), base::kProviderCredentials));
}

TEST_CASE("missing credentials are named field by field", "[vonage][adapter]") {
  World world;
  CHECK(world.adapter->CheckAccount(world.account).ok());
  const auto fields = [&](const Account& account) {
    std::string names;
    for (const auto& field : base::DetailOf(world.adapter->CheckAccount(account)).fields) {
      names += field.field + " ";
    }
    return names;
  };
  CHECK(fields(Account()) == "application_id private_key webhook_secret ");
  Account odd = AnAccount();
  odd.private_key = base::Secret("no key");
  (*odd.config.mutable_settings()->mutable_fields())["hold_music_url"].set_string_value("x.mp3");
  CHECK(fields(odd) == "private_key settings.hold_music_url ");
}

}  // namespace
}  // namespace ctc::providers::vonage
