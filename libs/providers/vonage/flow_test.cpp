#include "libs/providers/vonage/flow.h"

#include <catch2/catch.hpp>

#include "libs/providers/vonage/samples_for_test.h"

namespace ctc::providers::vonage {
namespace {

using Json = nlohmann::json;
using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowInput;
using routing::v1::FlowStep;

const std::string kFlow =
    "https://crm.example.com/api/v1/webhooks/voip/vonage/flow?tenant=t%201&session=" +
    std::string(kSession) + "&step=3";

ReadFlowResponse Read(const common::v1::HttpRequest& request) {
  return ReadQuestion(AnAccount(), request, kSignedAt + absl::Minutes(1), {});
}

FlowInput InputOf(const common::v1::HttpRequest& request) {
  const ReadFlowResponse read = Read(request);
  INFO(read.reason());
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  return read.input();
}

Json Render(const FlowStep& step, Account account = AnAccount()) {
  dispatch::v1::RenderFlowRequest request;
  request.mutable_order()->set_id(kSession);
  request.mutable_order()->set_from_phone("+447700900000");
  request.mutable_order()->set_to_phone("+15551230001");
  request.mutable_order()->set_direction(session::v1::Session::INBOUND);
  request.set_provider_call_id(kUuid);
  *request.mutable_step() = step;
  request.mutable_step()->set_number(3);
  const common::v1::HttpResponse answer = RenderStep(account, request);
  CHECK(answer.status() == 200);
  CHECK(answer.content_type() == "application/json");
  return Json::parse(answer.body());
}

Json Ask(const char* outcome) {
  return {{"action", "notify"},
          {"payload", {{"outcome", outcome}, {"uuid", kUuid}}},
          {"eventUrl", Json::array({kFlow})}};
}

TEST_CASE("a call begins with the answer webhook", "[vonage][flow]") {
  const ReadFlowResponse read =
      Read(AGet("&to=15551230001&from=447700900000&conversation_uuid=CON-1&uuid=0A0000000123ABCD1"
                "&region_url=https%3A%2F%2Fapi-us-3.vonage.com"));
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.provider_id() == kProvider);
  CHECK(read.call().session().empty());
  CHECK(read.call().provider_call_id() == "0A0000000123ABCD1");
  CHECK(read.call().from_phone() == "+447700900000");
  CHECK(read.call().to_phone() == "+15551230001");
  CHECK(read.input().kind() == FlowInput::STARTED);
  CHECK(read.input().step_number() == 0);
  const ReadFlowResponse posted =
      Read(APost("", R"({"from":"anonymous","to":"15551230001","uuid":"u1"})", "/flow"));
  CHECK(posted.input().kind() == FlowInput::STARTED);
  CHECK(posted.call().from_phone().empty());  // withheld
}

TEST_CASE("keys, their absence and the step they answer", "[vonage][flow]") {
  const std::string query = OfSession("&step=3");
  const auto keys = [&](const char* dtmf, const std::string& more = "") {
    return InputOf(APost(query + more,
                         R"({"uuid":"u1","from":"1","to":"2","dtmf":)" + std::string(dtmf) + "}",
                         "/flow"));
  };
  const FlowInput pressed =
      keys(R"({"digits":"12","timed_out":true},"speech":{"error":"Speech was not enabled"})");
  CHECK(pressed.kind() == FlowInput::DIGITS);
  CHECK(pressed.digits() == "12");
  CHECK(pressed.step_number() == 3);
  CHECK(keys(R"({"digits":"","timed_out":true})").kind() == FlowInput::NO_INPUT);
  CHECK(keys(R"({"digits":null,"timed_out":true})").kind() == FlowInput::NO_INPUT);
  CHECK(keys(R"("7")").digits() == "7");
  CHECK(keys(R"({"digits":"12*3"})", "&finish=*").digits() == "12");
  CHECK(keys(R"({"digits":"*"})", "&finish=*").kind() == FlowInput::NO_INPUT);
  CHECK(keys(R"({"digits":"12*3"})").digits() == "12*3");
}

TEST_CASE("a notify tells what its step came to", "[vonage][flow]") {
  const auto told = [](const char* outcome) {
    return APost(OfSession("&step=4"),
                 R"({"payload":{"outcome":")" + std::string(outcome) +
                     R"(","uuid":"u1"},"conversation_uuid":"CON-1","timestamp":"x"})",
                 "/flow");
  };
  CHECK(InputOf(told("DONE")).kind() == FlowInput::DONE);
  CHECK(InputOf(told("DONE")).step_number() == 4);
  CHECK(InputOf(told("VOICEMAIL_LEFT")).kind() == FlowInput::VOICEMAIL_LEFT);
  CHECK(Read(told("DONE")).call().provider_call_id() == "u1");
  CHECK(Read(told("DONE")).call().session() == kSession);
  for (const char* outcome : {"DIGITS", "STARTED", "KIND_UNSPECIFIED", "", "done"}) {
    CHECK(Read(told(outcome)).verdict() == ReadWebhookResponse::UNREADABLE);
  }
}

