// Questions of a flow's applets read, and steps of ours written as their answers.
#include "libs/providers/exotel/flow.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "libs/base/error.h"
#include "libs/providers/exotel/applet.h"

namespace ctc::providers::exotel {
namespace {

using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowInput;
using routing::v1::FlowStep;
using Json = nlohmann::json;

const std::string kSession = "01930000-0000-7000-8000-000000000001";

Account AnAccount() {
  Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.config.set_api_url("https://api.in.exotel.com");
  account.api_secret = base::Secret("api-token");
  account.webhook_secret = base::Secret("whsec");
  account.public_url = "https://crm.example.com";
  return account;
}

common::v1::HttpRequest Get(const std::string& query, bool versioned = false) {
  common::v1::HttpRequest request;
  request.set_method("GET");
  request.set_query("tenant=t1&token=whsec&" + query);
  if (!versioned) return request;
  auto& header = *request.add_headers();
  header.set_name("exotel-version");
  header.set_value("1.0");
  return request;
}

ReadFlowResponse Ask(const std::string& query) {
  return ReadQuestion(AnAccount(),
                      Get("CallSid=a1&CallFrom=09800000002&CallTo=08011111111&To=08040000003&"
                          "CallStatus=in-progress&EndTime=1970-01-01+05:30:00&" +
                          query));
}

absl::StatusOr<common::v1::HttpResponse> Render(const FlowStep& step, const std::string& query,
                                                bool versioned = false) {
  dispatch::v1::RenderFlowRequest request;
  request.mutable_order()->set_id(kSession);
  request.mutable_order()->set_from_phone("+919800000002");
  request.mutable_order()->set_to_phone("+918040000003");
  *request.mutable_step() = step;
  *request.mutable_request() = Get(query, versioned);
  return RenderAnswer(AnAccount(), request);
}

FlowStep Says(const std::string& text) {
  FlowStep step;
  step.set_number(1);
  step.add_prompts()->set_text(text);
  return step;
}

FlowStep Dials() {
  FlowStep step;
  step.mutable_dial()->set_phone("+919000000001");
  step.mutable_dial()->set_agent_id("ann");
  step.mutable_dial()->set_ring_seconds(20);
  step.mutable_dial()->set_record(true);
  return step;
}

std::string MissingOf(const absl::StatusOr<common::v1::HttpResponse>& answer) {
  const base::ErrorDetail detail = base::DetailOf(answer.status());
  return detail.code == "CAPABILITY_MISSING" ? detail.metadata.at("capability") : "";
}

TEST_CASE("a call that lands is read with both numbers in E.164", "[exotel][flow]") {
  const ReadFlowResponse read = Ask("applet=is_gather");
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.provider_id() == "p1");
  CHECK(read.call().provider_call_id() == "a1");
  CHECK(read.call().from_phone() == "+919800000002");
  CHECK(read.call().to_phone() == "+918040000003");
  CHECK(read.call().session().empty());
  CHECK(read.input().kind() == FlowInput::STARTED);
}

TEST_CASE("each applet tells what became of the step", "[exotel][flow]") {
  using Case = std::pair<std::string, FlowInput::Kind>;
  const auto [query, kind] = GENERATE(values<Case>({
      {"applet=digits&digits=%2212%22", FlowInput::DIGITS},
      {"applet=digits&digits=12", FlowInput::DIGITS},
      {"applet=digits&digits=%22%22", FlowInput::NO_INPUT},
      {"applet=digits", FlowInput::NO_INPUT},
      {"applet=heard", FlowInput::DONE},
      {"applet=voicemail", FlowInput::NO_INPUT},
      {"applet=voicemail&RecordingUrl=https://recordings.exotel.com/a/b.mp3",
       FlowInput::VOICEMAIL_LEFT},
      {"applet=dialled&CallType=completed&DialCallStatus=completed", FlowInput::DIAL_ENDED},
      {"applet=dialled&CallType=incomplete&DialCallStatus=no-answer", FlowInput::DIAL_NO_ANSWER},
      {"applet=dialled&CallType=incomplete&DialCallStatus=busy", FlowInput::DIAL_BUSY},
      {"applet=dialled&CallType=incomplete&DialCallStatus=failed", FlowInput::DIAL_FAILED},
      {"applet=dialled&CallType=incomplete&DialCallStatus=canceled", FlowInput::DIAL_NO_ANSWER},
      {"applet=dialled&CallType=incomplete", FlowInput::DIAL_NO_ANSWER},
      {"applet=dialled&CallType=client-hangup", FlowInput::CALLER_GONE},
      {"applet=dialled&CallType=call-attempt", FlowInput::STARTED},
      {"applet=connect", FlowInput::STARTED},
      {"applet=connect&DialCallStatus=busy", FlowInput::STARTED},
      {"", FlowInput::STARTED},
      // What an earlier applet gathered stays among the parameters.
      {"applet=greeting&digits=%221%22", FlowInput::STARTED},
  }));
  INFO(query);
  const ReadFlowResponse read = Ask(query);
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.input().kind() == kind);
  CHECK(read.input().step_number() == 0);
}

