// Questions of Twilio read, and steps of ours written.
#include "libs/providers/twilio/flow.h"

#include <catch2/catch.hpp>

#include "libs/providers/twilio/request_text.h"
#include "libs/providers/twiml/signature.h"

namespace ctc::providers::twilio {
namespace {

using twiml::Form;

using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowInput;
using routing::v1::FlowStep;

const std::string kSession = "01930000-0000-7000-8000-000000000001";

Account AnAccount() {
  Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.auth_token = base::Secret("the-auth-token");
  account.public_url = "https://crm.example.com";
  return account;
}

dispatch::v1::CallOrder AnOrder() {
  dispatch::v1::CallOrder order;
  order.set_id(kSession);
  order.set_direction(session::v1::Session::INBOUND);
  return order;
}

const Form kCaller = {{"CallSid", "CA1"},
                      {"From", "+15551230003"},
                      {"To", "+15551230001"},
                      {"CallStatus", "in-progress"},
                      {"Direction", "inbound"}};

Form With(Form form, const Form& more) {
  form.insert(form.begin(), more.begin(), more.end());
  return form;
}

// Asked at a URL that our own TwiML gave: a fragment is not sent.
common::v1::HttpRequest Question(const std::string& url, const Form& form, bool get = false,
                                 const std::string& token = "the-auth-token") {
  common::v1::HttpRequest request;
  request.set_method(get ? "GET" : "POST");
  request.set_url(url.substr(0, url.find('#')));
  if (get) request.set_url(request.url() + "&" + Encode(form));
  request.set_query(request.url().substr(request.url().find('?') + 1));
  if (!get) request.set_body(Encode(form));
  auto& type = *request.add_headers();
  type.set_name("content-type");
  type.set_value("application/x-www-form-urlencoded");
  auto& signature = *request.add_headers();
  signature.set_name("x-twilio-signature");
  signature.set_value(twiml::Signature(base::Secret(token), request.url(), get ? Form() : form));
  return request;
}

const std::string kVoiceUrl = "https://crm.example.com/api/v1/webhooks/voip/twilio/flow?tenant=t1";

ReadFlowResponse Ask(const std::string& on, const Form& more = {}) {
  return ReadQuestion(AnAccount(),
                      Question(FlowUrl(AnAccount(), kSession, 2, on), With(kCaller, more)));
}

std::string Twiml(const FlowStep& step) { return StepTwiml(AnAccount(), AnOrder(), step); }

FlowStep AStep() {
  FlowStep step;
  step.set_number(2);
  auto& prompt = *step.add_prompts();
  prompt.set_text("Press 1 & wait");
  prompt.set_language("en-US");
  return step;
}

std::string Url(const std::string& on) {
  return "https://crm.example.com/api/v1/webhooks/voip/twilio/flow?tenant=t1&amp;session=" +
         kSession + "&amp;step=2&amp;on=" + on + "#rc=3&amp;rp=ct,rt,5xx";
}

std::string Response(const std::string& verbs) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>" + verbs + "</Response>";
}

const std::string kSay = "<Say language=\"en-US\">Press 1 &amp; wait</Say>";

}  // namespace

TEST_CASE("a number's voice webhook starts a flow, by POST and by GET", "[twilio][flow]") {
  for (const bool get : {false, true}) {
    const ReadFlowResponse read = ReadQuestion(
        AnAccount(), Question(kVoiceUrl, With(kCaller, {{"CallStatus", "ringing"}}), get));
    REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
    CHECK(read.provider_id() == "p1");
    CHECK(read.call().session().empty());
    CHECK(read.call().provider_call_id() == "CA1");
    CHECK(read.call().from_phone() == "+15551230003");
    CHECK(read.call().to_phone() == "+15551230001");
    CHECK(read.input().kind() == FlowInput::STARTED);
    CHECK(read.input().step_number() == 0);
  }
}

