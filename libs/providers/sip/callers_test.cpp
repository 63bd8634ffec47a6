// Callers at a TwiML switch, and what both dialects have in common: whose question is believed.
#include "libs/providers/sip/callers.h"

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/sip/caller_url.h"
#include "libs/providers/sip/callers_for_test.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowInput;
using routing::v1::FlowStep;
using session::v1::CallFact;
using session::v1::Leg;
using twiml::Form;
using World = CallerSwitch;

constexpr char kSignalWire[] = R"({"preset":"signalwire","constants":{"project":"P1"}})";
// Telnyx signs the body and the time; the key is that of webhook_proof_test.cpp.
constexpr char kUrlToken[] =
    R"({"preset":"signalwire","webhook":{"verify":{"mode":"url_token","header":null}}})";
constexpr char kBodyHmac[] =
    R"({"preset":"signalwire","webhook":{"verify":{"mode":"hmac_sha256","header":"X-Signature"}}})";
constexpr char kBasic[] = R"({"preset":"signalwire","webhook":{"verify":{"mode":"basic"}}})";
constexpr char kCallSid[] = "b3877c40-da60-4998-90ad-b792e98472af";

const Form kCaller = {{"CallSid", kCallSid},
                      {"From", "+12025550111"},
                      {"To", "+12025550142"},
                      {"CallStatus", "in-progress"},
                      {"Direction", "inbound"}};

Form With(const Form& more) {
  Form form = more;
  form.insert(form.end(), kCaller.begin(), kCaller.end());
  return form;
}

std::string FlowAt(const World& world, std::string_view on) {
  return CallerFlowUrl(world.account, World::kSession, 2, on);
}

common::v1::HttpRequest HmacOfBody(const std::string& url, const std::string& body) {
  auto request = World::Request(url, body);
  World::Add(request, "x-signature", crypto::ToHex(crypto::HmacSha256(World::kSecret, body)));
  return request;
}

std::string Escaped(std::string url) {
  for (size_t at = 0; (at = url.find('&', at)) != std::string::npos; at += 5) {
    url.replace(at, 1, "&amp;");
  }
  return url;
}

}  // namespace

TEST_CASE("a number's voice URL starts a flow", "[sip][flow]") {
  const World world(kSignalWire);
  const ReadFlowResponse read = world.Ask(World::Form(World::kFlow, kCaller));
  INFO(read.reason());
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.provider_id() == "p1");
  CHECK(read.call().session().empty());
  CHECK(read.call().provider_call_id() == kCallSid);
  CHECK(read.call().from_phone() == "+12025550111");
  CHECK(read.call().to_phone() == "+12025550142");
  CHECK(read.input().kind() == FlowInput::STARTED);
}

TEST_CASE("a question may be signed for the account's own callback_url", "[sip][flow]") {
  World world(kSignalWire);
  auto request =
      World::Form("https://hooks.example/api/v1/webhooks/voip/sip/flow?tenant=t1", kCaller);
  request.set_url(World::kFlow);
  CHECK(world.Ask(request).verdict() == ReadWebhookResponse::FORGED);
  world.account.config.set_callback_url("https://hooks.example");
  CHECK(world.Ask(request).verdict() == ReadWebhookResponse::GENUINE);
}

