// Callers at jambonz: hooks and statuses read, steps written as verbs.
#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/sip/caller_url.h"
#include "libs/providers/sip/callers_for_test.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"

namespace ctc::providers::sip {
namespace {

using Json = nlohmann::json;
using dispatch::v1::ControlCallRequest;
using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowInput;
using routing::v1::FlowStep;
using session::v1::CallFact;
using session::v1::Leg;
using World = CallerSwitch;

constexpr char kJambonz[] = R"({"preset":"jambonz","constants":{"account_sid":"A1"}})";
constexpr char kCallSid[] = "aad0115d-ec21-40db-aa02-31b7b01540c5";

Json Caller(const Json& more = Json::object()) {
  Json json = {{"call_sid", kCallSid},
               {"direction", "inbound"},
               {"from", "12025550111"},
               {"to", "12025550142"},
               {"call_status", "in-progress"}};
  json.update(more);
  return json;
}

std::string FlowAt(const World& world, std::string_view on) {
  return CallerFlowUrl(world.account, World::kSession, 2, on);
}

Json Verbs(const World& world, const FlowStep& step) { return Json::parse(world.Body(step)); }

}  // namespace

TEST_CASE("the call hook starts a flow", "[sip][flow][jambonz]") {
  const World world(kJambonz);
  const ReadFlowResponse read =
      world.Ask(world.Hook(World::kFlow, Caller({{"call_status", "trying"}}).dump()));
  INFO(read.reason());
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.call().provider_call_id() == kCallSid);
  CHECK(read.call().from_phone() == "+12025550111");
  CHECK(read.call().to_phone() == "+12025550142");
  CHECK(read.call().session().empty());
  CHECK(read.input().kind() == FlowInput::STARTED);
}

TEST_CASE("numbers are read as the carrier writes them", "[sip][flow][jambonz]") {
  const World world(kJambonz);
  for (const auto& [from, phone] : std::vector<std::pair<std::string, std::string>>{
           {"+12025550111", "+12025550111"},
           {"12025550111", "+12025550111"},
           {"sip:+12025550111@carrier.example", "+12025550111"},
           {"02025550111", ""},
           {"1001", ""},
           {"anonymous", ""},
           {"", ""},
           {"1234567890123456", ""}}) {
    CAPTURE(from);
    const auto read = world.Ask(world.Hook(World::kFlow, Caller({{"from", from}}).dump()));
    CHECK(read.call().from_phone() == phone);
  }
}

TEST_CASE("what became of a verb is read", "[sip][flow][jambonz]") {
  const World world(kJambonz);
  struct Vector {
    const char* on;
    Json more;
    FlowInput::Kind kind;
  };
  const Json none = Json::object();
  for (const Vector& vector :
       {Vector{"gather", {{"digits", "12"}, {"reason", "dtmfDetected"}}, FlowInput::DIGITS},
        Vector{"gather", {{"digits", ""}, {"reason", "dtmfDetected"}}, FlowInput::DIGITS},
        Vector{"gather", {{"reason", "timeout"}}, FlowInput::NO_INPUT},
        Vector{"done", none, FlowInput::DONE},
        Vector{"dial", {{"dial_call_status", "completed"}}, FlowInput::DIAL_ENDED},
        Vector{"dial", {{"dial_call_status", "busy"}}, FlowInput::DIAL_BUSY},
        Vector{"dial", {{"dial_call_status", "no-answer"}}, FlowInput::DIAL_NO_ANSWER},
        Vector{"dial", {{"dial_call_status", "ringing"}}, FlowInput::DIAL_NO_ANSWER},
        Vector{"dial",
               {{"dial_call_status", "failed"}, {"dial_sip_status", 480}},
               FlowInput::DIAL_NO_ANSWER},
        Vector{"dial",
               {{"dial_call_status", "failed"}, {"dial_sip_status", 603}},
               FlowInput::DIAL_REJECTED},
        Vector{"dial",
               {{"dial_call_status", "failed"}, {"dial_sip_status", 404}},
               FlowInput::DIAL_FAILED},
        Vector{"dial", none, FlowInput::DIAL_FAILED},
        Vector{"dial",
               {{"dial_call_status", "completed"}, {"call_status", "completed"}},
               FlowInput::CALLER_GONE},
        Vector{"asked&outcome=failed", none, FlowInput::DIAL_FAILED}}) {
    CAPTURE(vector.on, vector.more.dump());
    const auto read = world.Ask(world.Hook(FlowAt(world, vector.on), Caller(vector.more).dump()));
    INFO(read.reason());
    REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
    CHECK(read.input().kind() == vector.kind);
    CHECK(read.input().step_number() == 2);
    CHECK(read.call().session() == World::kSession);
  }
}

