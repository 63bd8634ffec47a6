// A caller's question at Twilio: a line of query, then the form. First byte: 's' signs it rightly,
// so that the reader is reached; else a line more is the header. The same bytes are then the texts
// of a step, which must come out as TwiML that nothing in them breaks.
#include <algorithm>

#include "libs/http/message.h"
#include "libs/providers/twilio/flow.h"
#include "libs/providers/twiml/signature.h"
#include "tests/fuzz/flow_step.h"
#include "tools/simulator/xml.h"

namespace ctc::fuzz {
namespace {

using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowInput;
using routing::v1::FlowStep;
namespace twilio = providers::twilio;
namespace twiml = providers::twiml;

providers::Account MakeAccount(const base::Secret& token) {
  providers::Account account;
  account.tenant = base::TenantId("tenant-id");
  account.config.set_id("019a0000-0000-7000-8000-000000000002");
  account.auth_token = token;
  account.public_url = "https://crm.example.com";
  return account;
}

void SetHeader(common::v1::HttpRequest& request, std::string name, std::string value) {
  auto& header = *request.add_headers();
  header.set_name(std::move(name));
  header.set_value(std::move(value));
}

bool IsPhone(const std::string& text) {
  return text.empty() ||
         (text.size() <= 16 && text.front() == '+' &&
          std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

void CheckQuestion(const ReadFlowResponse& read, bool right) {
  const bool genuine = read.verdict() == ReadWebhookResponse::GENUINE;
  if (!right) Require(!genuine, "nobody without the token is genuine");
  if (!genuine) {
    Require(!read.has_call() && !read.has_input(), "what is refused says nothing");
    Require(!read.reason().empty(), "what is refused says why");
    return;
  }
  const FlowInput& input = read.input();
  Require(input.kind() != FlowInput::KIND_UNSPECIFIED, "a question says what became of the step");
  Require(!read.call().provider_call_id().empty(), "a question is of a call");
  Require(IsPhone(read.call().from_phone()) && IsPhone(read.call().to_phone()),
          "a number is E.164 or none");
  const bool fresh = read.call().session().empty();
  Require(fresh || base::IsUuid(read.call().session()), "a session is named by its UUID");
  Require(fresh == (input.step_number() == 0), "an answer names its step");
  Require(input.digits().size() <= 64 && input.recording_seconds() >= 0, "keys and times are sane");
}

void CheckTwiml(const FlowStep& step) {
  dispatch::v1::CallOrder order;
  order.set_id("019a0000-0000-7000-8000-000000000001");
  const std::string twiml = twilio::StepTwiml(MakeAccount(base::Secret("t")), order, step);
  const auto document = simulator::ParseXml(twiml);
  Require(document.ok() && document->name == "Response", "a step is well-formed TwiML");
  // At most two prompts, and two verbs that end the step.
  Require(document->children.size() <= 4, "no text becomes a verb");
  const auto& last = document->children.back().name;
  Require(last == "Gather" || last == "Dial" || last == "Redirect" || last == "Hangup" ||
              last == "Reject",
          "a step ends by asking or hanging up");
}

}  // namespace

void TwilioFlow(std::string_view bytes) {
  const uint8_t how = TakeByte(bytes);
  const bool is_signed = how == 's';
  CheckTwiml(MakeStep(how, bytes));
  const base::Secret token("a1b2c3d4e5f60718293a4b5c6d7e8f90");
  const std::string given = is_signed ? "" : std::string(TakeLine(bytes));
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_query(std::string(TakeLine(bytes)));
  request.set_url("https://crm.example.com/api/v1/webhooks/voip/twilio/flow?" + request.query());
  request.set_body(std::string(bytes));
  SetHeader(request, "content-type", "application/x-www-form-urlencoded; charset=UTF-8");
  const auto form = http::ParseForm(bytes);
  SetHeader(
      request, "x-twilio-signature",
      is_signed ? twiml::Signature(token, request.url(), form.value_or(twiml::Form())) : given);
  CheckQuestion(twilio::ReadQuestion(MakeAccount(token), request), is_signed);
}

}  // namespace ctc::fuzz