TEST_CASE("a caller without a number is nobody in particular", "[twilio][flow]") {
  for (const char* from :
       {"anonymous", "+266696687", "sip:alice@example.com", "", "+", "+1x", "+12345678901234567"}) {
    INFO(from);
    const ReadFlowResponse read =
        ReadQuestion(AnAccount(), Question(kVoiceUrl, With(kCaller, {{"From", from}})));
    CHECK(read.verdict() == ReadWebhookResponse::GENUINE);
    CHECK(read.call().from_phone().empty());
  }
}

TEST_CASE("what became of a step is read by where we had it told", "[twilio][flow]") {
  struct Case {
    const char* on;
    Form more;
    FlowInput::Kind kind;
  };
  const Case c = GENERATE(values<Case>({
      {"gather", {{"Digits", "12"}, {"msg", "Gather End"}}, FlowInput::DIGITS},
      {"gather", {{"Digits", ""}}, FlowInput::NO_INPUT},
      {"gather", {}, FlowInput::NO_INPUT},
      {"gather", {{"Digits", ""}, {"FinishedOnKey", "#"}}, FlowInput::DIGITS},
      {"done", {}, FlowInput::DONE},
      {"silence", {}, FlowInput::NO_INPUT},
      {"dial", {{"DialCallStatus", "answered"}}, FlowInput::DIAL_ENDED},
      {"dial", {{"DialCallStatus", "completed"}}, FlowInput::DIAL_ENDED},
      {"dial", {{"DialCallStatus", "busy"}}, FlowInput::DIAL_BUSY},
      {"dial", {{"DialCallStatus", "no-answer"}}, FlowInput::DIAL_NO_ANSWER},
      {"dial", {{"DialCallStatus", "canceled"}}, FlowInput::DIAL_NO_ANSWER},
      {"dial", {{"DialCallStatus", "failed"}}, FlowInput::DIAL_FAILED},
      {"asked&outcome=no-answer", {}, FlowInput::DIAL_NO_ANSWER},
      {"asked&outcome=busy", {}, FlowInput::DIAL_BUSY},
      {"asked&outcome=rejected", {}, FlowInput::DIAL_REJECTED},
      {"asked&outcome=failed", {}, FlowInput::DIAL_FAILED},
      {"asked&outcome=done", {}, FlowInput::DONE},
      {"record", {}, FlowInput::NO_INPUT},
      {"gather", {{"CallStatus", "completed"}, {"Digits", "1"}}, FlowInput::CALLER_GONE},
      {"dial",
       {{"CallStatus", "completed"}, {"DialCallStatus", "answered"}},
       FlowInput::CALLER_GONE},
      {"record", {{"CallStatus", "completed"}}, FlowInput::CALLER_GONE},
  }));
  INFO(c.on);
  const ReadFlowResponse read = Ask(c.on, c.more);
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.input().kind() == c.kind);
  CHECK(read.input().step_number() == 2);
  CHECK(read.call().session() == kSession);
}

TEST_CASE("keys and messages come with the input", "[twilio][flow]") {
  CHECK(Ask("gather", {{"Digits", "42*"}}).input().digits() == "42*");
  const FlowInput left = Ask("record", {{"RecordingUrl", "https://api.twilio.com/R/RE1"},
                                        {"RecordingDuration", "7"},
                                        {"Digits", "hangup"},
                                        {"CallStatus", "completed"}})
                             .input();
  CHECK(left.kind() == FlowInput::VOICEMAIL_LEFT);
  CHECK(left.recording_url() == "https://api.twilio.com/R/RE1.wav");
  CHECK(left.recording_seconds() == 7);
}

TEST_CASE("a caller that hung up before the first step is gone", "[twilio][flow]") {
  const Form form = With(kCaller, {{"CallStatus", "canceled"}});
  CHECK(ReadQuestion(AnAccount(), Question(kVoiceUrl, form)).input().kind() ==
        FlowInput::CALLER_GONE);
}