TEST_CASE("what is no question of a caller is refused", "[sip][flow][jambonz]") {
  const World world(kJambonz);
  const auto verdict = [&](const common::v1::HttpRequest& request) {
    return world.Ask(request).verdict();
  };
  const std::string body = Caller().dump();
  CHECK(verdict(world.Hook(World::kFlow, body, "another")) == ReadWebhookResponse::FORGED);
  auto altered = world.Hook(World::kFlow, body);
  altered.set_body(Caller({{"to", "12025550199"}}).dump());
  CHECK(verdict(altered) == ReadWebhookResponse::FORGED);
  auto bare = world.Hook(World::kFlow, body);
  bare.mutable_headers()->RemoveLast();
  CHECK(verdict(bare) == ReadWebhookResponse::UNSIGNED);
  CHECK(verdict(world.Hook(World::kFlow, "[]")) == ReadWebhookResponse::UNREADABLE);
  CHECK(verdict(world.Hook(World::kFlow, Caller({{"direction", "outbound"}}).dump())) ==
        ReadWebhookResponse::UNREADABLE);
  CHECK(verdict(world.Hook(FlowAt(world, "else"), body)) == ReadWebhookResponse::UNREADABLE);
  CHECK(verdict(world.Hook(FlowAt(world, "gather"), Caller({{"digits", "1x"}}).dump())) ==
        ReadWebhookResponse::UNREADABLE);
  World late(kJambonz);
  const auto signed_before = late.Hook(World::kFlow, body);
  late.clock.Advance(absl::Hours(25));
  CHECK(late.Ask(signed_before).verdict() == ReadWebhookResponse::OUTSIDE_WINDOW);
}

TEST_CASE("a menu is a gather with its prompt inside", "[sip][flow][jambonz]") {
  const World world(kJambonz);
  FlowStep step = StepAt(2, {"Welcome.", "Press 1."});
  step.mutable_gather()->set_max_digits(4);
  step.mutable_gather()->set_timeout_seconds(7);
  step.mutable_gather()->set_finish_on_key("#");
  const Json gather = {{"verb", "gather"},
                       {"input", {"digits"}},
                       {"minDigits", 1},
                       {"maxDigits", 4},
                       {"finishOnKey", "#"},
                       {"timeout", 7},
                       {"interDigitTimeout", 7},
                       {"dtmfBargein", true},
                       {"actionHook", FlowAt(world, "gather")},
                       {"say", {{"text", {"Welcome.", "Press 1."}}}}};
  CHECK(Verbs(world, step) == Json::array({gather}));
}

TEST_CASE("a gather holds one kind of prompt, and others stand before it", "[sip][flow][jambonz]") {
  const World world(kJambonz);
  FlowStep step = StepAt(2, {"Welcome.", "https://x.example/a.wav"});
  step.mutable_gather();
  Json verbs = Verbs(world, step);
  REQUIRE(verbs.size() == 2);
  CHECK(verbs[0] == Json({{"verb", "say"}, {"text", "Welcome."}}));
  CHECK(verbs[1]["play"]["url"] == "https://x.example/a.wav");
  CHECK_FALSE(verbs[1].contains("maxDigits"));
  CHECK_FALSE(verbs[1].contains("finishOnKey"));
  CHECK(verbs[1]["timeout"] == 1);  // 0 would wait for ever
  step = StepAt(2, {"Welcome.", "Willkommen."});
  step.mutable_prompts(1)->set_language("de-DE");
  step.mutable_gather();
  verbs = Verbs(world, step);
  REQUIRE(verbs.size() == 2);
  CHECK(verbs[1]["say"]["text"] == Json::array({"Willkommen."}));
  step = StepAt(2);
  step.mutable_gather();
  verbs = Verbs(world, step);
  REQUIRE(verbs.size() == 1);
  CHECK_FALSE((verbs[0].contains("say") || verbs[0].contains("play")));
}

TEST_CASE("a language is spoken by the voice that the settings name", "[sip][flow][jambonz]") {
  const World world(R"({"preset":"jambonz",
      "flow":{"voices":{"de-DE":{"vendor":"google","voice":"de-DE-Wavenet-A"}}}})");
  FlowStep step = StepAt(2, {"Willkommen."});
  CHECK_FALSE(Verbs(world, step)[0].contains("synthesizer"));
  step.mutable_prompts(0)->set_language("de-DE");
  CHECK(Verbs(world, step)[0]["synthesizer"] ==
        Json({{"vendor", "google"}, {"language", "de-DE"}, {"voice", "de-DE-Wavenet-A"}}));
}

