// A caller's question at Vonage: a line of query, then the body. First byte: 's' signs it rightly,
// so that the reader is reached, 'g' does so for a GET; else a line more is Authorization. The same
// bytes are then the texts of a step, which must come out as an NCCO that Vonage takes.
#include <set>

#include "libs/providers/vonage/flow.h"
#include "libs/providers/vonage/samples_for_test.h"
#include "tests/fuzz/flow_question.h"
#include "tests/fuzz/flow_step.h"

namespace ctc::fuzz {
namespace {

using dispatch::v1::ReadFlowResponse;
using routing::v1::FlowInput;
using routing::v1::FlowStep;
using Json = nlohmann::json;
namespace vonage = providers::vonage;

void CheckInput(const ReadFlowResponse& read) {
  const FlowInput& input = read.input();
  const bool fresh = read.call().session().empty();
  Require(fresh == (input.step_number() == 0), "an answer names its step");
  Require(input.digits().size() <= 20, "keys are sane");
}

void CheckNcco(const FlowStep& step) {
  dispatch::v1::RenderFlowRequest request;
  request.mutable_order()->set_id(vonage::kSession);
  request.set_provider_call_id(vonage::kUuid);
  *request.mutable_step() = step;
  const Json ncco =
      Json::parse(vonage::RenderStep(vonage::AnAccount(), request).body(), nullptr, false);
  Require(ncco.is_array(), "a step is a JSON array");
  static const std::set<std::string> known = {"talk",   "stream",       "input", "wait",
                                              "record", "conversation", "notify"};
  for (const Json& action : ncco) {
    Require(known.contains(action.value("action", "")), "an action is one of Vonage's");
    // Bytes that are no UTF-8 grow to three.
    Require(action.value("text", "").size() <= 3 * 1500, "a talk is short enough");
    const Json dtmf = action.value("dtmf", Json({{"maxDigits", 1}, {"timeOut", 1}}));
    Require(dtmf["maxDigits"] >= 1 && dtmf["maxDigits"] <= 20, "an input takes 1 to 20 keys");
    Require(dtmf["timeOut"] >= 0 && dtmf["timeOut"] <= 10, "and waits up to 10 s");
  }
  if (step.has_hang_up()) return;
  const std::string last = ncco.back().value("action", "");
  Require(last == "input" || last == "conversation" || last == "notify",
          "a step that goes on ends by asking");
}

}  // namespace

void VonageFlow(std::string_view bytes) {
  const uint8_t how = TakeByte(bytes);
  const bool is_signed = how == 's' || how == 'g';
  CheckNcco(MakeStep(how, bytes));
  const std::string given = is_signed ? "" : std::string(TakeLine(bytes));
  common::v1::HttpRequest request;
  request.set_method(how == 'g' ? "GET" : "POST");
  request.set_query(std::string(TakeLine(bytes)));
  request.set_body(std::string(bytes));
  if (is_signed) {
    request = vonage::Signed(std::move(request));
  } else {
    vonage::AddHeader(request, "authorization", given);
  }
  const ReadFlowResponse read =
      vonage::ReadQuestion(vonage::AnAccount(), request, vonage::kSignedAt, {});
  if (CheckQuestion(read, is_signed)) CheckInput(read);
}

}  // namespace ctc::fuzz
