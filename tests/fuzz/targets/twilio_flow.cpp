// A caller's question at Twilio: a line of query, then the form. First byte: 's' signs it rightly,
// so that the reader is reached; else a line more is the header. The same bytes are then the texts
// of a step, which must come out as TwiML that nothing in them breaks.
#include "libs/http/message.h"
#include "libs/providers/twilio/flow.h"
#include "libs/providers/twiml/signature.h"
#include "tests/fuzz/flow_question.h"
#include "tests/fuzz/flow_step.h"
#include "tools/simulator/xml.h"

namespace ctc::fuzz {
namespace {

using dispatch::v1::ReadFlowResponse;
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

void CheckInput(const ReadFlowResponse& read) {
  const FlowInput& input = read.input();
  const bool fresh = read.call().session().empty();
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
  const ReadFlowResponse read = twilio::ReadQuestion(MakeAccount(token), request);
  if (CheckQuestion(read, is_signed)) CheckInput(read);
}

}  // namespace ctc::fuzz