TEST_CASE("a dial names what the phone is", "[sip][flow][jambonz]") {
  const World world(R"({"preset":"jambonz","max_duration_seconds":600,
      "flow":{"ringback_url":"https://x.example/ring.mp3"}})");
  FlowStep step = StepAt(2);
  step.mutable_dial()->set_ring_seconds(20);
  const auto target = [&](const char* phone) {
    step.mutable_dial()->set_phone(phone);
    return Verbs(world, step)[0]["target"][0];
  };
  CHECK(target("+12025550177") == Json({{"type", "phone"}, {"number", "+12025550177"}}));
  CHECK(target("1001") == Json({{"type", "phone"}, {"number", "1001"}}));
  CHECK(target("sip:ann@x.example") == Json({{"type", "sip"}, {"sipUri", "sip:ann@x.example"}}));
  CHECK(target("ann@x.example") == Json({{"type", "user"}, {"name", "ann@x.example"}}));
  Json dial = Verbs(world, step)[0];
  dial.erase("target");
  CHECK(dial == Json({{"verb", "dial"},
                      {"timeout", 20},
                      {"timeLimit", 600},
                      {"answerOnBridge", true},
                      {"callerId", "+12025550142"},
                      {"dialMusic", "https://x.example/ring.mp3"},
                      {"actionHook", FlowAt(world, "dial")},
                      {"tag", {{"session_id", World::kSession}, {"leg", "agent"}}}}));
  // Whom jambonz cannot ring has failed, and the flow goes on.
  step.mutable_dial()->set_phone("PJSIP/ann");
  CHECK(
      Verbs(world, step) ==
      Json::array({{{"verb", "redirect"}, {"actionHook", FlowAt(world, "asked&outcome=failed")}}}));
}

TEST_CASE("waiting, going on and the end", "[sip][flow][jambonz]") {
  const World world(kJambonz);
  FlowStep step = StepAt(2);
  const Json on = {{"verb", "redirect"}, {"actionHook", FlowAt(world, "done")}};
  CHECK(Verbs(world, step) == Json::array({on}));
  step.mutable_wait()->set_seconds(10);
  CHECK(Verbs(world, step) == Json::array({{{"verb", "pause"}, {"length", 10}}, on}));
  step.mutable_wait()->set_music_url("https://x.example/m.mp3");
  CHECK(Verbs(world, step) ==
        Json::array(
            {{{"verb", "play"}, {"url", "https://x.example/m.mp3"}, {"timeoutSecs", 10}}, on}));
  step.set_number(1);
  CHECK(Verbs(world, step)[0] == Json({{"verb", "answer"}}));
  FlowStep end = StepAt(1);
  end.mutable_hang_up();
  CHECK(Verbs(world, end) == Json::array({{{"verb", "hangup"}}}));
  end.mutable_hang_up()->set_reason(session::v1::BLOCKED_BY_POLICY);
  CHECK(Verbs(world, end) == Json::array({{{"verb", "sip:decline"}, {"status", 603}}}));
}

TEST_CASE("a message cannot be taken, and that is said by its name", "[sip][flow][jambonz]") {
  const World world(kJambonz);
  FlowStep step = StepAt(2, {"Speak."});
  step.mutable_voicemail();
  const absl::Status status = world.Render(step).status();
  CHECK_THAT(status, testing::HasError(base::kCapabilityMissing));
  CHECK(base::DetailOf(status).metadata.at("capability") == "voicemail");
}