TEST_CASE("a caller sent back to us asks with what became of the agent", "[vonage][flow]") {
  FlowInput input;
  input.set_kind(FlowInput::DIAL_NO_ANSWER);
  input.set_step_number(5);
  dispatch::v1::CallOrder order;
  order.set_id(kSession);
  const std::string url = AskAgainUrl(AnAccount(), order, input);
  const std::string query = url.substr(url.find("&session"));
  const ReadFlowResponse read =
      Read(AGet(query + "&to=15551230001&from=447700900000&uuid=u1&conversation_uuid=CON-1"));
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.input().kind() == FlowInput::DIAL_NO_ANSWER);
  CHECK(read.input().step_number() == 5);
  CHECK(read.call().session() == kSession);
}

TEST_CASE("questions that cannot be read are refused", "[vonage][flow]") {
  const std::string flow = OfSession("&step=3");
  for (const auto& [query, body] : std::vector<std::pair<std::string, std::string>>{
           {"", "<html>"},
           {"", "{}"},
           {"", R"({"uuid":"../u"})"},
           {"&session=x", R"({"uuid":"u1"})"},
           {OfSession(""), R"({"uuid":"u1"})"},
           {"&step=3", R"({"uuid":"u1"})"},
           {OfSession("&step=0"), R"({"uuid":"u1"})"},
           {OfSession("&step=x"), R"({"uuid":"u1"})"},
           {flow, R"({"uuid":"u1"})"},
           {flow, R"({"uuid":"u1","dtmf":{"digits":"A"}})"},
           {flow, R"({"uuid":"u1","dtmf":{"digits":"123456789012345678901"}})"},
           {flow + "&outcome=NONSENSE", R"({"uuid":"u1"})"}}) {
    INFO(query << " " << body);
    const ReadFlowResponse read = Read(APost(query, body, "/flow"));
    CHECK(read.verdict() == ReadWebhookResponse::UNREADABLE);
    CHECK_FALSE(read.reason().empty());
    CHECK_FALSE(read.has_call());
  }
  common::v1::HttpRequest unsigned_request = AGet("&to=1&from=2&uuid=u1");
  unsigned_request.clear_headers();
  CHECK(Read(unsigned_request).verdict() == ReadWebhookResponse::UNSIGNED);
  common::v1::HttpRequest moved = AGet("&to=15551230001&from=447700900000&uuid=u1");
  moved.set_query(moved.query() + "&session=" + kSession);
  CHECK(Read(moved).verdict() == ReadWebhookResponse::FORGED);
}

TEST_CASE("a menu is prompts that keys interrupt, and an input", "[vonage][flow]") {
  FlowStep step;
  auto& text = *step.add_prompts();
  text.set_text("Press 1 for sales");
  text.set_language("en-GB");
  step.add_prompts()->set_audio_url("https://cdn.example.com/a.mp3");
  step.add_prompts();  // nothing to hear
  auto& gather = *step.mutable_gather();
  gather.set_max_digits(1);
  gather.set_finish_on_key("#");
  gather.set_timeout_seconds(6);
  CHECK(Render(step) ==
        Json::array({{{"action", "talk"},
                      {"text", "Press 1 for sales"},
                      {"language", "en-GB"},
                      {"bargeIn", true}},
                     {{"action", "stream"},
                      {"streamUrl", Json::array({"https://cdn.example.com/a.mp3"})},
                      {"bargeIn", true}},
                     {{"action", "input"},
                      {"type", Json::array({"dtmf"})},
                      {"dtmf", {{"maxDigits", 1}, {"timeOut", 6}, {"submitOnHash", true}}},
                      {"eventUrl", Json::array({kFlow})}}}));
}

