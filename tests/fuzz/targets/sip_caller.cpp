// A caller's question at a SIP switch that asks over HTTP. First byte: 't' signs a form as
// SignalWire does and 'j' JSON as jambonz does, so that the readers are reached; else a line more
// is the signature. Then a line of query and the body, which is also read as a status. The same
// bytes are the texts of a step, which must come out as TwiML and as verbs that nothing in them
// breaks.
#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

#include "libs/crypto/crypto.h"
#include "libs/http/message.h"
#include "libs/providers/sip/callers.h"
#include "libs/providers/twiml/signature.h"
#include "tests/fuzz/flow_question.h"
#include "tests/fuzz/flow_step.h"
#include "tools/simulator/xml.h"

namespace ctc::fuzz {
namespace {

using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowInput;
using routing::v1::FlowStep;
using Json = nlohmann::json;
namespace sip = providers::sip;
namespace twiml = providers::twiml;

constexpr char kSecret[] = "webhook-secret";
constexpr char kStamp[] = "1735787045";
constexpr char kFlow[] = "https://crm.example.com/api/v1/webhooks/voip/sip/flow?";

providers::Account MakeAccount() {
  providers::Account account;
  account.tenant = base::TenantId("tenant-id");
  account.config.set_id("019a0000-0000-7000-8000-000000000002");
  account.webhook_secret = base::Secret(kSecret);
  account.public_url = "https://crm.example.com";
  return account;
}

std::shared_ptr<const sip::SwitchTemplate> TemplateOf(const char* settings) {
  dispatch::v1::Provider config;
  Require(google::protobuf::util::JsonStringToMessage(settings, config.mutable_settings()).ok(),
          "the settings are JSON");
  return sip::ReadSwitchTemplate(config).value();
}

const sip::SwitchTemplate& Switch(bool jambonz) {
  static const auto verbs = TemplateOf(R"({"preset":"jambonz",
      "flow":{"voices":{"de":{"vendor":"v","voice":"w"}}}})");
  static const auto xml = TemplateOf(R"({"preset":"signalwire"})");
  return jambonz ? *verbs : *xml;
}

common::v1::HttpRequest TakeRequest(uint8_t how, std::string_view& bytes) {
  const bool jambonz = how == 'j' || how % 2 == 1;
  const bool is_signed = how == 't' || how == 'j';
  std::string signature = is_signed ? "" : std::string(TakeLine(bytes));
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_query(std::string(TakeLine(bytes)));
  request.set_url(kFlow + request.query());
  request.set_body(std::string(bytes));
  const auto add = [&](const char* name, std::string value) {
    auto& header = *request.add_headers();
    header.set_name(name);
    header.set_value(std::move(value));
  };
  if (how == 't') {
    const auto form = http::ParseForm(bytes).value_or(twiml::Form());
    signature = twiml::Signature(base::Secret(kSecret), request.url(), form);
  } else if (how == 'j') {
    const std::string text = std::string(kStamp) + "." + request.body();
    signature =
        std::string("t=") + kStamp + ",v1=" + crypto::ToHex(crypto::HmacSha256(kSecret, text));
  }
  if (!jambonz) add("content-type", "application/x-www-form-urlencoded");
  add(jambonz ? "jambonz-signature" : "x-signalwire-signature", signature);
  return request;
}

void CheckInput(const ReadFlowResponse& read) {
  const FlowInput& input = read.input();
  Require(input.digits().size() <= 64 && input.recording_seconds() >= 0, "keys and times are sane");
}

void CheckEvent(const std::optional<ReadWebhookResponse>& read, bool right) {
  if (!read.has_value()) return;
  const bool genuine = read->verdict() == ReadWebhookResponse::GENUINE;
  if (!right) Require(!genuine, "no event without the secret is genuine");
  if (!genuine) Require(read->facts_size() == 0, "what is refused says nothing");
  for (const auto& item : read->facts()) {
    Require(!item.session().empty() || !item.provider_call_id().empty(), "a fact names a call");
    Require(!item.fact().event_key().empty(), "a fact has a key");
    Require(item.fact().kind() != session::v1::CallFact::KIND_UNSPECIFIED, "a fact has a kind");
  }
}

void CheckStep(const FlowStep& step) {
  dispatch::v1::RenderFlowRequest request;
  request.mutable_order()->set_id("019a0000-0000-7000-8000-000000000001");
  *request.mutable_step() = step;
  const auto xml = sip::AnswerCaller(MakeAccount(), Switch(false), request);
  Require(xml.ok(), "TwiML can say every step");
  const auto document = simulator::ParseXml(xml->body());
  Require(document.ok() && document->name == "Response", "a step is well-formed TwiML");
  Require(document->children.size() <= 4, "no text becomes a verb");
  const auto verbs = sip::AnswerCaller(MakeAccount(), Switch(true), request);
  Require(verbs.ok() != step.has_voicemail(), "messages alone cannot be said in verbs");
  if (!verbs.ok()) return;
  const Json array = Json::parse(verbs->body(), nullptr, /*allow_exceptions=*/false);
  Require(array.is_array() && !array.empty() && array.size() <= 5, "a step is a list of verbs");
  const std::string last = array.back().value("verb", "");
  Require(last == "gather" || last == "dial" || last == "redirect" || last == "hangup" ||
              last == "sip:decline",
          "a step ends by asking or hanging up");
}

}  // namespace

void SipCaller(std::string_view bytes) {
  const uint8_t how = TakeByte(bytes);
  CheckStep(MakeStep(how, bytes));
  const bool jambonz = how == 'j' || how % 2 == 1;
  const bool right = how == 't' || how == 'j';
  const common::v1::HttpRequest request = TakeRequest(how, bytes);
  const absl::Time now = absl::FromUnixSeconds(1735787050);
  const providers::Account account = MakeAccount();
  const ReadFlowResponse read = sip::ReadCallerQuestion(account, Switch(jambonz), request, now, {});
  if (CheckQuestion(read, right)) CheckInput(read);
  CheckEvent(sip::ReadCallerEvent(account, Switch(jambonz), request, now, {}), right);
}

}  // namespace ctc::fuzz