TEST_CASE("a lone Connect applet asks again after an agent who did not answer", "[exotel][flow]") {
  const auto ask = [](const std::string& more) {
    return ReadQuestion(AnAccount(), Get("CallSid=a1&" + more, true)).input().kind();
  };
  CHECK(ask("CallStatus=in-progress") == FlowInput::STARTED);
  CHECK(ask("DialCallStatus=busy") == FlowInput::DIAL_BUSY);
  CHECK(ask("CallType=client-hangup") == FlowInput::CALLER_GONE);
}

TEST_CASE("keys lose their quotes", "[exotel][flow]") {
  CHECK(Ask("applet=digits&digits=%2212%23%22").input().digits() == "12#");
}

TEST_CASE("questions that cannot be read are refused", "[exotel][flow]") {
  for (const char* query : {"applet=nonsense", "applet=digits&digits=1%3Bdrop",
                            "applet=voicemail&RecordingUrl=https://evil.io/a"}) {
    INFO(query);
    CHECK(Ask(query).verdict() == ReadWebhookResponse::UNREADABLE);
  }
  CHECK(ReadQuestion(AnAccount(), Get("CallSid=../x")).verdict() ==
        ReadWebhookResponse::UNREADABLE);
  common::v1::HttpRequest forged = Get("CallSid=a1");
  forged.set_query("tenant=t1&CallSid=a1&token=guess");
  CHECK(ReadQuestion(AnAccount(), forged).verdict() == ReadWebhookResponse::FORGED);
  forged.set_query("tenant=t1&CallSid=a1");
  CHECK(ReadQuestion(AnAccount(), forged).verdict() == ReadWebhookResponse::UNSIGNED);
}

TEST_CASE("a Connect applet rings the one agent of the step", "[exotel][flow]") {
  for (const bool versioned : {true, false}) {
    const auto answer = Render(Dials(), versioned ? "" : "applet=connect", versioned);
    REQUIRE(answer.ok());
    CHECK(answer->status() == 200);
    CHECK(answer->content_type() == "application/json");
    const Json json = Json::parse(answer->body());
    CHECK(json["destination"]["numbers"] == Json({"09000000001"}));
    CHECK(json["fetch_after_attempt"] == versioned);
    CHECK(json["outgoing_phone_number"] == "08040000003");
    CHECK(json["max_ringing_duration"] == 20);
    CHECK(json["record"] == true);
    CHECK(json["recording_channels"] == "dual");
    const std::string url = json["dial_passthru_event_url"];
    CHECK(url.starts_with("https://crm.example.com/api/v1/webhooks/voip/exotel?tenant=t1&session=" +
                          kSession + "&token="));
    CHECK(url.find("whsec") == std::string::npos);
  }
}

TEST_CASE("a Connect applet with nobody to ring dials nobody", "[exotel][flow]") {
  FlowStep over;
  over.mutable_hang_up();
  CHECK(Json::parse(Render(over, "", true)->body())["destination"]["numbers"].empty());
  CHECK(Json::parse(Render(Says("x"), "applet=connect")->body())["destination"]["numbers"].empty());
}

