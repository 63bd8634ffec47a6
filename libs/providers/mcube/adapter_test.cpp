#include "libs/providers/mcube/adapter.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"
#include "libs/http/message.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/mcube/request.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::mcube {
namespace {

using dispatch::v1::ControlCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using testing::RunTask;
using Json = nlohmann::json;

const std::string kUuid = "01930000-0000-7000-8000-000000000001";

base::Secret Token(absl::Time end) {
  const Json claims = {{"iss", "mcube"}, {"exp_data", absl::ToUnixSeconds(end)}};
  return base::Secret(crypto::ToBase64Url("{}") + "." + crypto::ToBase64Url(claims.dump()) + ".s");
}

struct World {
  FakeHttp http;
  testing::FakeClock clock;
  std::unique_ptr<Adapter> adapter = MakeAdapter({http, clock, {}});
  Account account;
  dispatch::v1::CallOrder order;

  World() {
    account.tenant = base::TenantId("t1");
    account.config.set_id("p1");
    account.config.set_api_url("https://api.mcube.com/");
    account.config.set_timeout_seconds(9);
    account.auth_token = base::Secret("the-token");
    account.public_url = "https://crm.example.com";
    order.set_id(kUuid);
    order.set_to_phone("+919800000002");
    order.set_from_phone("+918040000003");
    order.set_agent_phone("+919000000001");
  }
  void Set(const std::string& name, bool value) {
    (*account.config.mutable_settings()->mutable_fields())[name].set_bool_value(value);
  }
  void Set(const std::string& name, const char* value) {
    (*account.config.mutable_settings()->mutable_fields())[name].set_string_value(value);
  }
  void MakeClassic() {
    account.auth_token = base::Secret();
    account.api_key = base::Secret("0123456789abcdef0123456789abcdef");
    account.config.set_api_url("https://mcube.vmc.in");
  }
  PlaceCallResponse Place() { return RunTask(adapter->Place(account, order)); }
  PlaceCallResponse PlaceAnswered(int status, const std::string& body) {
    http.When("outbound", status, body);
    return Place();
  }
  Json Body() const { return Json::parse(http.requests.back().body); }
};

TEST_CASE("the cloud API is asked by JSON with the token in its body", "[mcube][adapter]") {
  World world;
  const PlaceCallResponse response = world.PlaceAnswered(
      200, R"({"status":"succ","msg":"Call initiated","callid":"90000000011741152953"})");
  CHECK(response.outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(response.provider_call_id() == "90000000011741152953");
  const http::ClientRequest& request = world.http.requests[0];
  CHECK(request.method == "POST");
  CHECK(request.url == "https://api.mcube.com/Restmcube-api/outbound-calls");
  CHECK(request.timeout == absl::Seconds(9));
  CHECK(request.headers.size() == 1);
  const Json body = world.Body();
  CHECK(body["HTTP_AUTHORIZATION"] == "the-token");
  CHECK(body["exenumber"] == "9000000001");
  CHECK(body["custnumber"] == "9800000002");
  CHECK(body["did"] == "8040000003");
  CHECK(body["refid"] == kUuid);
  const std::string refurl = body["refurl"];
  CHECK(refurl.starts_with(
      "https://crm.example.com/api/v1/webhooks/voip/mcube?tenant=t1&session=" + kUuid + "&token="));
  CHECK(refurl.find("the-token") == std::string::npos);
}

TEST_CASE("what mCube leaves open is a setting", "[mcube][adapter]") {
  World world;
  world.Set("push_to_panel", true);
  world.Set("rotate_numbers", true);
  world.Set("token_in_header", true);
  world.PlaceAnswered(200, R"({"status":"succ"})");
  CHECK(world.Body()["refurl"] == "1");
  CHECK_FALSE(world.Body().contains("did"));
  CHECK(world.http.requests[0].headers.back() ==
        std::pair<std::string, std::string>("HTTP_AUTHORIZATION", "the-token"));
}

TEST_CASE("the classic API is asked by query with the key", "[mcube][adapter]") {
  World world;
  world.MakeClassic();
  const PlaceCallResponse response = world.PlaceAnswered(200, R"({"callid":"42"})");
  CHECK(response.outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(response.provider_call_id() == "42");
  const http::ClientRequest& request = world.http.requests[0];
  CHECK(request.method == "GET");
  CHECK(request.url.starts_with("https://mcube.vmc.in/api/outboundcall?"));
  const auto query = http::ParseForm(request.url.substr(request.url.find('?') + 1)).value();
  const std::map<std::string, std::string> fields(query.begin(), query.end());
  CHECK(fields.at("apikey") == "0123456789abcdef0123456789abcdef");
  CHECK(fields.at("exenumber") == "9000000001");
  CHECK(fields.at("custnumber") == "9800000002");
  CHECK(fields.at("did") == "8040000003");
  CHECK(fields.at("refid") == kUuid);
  CHECK(fields.at("url").starts_with("https://crm.example.com/api/v1/webhooks/voip/mcube?"));
  world.Set("push_to_panel", true);
  world.Place();
  CHECK(world.http.requests.back().url.find("&url=") == std::string::npos);
}

TEST_CASE("numbers abroad go without a plus; endpoints do not go at all", "[mcube][adapter]") {
  World world;
  world.order.set_to_phone("+12025550100");
  world.PlaceAnswered(200, R"({"status":"succ"})");
  CHECK(world.Body()["custnumber"] == "12025550100");
  for (const char* agent : {"", "PJSIP/agent-a", "1001"}) {
    world.order.set_agent_phone(agent);
    const PlaceCallResponse response = world.Place();
    CHECK(response.outcome() == PlaceCallResponse::REFUSED);
    CHECK(response.may_fail_over());
  }
  CHECK(world.http.requests.size() == 1);
}

TEST_CASE("every answer of mCube has its outcome", "[mcube][adapter]") {
  struct Case {
    int status;
    const char* body;
    PlaceCallResponse::Outcome outcome;
    bool may_fail_over;
    const char* code;
  };
  using P = PlaceCallResponse;
  const Case c = GENERATE(values<Case>({
      {200, R"({"status":true,"callid":"1"})", P::ACCEPTED, false, ""},
      {200, R"({"success":"queued"})", P::ACCEPTED, false, ""},
      {200, R"({"code":200,"message":"done"})", P::ACCEPTED, false, ""},
      {200, R"({"data":{"callid":7}})", P::ACCEPTED, false, ""},
      {200, R"({"message":"Call originated"})", P::ACCEPTED, false, ""},
      {200, "Call initiated successfully", P::ACCEPTED, false, ""},
      {200, R"({"status":"fail","msg":"Invalid authorization"})", P::REFUSED, true,
       "PROVIDER_CREDENTIALS"},
      {200, R"({"status":"fail","msg":"insufficient credits"})", P::REFUSED, true,
       "PROVIDER_CREDENTIALS"},
      {200, R"({"status":false,"msg":"Number is on DND"})", P::REFUSED, false, "BLOCKED_BY_POLICY"},
      {200, R"({"status":0,"msg":"executive not found"})", P::REFUSED, true, "PROVIDER_REFUSED"},
      {200, R"({"status":"error","message":"custnumber is wrong"})", P::REFUSED, false,
       "INVALID_DESTINATION"},
      {200, R"({"msg":"Call not initiated"})", P::REFUSED, true, "PROVIDER_REFUSED"},
      {200, "error: try again", P::REFUSED, true, "PROVIDER_REFUSED"},
      {400, R"({"status":"succ","msg":"x"})", P::REFUSED, true, "PROVIDER_REFUSED"},
      {404, "<html>initiated</html>", P::REFUSED, true, "PROVIDER_REFUSED"},
      {401, "", P::REFUSED, true, "PROVIDER_CREDENTIALS"},
      {429, "", P::REFUSED, true, "PROVIDER_RATE_LIMITED"},
      {302, "", P::REFUSED, true, "PROVIDER_ERROR"},
      {500, "", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {200, "", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {200, "<html>Call initiated</html>", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {200, R"({"status":"succ","call)", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
      {200, R"({"hello":"world"})", P::UNKNOWN_OUTCOME, false, "SUBMISSION_UNKNOWN"},
  }));
  INFO(c.status << " " << c.body);
  World world;
  const PlaceCallResponse response = world.PlaceAnswered(c.status, c.body);
  CHECK(response.outcome() == c.outcome);
  CHECK(response.may_fail_over() == c.may_fail_over);
  CHECK(response.error_code() == c.code);
}

TEST_CASE("an id that cannot be one is left out", "[mcube][adapter]") {
  World world;
  const PlaceCallResponse response =
      world.PlaceAnswered(200, R"({"status":"succ","callid":"../../x"})");
  CHECK(response.outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(response.provider_call_id().empty());
}

TEST_CASE("a connection that broke leaves the outcome open unless nothing was sent",
          "[mcube][adapter]") {
  World world;
  world.http.Break("POST", http::Reached::kMaybe, absl::ResourceExhaustedError("too long"));
  CHECK(world.Place().outcome() == PlaceCallResponse::UNKNOWN_OUTCOME);
  world.http.Break("POST", http::Reached::kNotSent, absl::UnavailableError("refused"));
  CHECK(world.Place().outcome() == PlaceCallResponse::NOT_SENT);
}

TEST_CASE("nothing can be done to a running call, and each action is named", "[mcube][adapter]") {
  World world;
  for (int action = ControlCallRequest::HANG_UP; action <= ControlCallRequest::ASK_FLOW; ++action) {
    ControlCallRequest request;
    request.set_action(static_cast<ControlCallRequest::Action>(action));
    const auto detail =
        base::DetailOf(RunTask(world.adapter->Control(world.account, request)).status());
    CHECK(detail.code == base::kCapabilityMissing.code);
    CHECK_FALSE(detail.metadata.at("capability").empty());
  }
  const auto found = RunTask(world.adapter->LookUp(world.account, {}));
  CHECK(found->found() == LookUpCallResponse::CANNOT_ASK);
  CHECK(world.http.requests.empty());
}

TEST_CASE("credentials are asked for by variant, field by field", "[mcube][adapter]") {
  World world;
  const auto fields = [&] {
    std::string names;
    for (const auto& field : base::DetailOf(world.adapter->CheckAccount(world.account)).fields) {
      names += field.field + " ";
    }
    return names;
  };
  CHECK(fields().empty());
  world.account.auth_token = base::Secret();
  CHECK(fields() == "auth_token ");
  world.Set("variant", "classic");
  CHECK(fields() == "api_key ");
  world.Set("variant", "other");
  CHECK(fields() == "settings auth_token ");
  world.Set("variant", "cloud");
  world.account.auth_token = Token(world.clock.Now() - absl::Seconds(1));
  CHECK(fields() == "auth_token ");
  world.account.auth_token = Token(world.clock.Now() + absl::Seconds(1));
  CHECK(fields().empty());
}

TEST_CASE("the check tells whether mCube answers and when the token ends", "[mcube][adapter]") {
  World world;
  world.http.When("GET", 404, "");
  world.account.auth_token = Token(absl::FromUnixSeconds(4'102'444'800));
  const auto said = RunTask(world.adapter->Check(world.account));
  REQUIRE(said.ok());
  CHECK(said->find("2100-01-01") != std::string::npos);
  world.http.When("GET", 503, "");
  CHECK_FALSE(RunTask(world.adapter->Check(world.account)).ok());
  world.http.Break("GET", http::Reached::kNotSent, absl::UnavailableError("refused"));
  CHECK(base::DetailOf(RunTask(world.adapter->Check(world.account)).status()).code ==
        "PROVIDER_UNREACHABLE");
  const size_t asked = world.http.requests.size();
  world.account.auth_token = Token(world.clock.Now() - absl::Seconds(1));
  CHECK(base::DetailOf(RunTask(world.adapter->Check(world.account)).status()).code ==
        "PROVIDER_CREDENTIALS");
  CHECK(world.http.requests.size() == asked);
}

TEST_CASE("only mCube's tokens have an end", "[mcube][adapter]") {
  for (const char* text : {"", "opaque", "a.b.c", "e30.e30.x", "e30.%%.x"}) {
    INFO(text);
    CHECK_FALSE(TokenEnd(base::Secret(text)).has_value());
  }
}

TEST_CASE("a recording is fetched without credentials", "[mcube][adapter]") {
  World world;
  world.http.When("GET", [](const http::ClientRequest&) {
    http::ClientResult result;
    result.response.status = 200;
    result.response.headers.Add("Content-Type", "audio/wav");
    result.response.body = "RIFF";
    return result;
  });
  const std::string url = "https://s3.ap-south-1.amazonaws.com/app.mcube.com/recordings/x.wav";
  CHECK(RunTask(world.adapter->FetchRecording(world.account, url))->bytes == "RIFF");
  CHECK(world.http.requests[0].user.empty());
  CHECK(world.http.requests[0].headers.empty());
  CHECK_FALSE(RunTask(world.adapter->FetchRecording(world.account, "https://evil.io/x")).ok());
  CHECK(world.http.requests.size() == 1);
}

}  // namespace
}  // namespace ctc::providers::mcube
