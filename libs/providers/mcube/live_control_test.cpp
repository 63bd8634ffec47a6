#include "libs/providers/mcube/live_control.h"

#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/mcube/adapter.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::mcube {
namespace {

using dispatch::v1::ControlCallRequest;
using dispatch::v1::ControlCallResponse;
using Names = std::vector<std::string>;

constexpr char kSettings[] = R"({"operations":{
  "hang_up":{"path":"/live/hangup","body":{"HTTP_AUTHORIZATION":"{token}","callid":"{callid}"},
    "errors":[{"at":"/msg","equals":"no such call","class":"not_found"}]},
  "hold":{"path":"/live/hold","content_type":"application/x-www-form-urlencoded",
    "body":{"callid":"{callid}","exe":"{agent}","cust":"{customer}","did":"{did}","ref":"{refid}"}},
  "resume":{"path":"/live/resume/{callid}","success":{"at":"/ok","equals":"1"}},
  "dtmf":{"method":"GET","path":"/live/keys?callid={callid}&keys={digits}"}}})";

struct World {
  FakeHttp http;
  testing::FakeClock clock;
  std::unique_ptr<Adapter> adapter = MakeAdapter({http, clock, {}});
  Account account;

  explicit World(const std::string& settings = kSettings) {
    account.tenant = base::TenantId("t1");
    account.config.set_id("p1");
    account.config.set_api_url("https://api.mcube.com/");
    account.auth_token = base::Secret("the-token");
    REQUIRE(google::protobuf::util::JsonStringToMessage(settings, account.config.mutable_settings())
                .ok());
  }
  absl::StatusOr<ControlCallResponse> Do(ControlCallRequest::Action action,
                                         const std::string& callid = "90000000011741152953") {
    ControlCallRequest request;
    request.set_action(action);
    request.set_provider_call_id(callid);
    request.set_digits("1#");
    request.mutable_order()->set_id("01930000-0000-7000-8000-000000000001");
    request.mutable_order()->set_agent_phone("+919000000001");
    request.mutable_order()->set_to_phone("+919800000002");
    request.mutable_order()->set_from_phone("+918040000003");
    return testing::RunTask(adapter->Control(account, request));
  }
  absl::StatusOr<ControlCallResponse> DoAnswered(ControlCallRequest::Action action,
                                                 const std::string& body, int status = 200) {
    http.When("/live/", status, body);
    return Do(action);
  }
  Names Faults() const {
    Names fields;
    const absl::Status status = adapter->CheckAccount(account);
    const base::ErrorDetail detail = base::DetailOf(status);
    for (const auto& fault : detail.fields) fields.push_back(fault.field);
    return fields;
  }
};

TEST_CASE("a running call is asked as mCube told its customer", "[mcube][live]") {
  World world;
  CHECK(world.Faults().empty());
  const auto held = world.DoAnswered(ControlCallRequest::HOLD, R"({"status":"succ"})");
  REQUIRE(held.ok());
  CHECK_FALSE(held->call_is_gone());
  const http::ClientRequest& hold = world.http.requests.back();
  CHECK(hold.method == "POST");
  CHECK(hold.url == "https://api.mcube.com/live/hold");
  CHECK(hold.body ==
        "callid=90000000011741152953&cust=9800000002&did=8040000003&exe=9000000001"
        "&ref=01930000-0000-7000-8000-000000000001");
  CHECK(world.Do(ControlCallRequest::HANG_UP).ok());
  CHECK(world.http.requests.back().body ==
        R"({"HTTP_AUTHORIZATION":"the-token","callid":"90000000011741152953"})");
  CHECK(world.Do(ControlCallRequest::SEND_DTMF).ok());
  CHECK(world.http.requests.back().url ==
        "https://api.mcube.com/live/keys?callid=90000000011741152953&keys=1%23");
}

TEST_CASE("a 200 that says no is a refusal, in mCube's words", "[mcube][live]") {
  for (const char* body :
       {R"({"status":"fail","msg":"executive not found"})",
        R"({"msg":"error: executive not found"})", "error: executive not found"}) {
    INFO(body);
    World world;
    const auto answer = world.DoAnswered(ControlCallRequest::HOLD, body);
    CHECK(base::IsError(answer.status(), base::kProviderRefused));
    CHECK(answer.status().message().find("executive not found") != std::string::npos);
  }
  for (const char* body : {"", "{}", "<html>error</html>", R"({"status":"succ","msg":"no error"})",
                           R"({"callid":"1"})"}) {
    INFO(body);
    World world;
    CHECK(world.DoAnswered(ControlCallRequest::HOLD, body).ok());
  }
}