TEST_CASE("a question that is not Twilio's, or makes no sense, says nothing", "[twilio][flow]") {
  const auto forged =
      ReadQuestion(AnAccount(), Question(kVoiceUrl, kCaller, false, "another-token"));
  CHECK(forged.verdict() == ReadWebhookResponse::FORGED);
  CHECK_FALSE(forged.has_input());
  auto moved = Question(FlowUrl(AnAccount(), kSession, 2, "done"), kCaller);
  moved.mutable_url()->replace(moved.url().find("step=2"), 6, "step=3");
  CHECK(ReadQuestion(AnAccount(), moved).verdict() == ReadWebhookResponse::FORGED);
  auto naked = Question(kVoiceUrl, kCaller);
  naked.mutable_headers()->RemoveLast();
  CHECK(ReadQuestion(AnAccount(), naked).verdict() == ReadWebhookResponse::UNSIGNED);
  const std::vector<std::pair<std::string, Form>> senseless = {
      {kVoiceUrl + "&session=x&step=1&on=done", {}},
      {kVoiceUrl + "&session=" + kSession + "&on=done", {}},
      {kVoiceUrl + "&session=" + kSession + "&step=-1&on=done", {}},
      {kVoiceUrl + "&session=" + kSession + "&step=1", {}},
      {kVoiceUrl + "&session=" + kSession + "&step=1&on=dance", {}},
      {kVoiceUrl + "&session=" + kSession + "&step=1&on=asked&outcome=x", {}},
      {kVoiceUrl + "&on=done", {}},
      {FlowUrl(AnAccount(), kSession, 2, "dial"), {{"DialCallStatus", "x"}}},
      {FlowUrl(AnAccount(), kSession, 2, "gather"), {{"Digits", "1;2"}}},
      {FlowUrl(AnAccount(), kSession, 2, "gather"), {{"Digits", std::string(65, '1')}}},
      {FlowUrl(AnAccount(), kSession, 2, "record"), {{"RecordingUrl", "file:///etc/passwd"}}},
      {kVoiceUrl, {{"CallSid", "../x"}}}};
  for (const auto& [url, more] : senseless) {
    INFO(url);
    const ReadFlowResponse read = ReadQuestion(AnAccount(), Question(url, With(kCaller, more)));
    CHECK(read.verdict() == ReadWebhookResponse::UNREADABLE);
    CHECK(!read.reason().empty());
    CHECK_FALSE(read.has_input());
    CHECK_FALSE(read.has_call());
  }
}

TEST_CASE("a gather has its prompts inside and is asked about in any case", "[twilio][flow]") {
  FlowStep step = AStep();
  step.add_prompts()->set_audio_url("https://x.example/a.mp3?a=1&b=2");
  step.mutable_gather()->set_max_digits(4);
  step.mutable_gather()->set_finish_on_key("#");
  step.mutable_gather()->set_timeout_seconds(6);
  CHECK(Twiml(step) ==
        Response("<Gather action=\"" + Url("gather") +
                 "\" method=\"POST\" input=\"dtmf\" actionOnEmptyResult=\"true\" timeout=\"6\" "
                 "finishOnKey=\"#\" numDigits=\"4\">" +
                 kSay + "<Play>https://x.example/a.mp3?a=1&amp;b=2</Play></Gather>"));
  step.mutable_gather()->clear_max_digits();
  step.mutable_gather()->clear_finish_on_key();
  step.mutable_gather()->clear_timeout_seconds();
  CHECK(Twiml(step).find("timeout=\"1\" finishOnKey=\"\">") != std::string::npos);
}