TEST_CASE("what a lone Connect applet cannot do is named", "[exotel][flow]") {
  FlowStep step;
  step.mutable_gather();
  CHECK(MissingOf(Render(step, "", true)) == "gather");
  step.mutable_voicemail();
  CHECK(MissingOf(Render(step, "", true)) == "voicemail");
  step.mutable_wait();
  CHECK(MissingOf(Render(step, "", true)) == "wait");
  CHECK(MissingOf(Render(Says("hello"), "", true)) == "prompts");
  step = Dials();
  step.add_prompts()->set_text("hello");
  CHECK(MissingOf(Render(step, "", true)) == "prompts");
  CHECK(Render(step, "applet=connect").ok());
  step = Dials();
  step.mutable_dial()->set_phone("sip:ann@example.com");
  CHECK(MissingOf(Render(step, "applet=connect")) == "agents without a number");
}

TEST_CASE("a Gather applet asks as the step says", "[exotel][flow]") {
  FlowStep step = Says("Press 1");
  step.add_prompts()->set_text("or 2");
  step.mutable_gather()->set_max_digits(3);
  step.mutable_gather()->set_finish_on_key("#");
  step.mutable_gather()->set_timeout_seconds(7);
  const Json json = Json::parse(Render(step, "applet=gather")->body());
  CHECK(json == Json({{"gather_prompt", {{"text", "Press 1 or 2"}}},
                      {"max_input_digits", 3},
                      {"finish_on_key", "#"},
                      {"input_timeout", 7},
                      {"repeat_menu", 0}}));
  step.clear_prompts();
  step.add_prompts()->set_audio_url("https://x/a.wav");
  CHECK(Json::parse(Render(step, "applet=gather")->body())["gather_prompt"] ==
        Json({{"audio_url", "https://x/a.wav"}}));
  step.add_prompts()->set_text("and text");
  CHECK(MissingOf(Render(step, "applet=gather")) == "several prompts");
  CHECK_FALSE(MissingOf(Render(Dials(), "applet=gather")).empty());
}

TEST_CASE("a Greeting applet says the prompts, or plays one sound", "[exotel][flow]") {
  CHECK(Render(Says("Hello"), "applet=greeting")->body() == "Hello");
  CHECK(Render(Says("Hello"), "applet=greeting")->content_type() == "text/plain; charset=utf-8");
  FlowStep wait;
  wait.mutable_wait()->set_music_url("https://x/music.wav");
  CHECK(Render(wait, "applet=greeting")->body() == "https://x/music.wav");
  wait.mutable_wait()->clear_music_url();
  CHECK(Render(wait, "applet=greeting")->body() == "Please hold the line.");
  CHECK(Render(Dials(), "applet=greeting")->body().empty());
  FlowStep two;
  two.add_prompts()->set_audio_url("https://x/a.wav");
  two.add_prompts()->set_audio_url("https://x/b.wav");
  CHECK(MissingOf(Render(two, "applet=greeting")) == "several prompts");
}

TEST_CASE("a Passthru applet is told which branch to take", "[exotel][flow]") {
  FlowStep gather;
  gather.mutable_gather();
  FlowStep voicemail;
  voicemail.mutable_voicemail();
  FlowStep over = Says("Good-bye");
  over.mutable_hang_up();
  const auto status = [](const FlowStep& step, const std::string& applet) {
    return Render(step, applet)->status();
  };
  CHECK(status(gather, "applet=is_gather") == 200);
  CHECK(status(Dials(), "applet=is_gather") == 302);
  CHECK(status(Dials(), "applet=is_dial") == 200);
  CHECK(status(gather, "applet=is_dial") == 302);
  CHECK(status(voicemail, "applet=is_voicemail") == 200);
  CHECK(status(over, "applet=is_voicemail") == 302);
  CHECK(status(over, "applet=is_over") == 200);
  CHECK(status(gather, "applet=is_over") == 302);
  for (const char* applet :
       {"applet=digits", "applet=dialled", "applet=voicemail", "applet=heard", ""}) {
    INFO(applet);
    CHECK(status(gather, applet) == 200);
    CHECK(status(over, applet) == 302);
  }
}

}  // namespace
}  // namespace ctc::providers::exotel