TEST_CASE("what became of a TwiML step is read", "[sip][flow]") {
  const World world(kSignalWire);
  struct Vector {
    const char* on;
    Form more;
    FlowInput::Kind kind;
  };
  for (const Vector& vector :
       {Vector{"gather", {{"Digits", "12"}}, FlowInput::DIGITS},
        Vector{"gather", {}, FlowInput::NO_INPUT}, Vector{"silence", {}, FlowInput::NO_INPUT},
        Vector{"done", {}, FlowInput::DONE},
        Vector{"dial", {{"DialCallStatus", "completed"}}, FlowInput::DIAL_ENDED},
        Vector{"dial", {{"DialCallStatus", "no-answer"}}, FlowInput::DIAL_NO_ANSWER},
        Vector{"dial", {{"DialCallStatus", "busy"}}, FlowInput::DIAL_BUSY},
        Vector{"asked&outcome=failed", {}, FlowInput::DIAL_FAILED},
        Vector{"gather", {{"CallStatus", "completed"}}, FlowInput::CALLER_GONE},
        Vector{"record",
               {{"RecordingUrl", "https://switch.example/r/1"}},
               FlowInput::VOICEMAIL_LEFT}}) {
    CAPTURE(vector.on);
    const auto read = world.Ask(World::Form(FlowAt(world, vector.on), With(vector.more)));
    INFO(read.reason());
    REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
    CHECK(read.input().kind() == vector.kind);
    CHECK(read.input().step_number() == 2);
    CHECK(read.call().session() == World::kSession);
  }
}

TEST_CASE("a recording keeps the ending that its URL has", "[sip][flow]") {
  const World world(kSignalWire);
  for (const auto& [url, audio] : std::vector<std::pair<std::string, std::string>>{
           {"https://switch.example/r/1", "https://switch.example/r/1.wav"},
           {"https://switch.example/r/1.mp3", "https://switch.example/r/1.mp3"},
           {"https://bucket.example/1.wav?X-Amz=1", "https://bucket.example/1.wav?X-Amz=1"}}) {
    const auto read =
        world.Ask(World::Form(FlowAt(world, "record"), With({{"RecordingUrl", url}})));
    CHECK(read.input().recording_url() == audio);
  }
}

TEST_CASE("nobody else's question is believed", "[sip][flow]") {
  const World world(kSignalWire);
  const auto verdict = [&](const common::v1::HttpRequest& request) {
    const ReadFlowResponse read = world.Ask(request);
    CHECK((read.verdict() == ReadWebhookResponse::GENUINE) == read.reason().empty());
    CHECK((read.verdict() == ReadWebhookResponse::GENUINE || !read.has_call()));
    return read.verdict();
  };
  CHECK(verdict(World::Form(World::kFlow, kCaller, "another")) == ReadWebhookResponse::FORGED);
  auto altered = World::Form(World::kFlow, kCaller);
  altered.set_body(altered.body() + "&Digits=1");
  CHECK(verdict(altered) == ReadWebhookResponse::FORGED);
  auto elsewhere = World::Form(World::kFlow, kCaller);
  elsewhere.set_url(elsewhere.url() + "&step=9");
  CHECK(verdict(elsewhere) == ReadWebhookResponse::FORGED);
  auto bare = World::Form(World::kFlow, kCaller);
  bare.mutable_headers()->RemoveLast();
  CHECK(verdict(bare) == ReadWebhookResponse::UNSIGNED);
  CHECK(verdict(World::Form(World::kFlow, {{"From", "+1"}})) == ReadWebhookResponse::UNREADABLE);
}

TEST_CASE("an account without a flow answers no caller", "[sip][flow]") {
  const World world(R"({"preset":"signalwire","flow":null})");
  // Another account of the tenant may be the one.
  CHECK(world.Ask(World::Form(World::kFlow, kCaller)).verdict() == ReadWebhookResponse::NO_ACCOUNT);
  const World native(R"({"mode":"native"})");
  CHECK(native.Ask(World::Form(World::kFlow, kCaller)).verdict() ==
        ReadWebhookResponse::NO_ACCOUNT);
  CHECK_THAT(world.Render(StepAt(1)).status(), testing::HasError(base::kCapabilityMissing));
}

