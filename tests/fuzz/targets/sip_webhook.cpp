// A SIP switch's webhook. First byte: 'j' signs the JSON body rightly, 'f' sends a FreeSWITCH call
// record as a form with the right credentials; else the first line is a signature as it came.
#include <google/protobuf/util/json_util.h>

#include "libs/crypto/crypto.h"
#include "libs/providers/sip/mapped_webhook.h"
#include "libs/providers/sip/switch_template.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

using dispatch::v1::ReadWebhookResponse;

providers::sip::WebhookMapping MappingOf(const char* settings) {
  dispatch::v1::Provider config;
  Require(google::protobuf::util::JsonStringToMessage(settings, config.mutable_settings()).ok(),
          "the settings are JSON");
  return providers::sip::ReadSwitchTemplate(config).value()->webhook;
}

}  // namespace

void SipWebhook(std::string_view bytes) {
  static const providers::sip::WebhookMapping json = MappingOf("{}");
  static const providers::sip::WebhookMapping form =
      MappingOf(R"({"preset":"freeswitch","webhook":{"body":"form","json_field":"cdr"}})");
  providers::Account account;
  account.tenant = base::TenantId("tenant-id");
  account.config.set_id("019a0000-0000-7000-8000-000000000001");
  account.webhook_secret = base::Secret("webhook-secret");
  const uint8_t way = TakeByte(bytes);
  std::string value = "Basic " + crypto::ToBase64("webhook-secret");
  if (way == 'j') value = crypto::ToHex(crypto::HmacSha256("webhook-secret", bytes));
  if (way != 'j' && way != 'f') value = std::string(TakeLine(bytes));
  common::v1::HttpRequest request;
  auto* header = request.add_headers();
  header->set_name(way == 'f' ? "authorization" : "x-signature");
  header->set_value(value);
  request.set_body(std::string(bytes));
  const absl::Time now = absl::FromUnixSeconds(1735787050);  // 2025-01-02T03:04:10Z
  const auto response =
      providers::sip::ReadMappedWebhook(account, way == 'f' ? form : json, request, now, {});
  if (way == 'j' || way == 'f') {
    Require(response.verdict() != ReadWebhookResponse::FORGED, "a right proof fits");
  }
  if (response.verdict() != ReadWebhookResponse::GENUINE) {
    Require(response.facts_size() == 0, "what is refused says nothing");
    Require(!response.reason().empty(), "what is refused says why");
  }
  for (const auto& item : response.facts()) {
    Require(item.tenant_id() == "tenant-id", "a fact is of the account's tenant");
    Require(!item.session().empty() || !item.provider_call_id().empty(), "a fact names a call");
    Require(!item.fact().event_key().empty(), "a fact has a key");
    Require(item.fact().kind() != session::v1::CallFact::KIND_UNSPECIFIED, "a fact has a kind");
  }
}

}  // namespace ctc::fuzz
