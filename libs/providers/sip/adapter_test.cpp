#include "libs/providers/sip/adapter.h"

#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/base/ids.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::ControlCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using session::v1::Leg;
using testing::RunTask;
using Json = nlohmann::json;

const std::string kUuid = "01930000-0000-7000-8000-000000000001";

struct World {
  asio::io_context io;  // outlives the adapter, whose disk thread resumes on it
  FakeHttp http;
  testing::FakeClock clock;
  std::unique_ptr<Adapter> adapter = MakeAdapter({http, clock, {}}, {});
  Account account;
  dispatch::v1::CallOrder order;

  explicit World(const std::string& settings = "{}") {
    account.tenant = base::TenantId("t 1");
    account.public_url = "https://ctc.example";
    account.config.set_id("p1");
    account.config.set_provider_type(common::v1::ProviderType::SIP);
    account.config.set_api_url("http://switch:8080/");
    account.config.set_timeout_seconds(7);
    account.api_key = base::Secret("key");
    account.api_secret = base::Secret("password");
    REQUIRE(google::protobuf::util::JsonStringToMessage(settings, account.config.mutable_settings())
                .ok());
    order.set_id(kUuid);
    order.set_correlation_id("corr-1");
    order.set_to_phone("+15550100");
    order.set_from_phone("+15550199");
    order.set_agent_phone("1001");
    order.set_record(true);
  }
  PlaceCallResponse Place() { return RunTask(io, adapter->Place(account, order)); }
  absl::StatusOr<dispatch::v1::ControlCallResponse> Control(ControlCallRequest::Action action,
                                                            Leg::Party party = Leg::CONSULT) {
    ControlCallRequest request;
    *request.mutable_order() = order;
    request.set_provider_call_id("c_1");
    request.set_action(action);
    request.set_digits("12#");
    request.mutable_target()->set_leg_id(party == Leg::CONSULT ? "consult-1" : "party-1");
    request.mutable_target()->set_party(party);
    request.mutable_target()->set_phone("+15550300");
    return RunTask(io, adapter->Control(account, request));
  }
  absl::StatusOr<LookUpCallResponse> Ask(const std::string& id) {
    dispatch::v1::LookUpCallRequest request;
    *request.mutable_order() = order;
    request.set_provider_call_id(id);
    return RunTask(io, adapter->LookUp(account, request));
  }
  LookUpCallResponse LookUp(const std::string& id) { return Ask(id).value(); }
};