TEST_CASE("the template's own rules come first", "[mcube][live]") {
  World world;
  const auto gone =
      world.DoAnswered(ControlCallRequest::HANG_UP, R"({"status":"fail","msg":"no such call"})");
  REQUIRE(gone.ok());
  CHECK(gone->call_is_gone());
  // Words are mCube's habit, the rule is the customer's knowledge.
  CHECK(world.DoAnswered(ControlCallRequest::RESUME, R"({"ok":1,"status":"fail"})").ok());
  CHECK(base::IsError(world.DoAnswered(ControlCallRequest::RESUME, R"({"ok":0})").status(),
                      base::kProviderError));
  CHECK(base::IsError(world.DoAnswered(ControlCallRequest::HOLD, "{}", 401).status(),
                      base::kProviderCredentials));
  CHECK(base::IsError(world.DoAnswered(ControlCallRequest::HOLD, "{}", 429).status(),
                      base::kProviderRateLimited));
}

TEST_CASE("a call whose id mCube has not told cannot be asked for by it", "[mcube][live]") {
  World world;
  for (const auto action : {ControlCallRequest::HANG_UP, ControlCallRequest::HOLD,
                            ControlCallRequest::RESUME, ControlCallRequest::SEND_DTMF}) {
    CHECK(base::IsError(world.Do(action, "").status(), base::kCallNotLive));
  }
  CHECK(world.http.requests.empty());
  for (const char* id : {"..", "1/2", "a b", "1?x=1"}) {
    INFO(id);
    world.http.When("/live/", 200, R"({"ok":1})");
    const auto answer = world.Do(ControlCallRequest::RESUME, id);
    if (!answer.ok()) continue;
    const std::string& url = world.http.requests.back().url;
    CHECK(url.starts_with("https://api.mcube.com/live/resume/"));
    CHECK(std::count(url.begin(), url.end(), '/') == 5);
    CHECK(url.find_first_of("? ") == std::string::npos);
  }
}

TEST_CASE("an account can do what it has requests for", "[mcube][live]") {
  const Names usual = {"place", "fetch_recording", "webhook", "inbound"};
  CHECK(World("{}").adapter->CapabilitiesOf(World("{}").account.config) == usual);
  World world;
  CHECK(world.adapter->CapabilitiesOf(world.account.config) ==
        Names{"place", "fetch_recording", "webhook", "inbound", "hang_up", "hold", "dtmf"});
  for (const auto action : {ControlCallRequest::MUTE, ControlCallRequest::START_RECORDING,
                            ControlCallRequest::DIAL_PARTY, ControlCallRequest::HAND_OVER}) {
    CHECK(base::IsError(world.Do(action).status(), base::kCapabilityMissing));
  }
  CHECK(world.http.requests.empty());
  const World half(R"({"operations":{"hold":{"path":"/h"}}})");
  CHECK(half.adapter->CapabilitiesOf(half.account.config) == usual);
}

TEST_CASE("operations that cannot work are refused by name", "[mcube][live]") {
  struct Case {
    std::string operations;
    Names faults;
  };
  const std::vector<Case> cases = {
      {R"({"hold":{"path":"live"}})", {"settings.operations.hold.path"}},
      {R"({"hold":{"path":"/h/{nobody}"}})", {"settings.operations.hold.path"}},
      {R"({"hold":{"path":"/h/{digits}"}})", {"settings.operations.hold.path"}},
      {R"({"hold":{"path":"/h","url":"https://elsewhere"}})", {"settings.operations.hold.url"}},
      {R"({"hold":7})", {"settings.operations.hold", "settings.operations.hold.path"}},
      {R"({"transfer":{"path":"/t"}})", {"settings.operations.transfer"}},
      {R"([])", {"settings.operations"}},
      {R"("x")", {"settings.operations"}},
  };
  for (const Case& c : cases) {
    INFO(c.operations);
    CHECK(World(R"({"operations":)" + c.operations + "}").Faults() == c.faults);
  }
}

}  // namespace
}  // namespace ctc::providers::mcube