TEST_CASE("the status hook tells of the caller's end and of the agent", "[sip][flow][jambonz]") {
  const World world(kJambonz);
  const auto tell = [&](const Json& json) {
    return world.Tell(world.Hook(World::kEvents, json.dump()));
  };
  const auto ended = tell(Caller({{"call_status", "completed"}, {"sip_status", 200}}));
  INFO(ended.reason());
  REQUIRE(ended.facts_size() == 1);
  CHECK(ended.facts(0).provider_call_id() == kCallSid);
  CHECK(ended.facts(0).fact().kind() == CallFact::CALL_ENDED);
  CHECK(ended.facts(0).fact().party() == Leg::CUSTOMER);
  CHECK(tell(Caller()).facts_size() == 0);
  CHECK(tell(Caller()).verdict() == ReadWebhookResponse::GENUINE);
  const auto agent = [&](const char* status, int sip_status) {
    const auto read = tell({{"call_sid", "child-1"},
                            {"parent_call_sid", kCallSid},
                            {"direction", "outbound"},
                            {"call_status", status},
                            {"sip_status", sip_status},
                            {"duration", 7},
                            {"customerData", {{"session_id", World::kSession}, {"leg", "agent"}}}});
    REQUIRE(read.facts_size() == 1);
    CHECK(read.facts(0).provider_call_id() == kCallSid);
    CHECK(read.facts(0).fact().party() == Leg::AGENT);
    CHECK(read.facts(0).fact().provider_leg_id() == "child-1");
    return read.facts(0).fact();
  };
  CHECK(agent("ringing", 180).kind() == CallFact::CALL_RINGING);
  CHECK(agent("early-media", 183).kind() == CallFact::CALL_RINGING);
  CHECK(agent("in-progress", 200).kind() == CallFact::CALL_ANSWERED);
  CHECK(agent("busy", 486).kind() == CallFact::CALL_BUSY);
  CHECK(agent("busy", 603).kind() == CallFact::CALL_REJECTED);
  CHECK(agent("failed", 480).kind() == CallFact::CALL_NO_ANSWER);
  const CallFact over = agent("completed", 200);
  CHECK(over.kind() == CallFact::CALL_ENDED);
  CHECK(over.duration_seconds() == 7);
  CHECK(over.sequence() > agent("in-progress", 200).sequence());
  CHECK(over.has_provider_time());
  CHECK(tell(Caller({{"call_status", "dancing"}})).verdict() == ReadWebhookResponse::UNREADABLE);
  CHECK(world.Tell(world.Hook(World::kEvents, Caller().dump(), "another")).verdict() ==
        ReadWebhookResponse::FORGED);
}

TEST_CASE("statuses of calls that we placed are read by the mapping", "[sip][flow][jambonz]") {
  const World world(kJambonz);
  const auto read = world.Tell(
      world.Hook(World::kEvents, Json({{"call_sid", "c-2"},
                                       {"parent_call_sid", "c-1"},
                                       {"direction", "outbound"},
                                       {"call_status", "in-progress"},
                                       {"customerData", {{"session_id", World::kSession}}}})
                                     .dump()));
  REQUIRE(read.facts_size() == 1);
  CHECK(read.facts(0).session() == World::kSession);
  CHECK(read.facts(0).fact().party() == Leg::CUSTOMER);
}

TEST_CASE("jambonz says busy of a decline, and the SIP status tells", "[sip][webhook][jambonz]") {
  const World world(kJambonz);
  const auto customer = [&](int sip_status) {
    const Json json = {
        {"call_sid", "c-2"},        {"parent_call_sid", "c-1"},
        {"direction", "outbound"},  {"call_status", "busy"},
        {"sip_status", sip_status}, {"customerData", {{"session_id", World::kSession}}}};
    const auto read = world.Tell(world.Hook(World::kEvents, json.dump()));
    REQUIRE(read.facts_size() == 1);
    return read.facts(0).fact();
  };
  CHECK(customer(486).kind() == CallFact::CALL_BUSY);
  CHECK(customer(603).kind() == CallFact::CALL_REJECTED);
  CHECK(customer(603).reason() == session::v1::CUSTOMER_REJECTED);
  CHECK(customer(603).cause() == "sip:603");
}

TEST_CASE("a dialled leg without our tag is not taken for an agent's", "[sip][flow][jambonz]") {
  const World world(kJambonz);
  const auto read = world.Tell(world.Hook(World::kEvents, Json({{"call_sid", "c-2"},
                                                                {"parent_call_sid", "c-1"},
                                                                {"direction", "outbound"},
                                                                {"call_status", "busy"}})
                                                              .dump()));
  REQUIRE(read.facts_size() == 1);
  CHECK(read.facts(0).provider_call_id() == "c-2");
  CHECK(read.facts(0).fact().party() == Leg::CUSTOMER);
}

TEST_CASE("of a caller's call the agent's leg is muted", "[sip][preset][jambonz]") {
  World world(kJambonz);
  world.http.When("POST", 202, "{}");
  ControlCallRequest request;
  request.set_action(ControlCallRequest::MUTE);
  request.set_provider_call_id("c-1");
  REQUIRE(testing::RunTask(world.adapter->Control(world.account, request)).ok());
  request.mutable_order()->set_direction(session::v1::Session::INBOUND);
  CHECK_FALSE(testing::RunTask(world.adapter->Control(world.account, request)).ok());
  auto& leg = *request.add_legs();
  leg.set_party(Leg::AGENT);
  leg.set_provider_leg_id("child-1");
  REQUIRE(testing::RunTask(world.adapter->Control(world.account, request)).ok());
  CHECK(world.http.Lines() == std::vector<std::string>{"POST /v1/Accounts/A1/Calls/c-1",
                                                       "POST /v1/Accounts/A1/Calls/child-1"});
}

}  // namespace ctc::providers::sip