TEST_CASE("a call is placed as the reference contract says", "[sip][adapter]") {
  World world;
  world.http.When("POST", 201, R"({"id":"c_1","status":"queued"})");
  const PlaceCallResponse response = world.Place();
  CHECK(response.outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(response.provider_call_id() == "c_1");
  REQUIRE(world.http.requests.size() == 1);
  const http::ClientRequest& request = world.http.requests[0];
  CHECK(request.method == "POST");
  CHECK(request.url == "http://switch:8080/v1/calls");
  CHECK(request.bearer.Reveal() == "key");
  CHECK(request.timeout == absl::Seconds(7));
  const Json body = Json::parse(request.body);
  CHECK(body["reference"] == kUuid);
  CHECK(body["from"] == "1001");
  CHECK(body["to"] == "+15550100");
  CHECK(body["caller_id"] == "+15550199");
  CHECK(body["ring_timeout_s"] == 45);
  CHECK(body["record"] == true);
  CHECK(body["callback_url"] == "https://ctc.example/api/v1/webhooks/voip/sip?tenant=t%201");
  bool key = false;
  for (const auto& [name, value] : request.headers) {
    key = key || (name == "Idempotency-Key" && value == kUuid);
  }
  CHECK(key);
}

TEST_CASE("what became of the request is told truthfully", "[sip][adapter]") {
  struct Case {
    int status;
    std::string body;
    PlaceCallResponse::Outcome outcome;
    std::string_view code;
    bool may_fail_over;
  };
  const std::vector<Case> cases = {
      {400, R"({"error":{"code":"invalid_number"}})", PlaceCallResponse::REFUSED,
       base::kInvalidDestination.code, false},
      {400, R"({"error":{"code":"other","message":"odd"}})", PlaceCallResponse::REFUSED,
       base::kProviderRefused.code, true},
      {401, "", PlaceCallResponse::REFUSED, base::kProviderCredentials.code, true},
      {402, R"({"error":{"code":"no_credit"}})", PlaceCallResponse::REFUSED,
       base::kProviderCredentials.code, true},
      {409, R"({"error":{"code":"idempotency"}})", PlaceCallResponse::REFUSED,
       base::kProviderRefused.code, true},
      {429, "", PlaceCallResponse::REFUSED, base::kProviderRateLimited.code, true},
      {503, R"({"error":{"code":"unavailable"}})", PlaceCallResponse::REFUSED,
       base::kProviderError.code, true},
      {503, "<html>", PlaceCallResponse::UNKNOWN_OUTCOME, base::kSubmissionUnknown.code, false},
      {500, "", PlaceCallResponse::UNKNOWN_OUTCOME, base::kSubmissionUnknown.code, false},
      {302, R"({"error":{"code":"invalid_number"}})", PlaceCallResponse::REFUSED,
       base::kProviderError.code, true},
      {201, "<html>", PlaceCallResponse::UNKNOWN_OUTCOME, base::kSubmissionUnknown.code, false},
      {201, R"({"id":)", PlaceCallResponse::UNKNOWN_OUTCOME, base::kSubmissionUnknown.code, false},
      {201, R"({"id":""})", PlaceCallResponse::UNKNOWN_OUTCOME, base::kSubmissionUnknown.code,
       false},
      {202, R"({"id":"c"})", PlaceCallResponse::UNKNOWN_OUTCOME, base::kSubmissionUnknown.code,
       false},
  };
  for (const Case& c : cases) {
    INFO(c.status << " " << c.body);
    World world;
    world.http.When("POST", c.status, c.body);
    const PlaceCallResponse response = world.Place();
    CHECK(response.outcome() == c.outcome);
    CHECK(response.error_code() == c.code);
    CHECK(response.may_fail_over() == c.may_fail_over);
  }
}

TEST_CASE("a lost answer is unknown, a refused connection is not sent", "[sip][adapter]") {
  World world;
  world.http.Break("POST", http::Reached::kMaybe, absl::DeadlineExceededError("slow"));
  CHECK(world.Place().outcome() == PlaceCallResponse::UNKNOWN_OUTCOME);
  world.http.Break("POST", http::Reached::kNotSent, absl::UnavailableError("refused"));
  CHECK(world.Place().outcome() == PlaceCallResponse::NOT_SENT);
}

TEST_CASE("an id that is a number is kept as text", "[sip][adapter]") {
  World world;
  world.http.When("POST", 201, R"({"id":18446744073709551615})");
  CHECK(world.Place().provider_call_id() == "18446744073709551615");
}

TEST_CASE("a switch that rings the agent needs its phone", "[sip][adapter]") {
  World world;
  world.order.clear_agent_phone();
  CHECK(world.Place().outcome() == PlaceCallResponse::REFUSED);
  CHECK(world.http.requests.empty());
  World customer_only(
      R"({"operations":{"place":{"path":"/p","body":{"to":"{customer}"},"id":"/id"}}})");
  customer_only.order.clear_agent_phone();
  customer_only.http.When("POST", 200, R"({"id":"x"})");
  CHECK(customer_only.Place().outcome() == PlaceCallResponse::ACCEPTED);
}

TEST_CASE("each control is its request of the contract", "[sip][adapter]") {
  struct Case {
    ControlCallRequest::Action action;
    Leg::Party party;
    std::string line;
    std::string body;
  };
  const std::string at = " /v1/calls/c_1/";
  const std::vector<Case> cases = {
      {ControlCallRequest::HANG_UP, Leg::CONSULT, "POST" + at + "hangup", R"({"reason":"normal"})"},
      {ControlCallRequest::HOLD, Leg::CONSULT, "POST" + at + "hold", R"({"leg":"customer"})"},
      {ControlCallRequest::RESUME, Leg::CONSULT, "POST" + at + "resume", R"({"leg":"customer"})"},
      {ControlCallRequest::MUTE, Leg::CONSULT, "POST" + at + "mute", R"({"leg":"agent"})"},
      {ControlCallRequest::UNMUTE, Leg::CONSULT, "POST" + at + "unmute", R"({"leg":"agent"})"},
      {ControlCallRequest::SEND_DTMF, Leg::CONSULT, "POST" + at + "dtmf",
       R"({"digits":"12#","duration_ms":160,"leg":"customer"})"},
      {ControlCallRequest::START_RECORDING, Leg::CONSULT, "POST" + at + "recording",
       R"({"action":"start"})"},
      {ControlCallRequest::PAUSE_RECORDING, Leg::CONSULT, "POST" + at + "recording",
       R"({"action":"pause"})"},
      {ControlCallRequest::DIAL_PARTY, Leg::CONSULT, "POST" + at + "transfer",
       R"({"leg":"consult-1","mode":"attended","to":"+15550300"})"},
      {ControlCallRequest::DROP_PARTY, Leg::CONSULT, "POST" + at + "transfer/cancel",
       R"({"leg":"consult-1"})"},
      {ControlCallRequest::HAND_OVER, Leg::CONSULT, "POST" + at + "transfer/complete",
       R"({"leg":"consult-1"})"},
      {ControlCallRequest::DIAL_PARTY, Leg::GUEST, "POST" + at + "participants",
       R"({"leg":"party-1","to":"+15550300"})"},
      {ControlCallRequest::DROP_PARTY, Leg::GUEST, "DELETE" + at + "participants/party-1", ""},
  };
  for (const Case& c : cases) {
    INFO(c.line);
    World world;
    world.http.When(" ", 200, "{}");
    const auto done = world.Control(c.action, c.party);
    REQUIRE(done.ok());
    CHECK_FALSE(done->call_is_gone());
    CHECK(world.http.Lines() == std::vector<std::string>{c.line});
    CHECK(world.http.requests[0].body == c.body);
  }
}

TEST_CASE("a call that ended already is gone, not an error", "[sip][adapter]") {
  World world;
  world.http.When("POST", 404, R"({"error":{"code":"not_found"}})");
  CHECK(world.Control(ControlCallRequest::HANG_UP)->call_is_gone());
  CHECK(world.Control(ControlCallRequest::HOLD)->call_is_gone());
  world.http.When("POST", 409, R"({"error":{"code":"call_ended","message":"over"}})");
  CHECK(world.Control(ControlCallRequest::HANG_UP)->call_is_gone());
  CHECK(base::IsError(world.Control(ControlCallRequest::HOLD).status(), base::kCallNotLive));
}

TEST_CASE("control errors are told apart", "[sip][adapter]") {
  World world;
  const auto code = [&](int status) {
    world.http.When("POST", status, "");
    return base::DetailOf(world.Control(ControlCallRequest::HOLD).status()).code;
  };
  CHECK(code(401) == base::kProviderCredentials.code);
  CHECK(code(429) == base::kProviderRateLimited.code);
  CHECK(code(500) == base::kProviderError.code);
  CHECK(code(302) == base::kProviderError.code);
  CHECK(code(422) == base::kProviderRefused.code);
}

TEST_CASE("what the template does not know cannot be done", "[sip][adapter]") {
  World world(R"({"preset":"kamailio"})");
  for (const auto action :
       {ControlCallRequest::HOLD, ControlCallRequest::HANG_UP, ControlCallRequest::DIAL_PARTY,
        ControlCallRequest::CHANGE_MODE, ControlCallRequest::ASK_FLOW}) {
    CHECK(base::IsError(world.Control(action).status(), base::kCapabilityMissing));
  }
  CHECK(world.http.requests.empty());
  CHECK(world.LookUp("x").found() == LookUpCallResponse::CANNOT_ASK);
}

TEST_CASE("a value that leads out of the path is refused before it is sent",
          "[sip][adapter][injection]") {
  World world;
  world.http.When(" ", 200, "{}");
  for (const char* leg : {"..", ".", ""}) {
    ControlCallRequest request;
    *request.mutable_order() = world.order;
    request.set_provider_call_id("c_1");
    request.set_action(ControlCallRequest::DROP_PARTY);
    request.mutable_target()->set_leg_id(leg);
    const auto done = RunTask(world.io, world.adapter->Control(world.account, request));
    // An empty last segment is a path like another; only one inside would skip a level.
    CHECK(done.ok() == std::string_view(leg).empty());
    request.set_action(ControlCallRequest::HOLD);
    request.set_provider_call_id(leg);
    CHECK(base::IsError(RunTask(world.io, world.adapter->Control(world.account, request)).status(),
                        base::kCallNotLive));
  }
}

TEST_CASE("FreeSWITCH is asked on its command line", "[sip][adapter][freeswitch]") {
  World world(R"({"preset":"freeswitch","constants":{"gateway":"trunk","agent_gateway":"desk"}})");
  world.http.When("GET", 200, "+OK Job-UUID: 7f4db0f2\n");
  const PlaceCallResponse placed = world.Place();
  REQUIRE(placed.outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(base::IsUuid(placed.provider_call_id()));
  const http::ClientRequest& request = world.http.requests[0];
  CHECK(request.user == "key");
  CHECK(request.password.Reveal() == "password");
  CHECK(request.url.starts_with("http://switch:8080/txtapi/bgapi?originate%20%7Borigination_uuid=" +
                                placed.provider_call_id() + ",ctc_session=" + kUuid));
  CHECK(request.url.find("sofia/gateway/desk/1001%20&bridge(%7B") != std::string::npos);
  CHECK(request.url.ends_with("%7Dsofia/gateway/trunk/15550100)"));
  CHECK(world.Place().provider_call_id() == placed.provider_call_id());
  world.order.set_agent_phone("1001}user/2000");
  const PlaceCallResponse agent = world.Place();
  CHECK(agent.error_code() == base::kInvalidDestination.code);
  CHECK(agent.may_fail_over());
  CHECK(agent.end_reason() == session::v1::UNREACHABLE);
  world.order.set_agent_phone("1001");
  world.order.set_to_phone("1}user/2000");
  const PlaceCallResponse customer = world.Place();
  CHECK_FALSE(customer.may_fail_over());
  CHECK(customer.end_reason() == session::v1::INVALID_NUMBER);
}

TEST_CASE("HTTP 200 is no success where the text says otherwise", "[sip][adapter][freeswitch]") {
  World world(R"({"preset":"freeswitch"})");
  world.http.When("GET", 200, "-ERR Invalid syntax\n");
  CHECK(world.Place().error_code() == base::kProviderRefused.code);
  world.http.When("GET", 200, "<html>");
  CHECK(world.Place().outcome() == PlaceCallResponse::UNKNOWN_OUTCOME);
  world.http.When("GET", 200, "-ERR No such channel!\n");
  CHECK(world.Control(ControlCallRequest::HANG_UP)->call_is_gone());
  CHECK(base::IsError(world.Control(ControlCallRequest::HOLD).status(), base::kCallNotLive));
  world.http.When("GET", 200, "false");
  CHECK(world.LookUp("x").found() == LookUpCallResponse::NOT_FOUND);
  world.http.When("GET", 200, "true");
  CHECK(world.LookUp("").found() == LookUpCallResponse::LIVE);
  CHECK(base::IsUuid(world.LookUp("").provider_call_id()));
}

TEST_CASE("a JSON-RPC error is a refusal", "[sip][adapter]") {
  World world(R"({"preset":"opensips","constants":{"domain":"sip.example"}})");
  world.http.When("POST", 200, R"({"jsonrpc":"2.0","error":{"code":-32602,"message":"bad"}})");
  const PlaceCallResponse refused = world.Place();
  CHECK(refused.outcome() == PlaceCallResponse::REFUSED);
  CHECK(refused.error_message() == "the switch said 200 bad");
  world.http.When("POST", 200, R"({"jsonrpc":"2.0","result":"OK"})");
  CHECK(world.Place().outcome() == PlaceCallResponse::ACCEPTED);
  const Json body = Json::parse(world.http.requests.back().body);
  CHECK(body["params"]["entity2"] == "customer,sip:+15550100@sip.example");
}

TEST_CASE("what is not the switch's own yes is no placed call", "[sip][adapter]") {
  struct Case {
    std::string settings;
    int status;
    std::string yes;
    size_t half;
  };
  const std::string absent = R"({"operations":{"place":{"path":"/p","body":{"to":"{customer}"},)"
                             R"("supplied_id":"{uuid_a}","success":{"at":"/error","absent":true},)"
                             R"("errors":[{"at":"/result","absent":true}]}}})";
  const std::vector<Case> cases = {
      {R"({"preset":"reference"})", 201, R"({"id":"c_1","status":"queued"})", 12},
      {R"({"preset":"freeswitch"})", 200, "+OK Job-UUID: 7f4db0f2\n", 2},
      {R"({"preset":"jambonz","constants":{"account_sid":"a"}})", 201, R"({"sid":"c_1"})", 11},
      {R"({"preset":"kamailio","constants":{"domain":"d"}})", 200,
       R"({"jsonrpc":"2.0","result":[],"id":"x"})", 26},
      {R"({"preset":"opensips","constants":{"domain":"d"}})", 200,
       R"({"jsonrpc":"2.0","result":"OK","id":"x"})", 30},
      {R"({"preset":"signalwire","constants":{"project":"p","script":"s"}})", 201,
       R"({"sid":"CA1","status":"queued"})", 14},
      {absent, 200, R"({"result":"OK"})", 9},
  };
  for (const Case& c : cases) {
    World world(c.settings);
    for (const std::string& body : {std::string("<html>welcome</html>"), std::string(),
                                    std::string(" "), c.yes.substr(0, c.half)}) {
      INFO(c.settings << " " << body);
      world.http.When(" ", c.status, body);
      CHECK(world.Place().outcome() == PlaceCallResponse::UNKNOWN_OUTCOME);
    }
    INFO(c.settings);
    world.http.When(" ", c.status, "{}");
    CHECK(world.Place().outcome() != PlaceCallResponse::ACCEPTED);
    world.http.When(" ", c.status, c.yes);
    CHECK(world.Place().outcome() == PlaceCallResponse::ACCEPTED);
  }
}

TEST_CASE("a look-up that cannot be written is not asked", "[sip][adapter]") {
  World world(R"({"operations":{"place":{"path":"/p","id":"/id"},
    "look_up":{"path":"/c/{provider_call_id:dial}","status":"/s","statuses":{"up":"LIVE"}}}})");
  CHECK(world.LookUp("a b").found() == LookUpCallResponse::CANNOT_ASK);
  CHECK(world.http.requests.empty());
}

TEST_CASE("a call is looked up by its id or by our reference", "[sip][adapter]") {
  World world;
  world.http.When("GET", 200, R"({"id":"c_1","status":"in-progress"})");
  CHECK(world.LookUp("c_1").found() == LookUpCallResponse::LIVE);
  CHECK(world.LookUp("").provider_call_id() == "c_1");
  CHECK(world.http.Lines() ==
        std::vector<std::string>{"GET /v1/calls/c_1", "GET /v1/calls?reference=" + kUuid});
  world.http.When("GET", 200, R"({"id":"c_1","status":"completed","talk_s":42})");
  const LookUpCallResponse ended = world.LookUp("c_1");
  CHECK(ended.found() == LookUpCallResponse::ENDED);
  REQUIRE(ended.facts_size() == 1);
  CHECK(ended.facts(0).kind() == session::v1::CallFact::CALL_ENDED);
  CHECK(ended.facts(0).duration_seconds() == 42);
  world.http.When("GET", 200, R"({"id":"c_1","status":"failed","sip_status":486})");
  CHECK(world.LookUp("c_1").facts(0).kind() == session::v1::CallFact::CALL_BUSY);
  world.http.When("GET", 404, "");
  CHECK(world.LookUp("c_1").found() == LookUpCallResponse::NOT_FOUND);
  for (const char* odd : {"<html>", "{}", R"({"status":"dancing"})"}) {
    world.http.When("GET", 200, odd);
    CHECK(world.LookUp("c_1").found() == LookUpCallResponse::FOUND_UNSPECIFIED);
  }
  world.http.When("GET", 500, "");
  CHECK(world.LookUp("c_1").found() == LookUpCallResponse::FOUND_UNSPECIFIED);
  world.http.When("GET", 429, "");
  CHECK(base::IsError(world.Ask("c_1").status(), base::kProviderRateLimited));
}

TEST_CASE("the health check wants the switch's own words", "[sip][adapter]") {
  World world;
  const auto check = [&] {
    return RunTask(world.io, world.adapter->Check(world.account)).status();
  };
  world.http.When("GET", 200, R"({"status":"ok"})");
  CHECK(check().ok());
  CHECK(world.http.Lines()[0] == "GET /v1/health");
  world.http.When("GET", 200, "<html>welcome</html>");
  CHECK(base::IsError(check(), base::kProviderError));
  world.http.When("GET", 404, "");
  CHECK(base::IsError(check(), base::kProviderError));
  world.http.When("GET", 401, "");
  CHECK(base::IsError(check(), base::kProviderCredentials));
}

TEST_CASE("FreeSWITCH is well when its status begins with UP", "[sip][adapter][freeswitch]") {
  World world(R"({"preset":"freeswitch"})");
  const auto check = [&] {
    return RunTask(world.io, world.adapter->Check(world.account)).status();
  };
  world.http.When("GET", 200,
                  "UP 0 years, 1 day, 2 hours, 3 minutes, 4 seconds, 5 milliseconds\n"
                  "FreeSWITCH (Version 1.10.9 64bit) is ready\n"
                  "0 session(s) since startup\n");
  CHECK(check().ok());
  CHECK(world.http.Lines()[0] == "GET /txtapi/status");
  world.http.When("GET", 200, "-ERR no reply\nUP\n");
  CHECK(base::IsError(check(), base::kProviderError));
}

TEST_CASE("only recordings that lie here are deleted here", "[sip][adapter]") {
  World world;
  std::string folder = (std::filesystem::temp_directory_path() / "ctc-adapter-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::filesystem::path file = std::filesystem::path(folder) / kUuid / "c1-1.wav";
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << "RIFF";
  const auto adapter = MakeAdapter({world.http, world.clock, {}}, {}, folder);
  CHECK(RunTask(world.io, adapter->DeleteRecording(kUuid, "http://switch:8080/c1-1.wav")).ok());
  CHECK(RunTask(world.io, adapter->DeleteRecording("01930000-0000-7000-8000-000000000002",
                                                   "ctc-recording:" + kUuid + "/c1-1.wav"))
            .ok());
  CHECK(std::filesystem::exists(file));
  CHECK(RunTask(world.io, adapter->DeleteRecording(kUuid, "ctc-recording:" + kUuid + "/c1-1.wav"))
            .ok());
  CHECK_FALSE(std::filesystem::exists(file));
  CHECK(world.http.requests.empty());
  std::filesystem::remove_all(folder);
}

TEST_CASE("a recording is fetched from the switch's own host only", "[sip][adapter]") {
  World world;
  const auto fetch = [&](const std::string& url) {
    return RunTask(world.io, world.adapter->FetchRecording(world.account, url));
  };
  world.http.When("GET", [](const http::ClientRequest&) {
    http::ClientResult result;
    result.response.status = 200;
    result.response.headers.Add("Content-Type", "audio/wav");
    result.response.body = "RIFF";
    return result;
  });
  CHECK(fetch("http://switch:8080/v1/calls/c_1/recording")->bytes == "RIFF");
  CHECK(world.http.requests[0].bearer.Reveal() == "key");
  for (const char* elsewhere : {"http://evil:8080/r", "http://switch.evil:8080/r",
                                "http://switch:8080@evil/r", "file:///etc/passwd"}) {
    CHECK(base::IsError(fetch(elsewhere).status(), base::kProviderRefused));
  }
  CHECK(world.http.requests.size() == 1);
}

TEST_CASE("an account's faults are all named at once", "[sip][adapter]") {
  World world(R"({"auth":{"mode":"basic"}})");
  world.account.api_key = base::Secret();
  world.account.api_secret = base::Secret();
  const auto fields = base::DetailOf(world.adapter->CheckAccount(world.account)).fields;
  REQUIRE(fields.size() == 2);
  CHECK(fields[0].field == "api_key");
  CHECK(fields[1].field == "api_secret");
  World open(R"({"auth":{"mode":"none"}})");
  open.account.api_key = base::Secret();
  CHECK(open.adapter->CheckAccount(open.account).ok());
  World broken(R"({"preset":"none"})");
  CHECK(base::DetailOf(broken.adapter->CheckAccount(broken.account)).fields[0].field ==
        "settings.operations.place");
}

}  // namespace
}  // namespace ctc::providers::sip