TEST_CASE("a proof of the body alone vouches for no session in the URL", "[sip][flow]") {
  const World world(kBodyHmac);
  std::string body;
  for (const auto& [name, value] : kCaller) body += name + "=" + http::Encode(value) + "&";
  body += "Digits=1";
  const auto ours = world.Ask(HmacOfBody(FlowAt(world, "gather"), body));
  REQUIRE(ours.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(ours.call().session() == World::kSession);  // by its token
  const std::string other = "01930000-0000-7000-8000-000000000002";
  std::string url = FlowAt(world, "gather");
  url.replace(url.find(World::kSession), other.size(), other);
  const auto bent = world.Ask(HmacOfBody(url, body));
  REQUIRE(bent.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(bent.call().session().empty());  // the call is the one in the body
  CHECK(bent.call().provider_call_id() == kCallSid);
  auto get = HmacOfBody(url, "");
  get.set_method("GET");
  CHECK(world.Ask(get).verdict() == ReadWebhookResponse::UNREADABLE);
}

TEST_CASE("a question is proven as the account's webhooks are", "[sip][flow]") {
  const World token(kUrlToken);
  const auto at = [](const std::string& url) {
    return World::Request(url, World::Form(url, kCaller).body());
  };
  CHECK(token.Ask(at(World::kFlow)).verdict() == ReadWebhookResponse::UNSIGNED);
  CHECK(token.Ask(at(std::string(World::kFlow) + "&token=whsec")).verdict() ==
        ReadWebhookResponse::GENUINE);
  CHECK(token.Ask(at(FlowAt(token, "done"))).call().session() == World::kSession);
  const World basic(kBasic);
  auto request = at(FlowAt(basic, "done"));
  CHECK(basic.Ask(request).verdict() == ReadWebhookResponse::UNSIGNED);
  World::Add(request, "authorization", "Basic " + crypto::ToBase64("guess"));
  CHECK(basic.Ask(request).verdict() == ReadWebhookResponse::FORGED);
  request.mutable_headers()->Clear();
  World::Add(request, "authorization", "Basic " + crypto::ToBase64(World::kSecret));
  CHECK(basic.Ask(request).call().session() == World::kSession);
}

TEST_CASE("an account that is to be asked needs what proves it", "[sip][flow]") {
  World world(kSignalWire);
  CHECK(world.adapter->CheckAccount(world.account).ok());
  world.account.webhook_secret = base::Secret();
  const auto detail = base::DetailOf(world.adapter->CheckAccount(world.account));
  REQUIRE(detail.fields.size() == 1);
  CHECK(detail.fields[0].field == "webhook_secret");
}

TEST_CASE("a step that asks also falls through to a question", "[sip][flow][twiml]") {
  const World world(kSignalWire);
  FlowStep step = StepAt(2, {"Press 1"});
  step.mutable_gather()->set_max_digits(1);
  step.mutable_gather()->set_timeout_seconds(5);
  CHECK(world.Body(step) ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Gather action=\"" +
            Escaped(FlowAt(world, "gather")) +
            "\" method=\"POST\" input=\"dtmf\" actionOnEmptyResult=\"true\" timeout=\"5\" "
            "finishOnKey=\"\" numDigits=\"1\"><Say language=\"en-US\">Press 1</Say></Gather>"
            "<Redirect method=\"POST\">" +
            Escaped(FlowAt(world, "silence")) + "</Redirect></Response>");
}

TEST_CASE("the switch rings the agent itself", "[sip][flow][twiml]") {
  const World world(kSignalWire);
  FlowStep step = StepAt(2);
  step.mutable_dial()->set_phone("+12025550177");
  step.mutable_dial()->set_ring_seconds(20);
  const std::string events =
      "statusCallback=\"" + Escaped(CallerEventUrl(world.account, World::kSession, "agent")) + "\"";
  const std::string body = world.Body(step);
  CHECK(body.find("timeout=\"20\" callerId=\"+12025550142\"><Number " + events) !=
        std::string::npos);
  CHECK(body.find(">+12025550177</Number></Dial>") != std::string::npos);
  CHECK(body.find("record") == std::string::npos);
  step.mutable_dial()->set_record(true);
  CHECK(world.Body(step).find("record=\"record-from-answer-dual\" recordingStatusCallback=\"") !=
        std::string::npos);
  step.mutable_dial()->set_phone("ann@switch.example");
  CHECK(world.Body(step).find(">sip:ann@switch.example</Sip>") != std::string::npos);
  step.mutable_dial()->set_phone("sip:ann@switch.example");
  CHECK(world.Body(step).find(">sip:ann@switch.example</Sip>") != std::string::npos);
  // Whom a switch cannot ring has failed, and the flow goes on.
  step.mutable_dial()->set_phone("PJSIP/ann");
  CHECK(world.Body(step).find("<Response><Redirect method=\"POST\">" +
                              Escaped(FlowAt(world, "asked&outcome=failed"))) != std::string::npos);
}

TEST_CASE("what happens to the agent's leg is told", "[sip][flow][webhook]") {
  const World world(kSignalWire);
  const std::string url = CallerEventUrl(world.account, World::kSession, "agent");
  const Form leg = {{"CallSid", "child-1"},
                    {"ParentCallSid", kCallSid},
                    {"Direction", "outbound-dial"},
                    {"CallDuration", "7"}};
  for (const auto& [status, kind] :
       std::vector<std::pair<std::string, CallFact::Kind>>{{"ringing", CallFact::CALL_RINGING},
                                                           {"in-progress", CallFact::CALL_ANSWERED},
                                                           {"busy", CallFact::CALL_BUSY},
                                                           {"completed", CallFact::CALL_ENDED}}) {
    Form form = leg;
    form.emplace_back("CallStatus", status);
    const ReadWebhookResponse read = world.Tell(World::Form(url, form));
    INFO(read.reason());
    REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
    REQUIRE(read.facts_size() == 1);
    CHECK(read.facts(0).session() == World::kSession);
    CHECK(read.facts(0).fact().kind() == kind);
    CHECK(read.facts(0).fact().party() == Leg::AGENT);
    CHECK(read.facts(0).fact().provider_leg_id() == "child-1");
    CHECK(read.facts(0).fact().event_key() == "sip:p1:child-1::" + status);
  }
  CHECK(world.Tell(World::Form(url, leg, "another")).verdict() == ReadWebhookResponse::FORGED);
}

TEST_CASE("a callback's time comes in three forms", "[sip][flow][webhook]") {
  World world(kSignalWire);
  const std::string url = CallerEventUrl(world.account, World::kSession, "agent");
  const auto tell = [&](const std::string& stamp) {
    return world.Tell(World::Form(
        url, {{"CallSid", "child-1"}, {"CallStatus", "ringing"}, {"Timestamp", stamp}}));
  };
  for (const auto& [stamp, at] : std::vector<std::pair<std::string, absl::Time>>{
           {"Mon, 15 Jan 2024 10:30:00 +0000", absl::FromUnixSeconds(1'705'314'600)},
           {"2024-01-15T10:30:00Z", absl::FromUnixSeconds(1'705'314'600)},
           {"2021-04-28 21:51:18.731479Z", absl::FromUnixMicros(1'619'646'678'731'479)}}) {
    CAPTURE(stamp);
    world.clock.Set(at + absl::Seconds(1));
    const ReadWebhookResponse read = tell(stamp);
    INFO(read.reason());
    REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
    REQUIRE(read.facts_size() == 1);
    CHECK(base::FromProto(read.facts(0).fact().provider_time()) == at);
    world.clock.Set(at + absl::Hours(48));
    CHECK(tell(stamp).verdict() == ReadWebhookResponse::OUTSIDE_WINDOW);
  }
  for (const char* stamp : {"yesterday", "2024-01-15", "2024-01-15T10:30:00"}) {
    CAPTURE(stamp);
    CHECK(tell(stamp).verdict() == ReadWebhookResponse::UNREADABLE);
  }
}

TEST_CASE("where no session is vouched for, the agent's parent is the caller",
          "[sip][flow][webhook]") {
  const World world(kBodyHmac);
  const std::string url =
      std::string(World::kEvents) + "&session=" + World::kSession + "&leg=agent";
  const std::string body = "CallSid=child-1&CallStatus=ringing";
  CHECK(world.Tell(HmacOfBody(url, body)).verdict() == ReadWebhookResponse::UNREADABLE);
  const auto read = world.Tell(HmacOfBody(url, body + "&ParentCallSid=" + kCallSid));
  REQUIRE(read.facts_size() == 1);
  CHECK(read.facts(0).session().empty());
  CHECK(read.facts(0).provider_call_id() == kCallSid);
}

TEST_CASE("a number's status callback tells the caller's end", "[sip][flow][webhook]") {
  const World world(kSignalWire);
  const auto ended = world.Tell(
      World::Form(World::kEvents,
                  {{"CallSid", kCallSid}, {"CallStatus", "completed"}, {"Direction", "inbound"}}));
  INFO(ended.reason());
  REQUIRE(ended.facts_size() == 1);
  CHECK(ended.facts(0).provider_call_id() == kCallSid);
  CHECK(ended.facts(0).fact().kind() == CallFact::CALL_ENDED);
  CHECK(ended.facts(0).fact().party() == Leg::CUSTOMER);
  const auto rings = world.Tell(
      World::Form(World::kEvents,
                  {{"CallSid", kCallSid}, {"CallStatus", "ringing"}, {"Direction", "inbound"}}));
  CHECK(rings.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(rings.facts_size() == 0);
}

TEST_CASE("a message can be fetched once it is there", "[sip][flow][webhook]") {
  const World world(kSignalWire);
  const auto read =
      world.Tell(World::Form(CallerEventUrl(world.account, World::kSession, "recording"),
                             {{"CallSid", kCallSid},
                              {"RecordingSid", "r-1"},
                              {"RecordingStatus", "completed"},
                              {"RecordingUrl", "https://switch.example/r-1"}}));
  REQUIRE(read.facts_size() == 2);
  CHECK(read.facts(1).fact().kind() == CallFact::RECORDING_READY);
  CHECK(read.facts(1).fact().recording_url() == "https://switch.example/r-1.wav");
}

TEST_CASE("events of calls that we placed are read by the mapping", "[sip][flow][webhook]") {
  const World world(kSignalWire);
  const auto read = world.Tell(World::Form(
      std::string(World::kEvents) + "&session=" + World::kSession,
      {{"CallSid", "c-1"}, {"CallStatus", "in-progress"}, {"Direction", "outbound-api"}}));
  INFO(read.reason());
  REQUIRE(read.facts_size() == 1);
  CHECK(read.facts(0).session() == World::kSession);
  CHECK(read.facts(0).fact().party() == Leg::AGENT);
  CHECK(read.facts(0).fact().kind() == CallFact::CALL_ANSWERED);
}

TEST_CASE("a call is placed and ended in SignalWire's words", "[sip][preset]") {
  World world(R"({"preset":"signalwire",
      "constants":{"project":"P1","script":"https://mine.example/dial"}})");
  world.http.When("POST", 201, R"({"sid":"c-1"})");
  dispatch::v1::CallOrder order;
  order.set_id(World::kSession);
  order.set_agent_phone("+12025550177");
  order.set_to_phone("+12025550199");
  order.set_from_phone("+12025550142");
  const auto placed = testing::RunTask(world.adapter->Place(world.account, order));
  CHECK(placed.provider_call_id() == "c-1");
  const auto& request = world.http.requests.at(0);
  CHECK(request.url == "https://switch.example/api/laml/2010-04-01/Accounts/P1/Calls");
  CHECK(request.user == "key");
  const Form form = *http::ParseForm(request.body);
  CHECK(twiml::ValueOf(form, "Url") ==
        "https://mine.example/dial?customer=12025550199&session=" + std::string(World::kSession));
  CHECK(twiml::ValueOf(form, "StatusCallback") ==
        std::string(World::kEvents) + "&session=" + World::kSession);
  std::vector<std::string> events;
  for (const auto& [name, value] : form) {
    if (name == "StatusCallbackEvent") events.push_back(value);
  }
  CHECK(events == std::vector<std::string>{"initiated", "ringing", "answered", "completed"});
}

}  // namespace ctc::providers::sip