TEST_CASE("a dial is a room with music, where the one we ring joins the caller", "[twilio][flow]") {
  FlowStep step = AStep();
  step.mutable_dial()->set_agent_id("agent-1");
  const std::string twiml = Twiml(step);
  CHECK(twiml.find(kSay + "<Dial action=\"" + Url("dial") + "\" method=\"POST\"><Conference ") !=
        std::string::npos);
  CHECK(twiml.find("startConferenceOnEnter=\"false\" endConferenceOnExit=\"true\" beep=\"false\" "
                   "participantLabel=\"customer\"") != std::string::npos);
  CHECK(twiml.find("waitUrl") == std::string::npos);  // Twilio's own music
  CHECK(twiml.find("&amp;leg=room#") != std::string::npos);
  CHECK(twiml.find(">" + kSession + "</Conference></Dial></Response>") != std::string::npos);
  CHECK(twiml.find("record=") == std::string::npos);
  step.mutable_dial()->set_record(true);
  CHECK(Twiml(step).find("record=\"record-from-start\"") != std::string::npos);
}

TEST_CASE("waiting is a pause or a piece of music, and asks again", "[twilio][flow]") {
  FlowStep step = AStep();
  step.mutable_wait()->set_seconds(10);
  const std::string redirect = "<Redirect method=\"POST\">" + Url("done") + "</Redirect>";
  CHECK(Twiml(step) == Response(kSay + "<Pause length=\"10\"/>" + redirect));
  step.mutable_wait()->set_music_url("https://x.example/m.mp3");
  CHECK(Twiml(step) == Response(kSay + "<Play>https://x.example/m.mp3</Play>" + redirect));
}

TEST_CASE("prompts alone ask for what is next", "[twilio][flow]") {
  CHECK(Twiml(AStep()) ==
        Response(kSay + "<Redirect method=\"POST\">" + Url("done") + "</Redirect>"));
}

TEST_CASE("a message is recorded; silence asks too", "[twilio][flow]") {
  FlowStep step = AStep();
  step.mutable_voicemail()->set_max_seconds(120);
  step.mutable_voicemail()->set_finish_on_key("#");
  const std::string twiml = Twiml(step);
  CHECK(twiml.find("<Record action=\"" + Url("record") +
                   "\" method=\"POST\" playBeep=\"true\" timeout=\"10\" finishOnKey=\"#\" "
                   "maxLength=\"120\" recordingStatusCallback=\"") != std::string::npos);
  CHECK(twiml.find("&amp;leg=recording#") != std::string::npos);
  CHECK(twiml.find("/><Redirect method=\"POST\">" + Url("silence") + "</Redirect>") !=
        std::string::npos);
  step.mutable_voicemail()->clear_max_seconds();
  step.mutable_voicemail()->clear_finish_on_key();
  CHECK(Twiml(step).find("finishOnKey") == std::string::npos);
  CHECK(Twiml(step).find("maxLength") == std::string::npos);
}

TEST_CASE("the end is a hang-up; a caller that is not wanted is not even answered",
          "[twilio][flow]") {
  FlowStep step = AStep();
  step.mutable_hang_up()->set_reason(session::v1::BLOCKED_BY_POLICY);
  CHECK(Twiml(step) == Response(kSay + "<Hangup/>"));
  step.clear_prompts();
  CHECK(Twiml(step) == Response("<Hangup/>"));
  step.set_number(1);
  CHECK(Twiml(step) == Response("<Reject/>"));
  step.mutable_hang_up()->set_reason(session::v1::NORMAL);
  CHECK(Twiml(step) == Response("<Hangup/>"));
}

TEST_CASE("no text breaks out of its element", "[twilio][flow]") {
  FlowStep step;
  step.set_number(1);
  auto& prompt = *step.add_prompts();
  prompt.set_text("</Say><Dial>+1</Dial>\x01\x1b\"'&amp;");
  prompt.set_language("en\"><Dial>+1</Dial>");
  step.add_prompts();  // nothing to say
  step.mutable_hang_up();
  CHECK(
      Twiml(step) ==
      Response("<Say language=\"en&quot;&gt;&lt;Dial&gt;+1&lt;/Dial&gt;\">&lt;/Say&gt;&lt;Dial&gt;"
               "+1&lt;/Dial&gt;&quot;'&amp;amp;</Say><Hangup/>"));
}

}  // namespace ctc::providers::twilio