TEST_CASE("inputs stay within what Vonage takes", "[vonage][flow]") {
  FlowStep step;
  auto& gather = *step.mutable_gather();
  gather.set_max_digits(30);
  gather.set_timeout_seconds(60);
  gather.set_finish_on_key("*");
  const Json input = Render(step)[0];
  CHECK(input["dtmf"] == Json({{"maxDigits", 20}, {"timeOut", 10}, {"submitOnHash", false}}));
  CHECK(input["eventUrl"][0] == kFlow + "&finish=%2A");
  gather.set_max_digits(0);  // no limit of ours
  CHECK(Render(step)[0]["dtmf"]["maxDigits"] == 20);
}

TEST_CASE("long texts are spoken in pieces", "[vonage][flow]") {
  FlowStep step;
  std::string text;
  while (text.size() < 4000) text += "word ";
  step.add_prompts()->set_text(text);
  step.add_prompts()->set_text(std::string(1499, 'a') + "\xC3\xA9" + std::string(10, 'b'));
  step.mutable_hang_up();
  const Json ncco = Render(step);
  REQUIRE(ncco.size() == 5);
  std::string spoken;
  for (size_t i = 0; i < 3; ++i) {
    spoken += (i == 0 ? "" : " ") + ncco[i]["text"].get<std::string>();
  }
  CHECK(spoken == text);
  CHECK(ncco[3]["text"] == std::string(1499, 'a'));
  CHECK(ncco[4]["text"] == "\xC3\xA9" + std::string(10, 'b'));
}

TEST_CASE("a caller waits in the call's room for the agent whom we ring", "[vonage][flow]") {
  Account account = AnAccount();
  (*account.config.mutable_settings()->mutable_fields())["hold_music_url"].set_string_value(
      "https://cdn.example.com/hold.mp3");
  FlowStep step;
  auto& dial = *step.mutable_dial();
  dial.set_agent_id("a1");
  dial.set_phone("+15551230002");
  dial.set_ring_seconds(20);
  const Json room = {{"action", "conversation"},
                     {"name", kSession},
                     {"startOnEnter", false},
                     {"endOnExit", true},
                     {"musicOnHoldUrl", Json::array({"https://cdn.example.com/hold.mp3"})}};
  CHECK(Render(step, account) == Json::array({room}));
  dial.set_record(true);
  const Json recorded = Render(step)[0];
  CHECK(recorded["record"] == true);
  CHECK(recorded["eventUrl"][0].get<std::string>().ends_with("&leg=recording"));
}

TEST_CASE("waiting, leaving a message, going on and ending", "[vonage][flow]") {
  FlowStep wait;
  wait.mutable_wait()->set_seconds(10);
  CHECK(Render(wait) == Json::array({{{"action", "wait"}, {"timeout", 10}}, Ask("DONE")}));
  wait.mutable_wait()->set_music_url("https://cdn.example.com/w.mp3");
  CHECK(Render(wait) ==
        Json::array(
            {{{"action", "stream"}, {"streamUrl", Json::array({"https://cdn.example.com/w.mp3"})}},
             Ask("DONE")}));
  FlowStep voicemail;
  voicemail.mutable_voicemail()->set_max_seconds(60);
  voicemail.mutable_voicemail()->set_finish_on_key("#");
  const Json record = Render(voicemail);
  CHECK(record[0]["action"] == "record");
  CHECK(record[0]["endOnKey"] == "#");
  CHECK(record[0]["timeOut"] == 60);
  CHECK(record[0]["endOnSilence"] == 10);
  CHECK(record[0]["beepStart"] == true);
  CHECK(record[0]["eventUrl"][0].get<std::string>().ends_with("&leg=message"));
  CHECK(record[1] == Ask("VOICEMAIL_LEFT"));
  FlowStep prompt;
  prompt.add_prompts()->set_text("Welcome");
  CHECK(Render(prompt)[0]["bargeIn"] == false);
  CHECK(Render(prompt)[1] == Ask("DONE"));
  FlowStep end;
  end.mutable_hang_up();
  CHECK(Render(end) == Json::array());
}

}  // namespace
}  // namespace ctc::providers::vonage
