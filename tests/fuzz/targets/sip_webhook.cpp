// A SIP switch's webhook. First byte: 'j' signs the JSON body rightly, 'f' sends a FreeSWITCH call
// record as a form with the right credentials; 'e' has an Ed25519 signature and its time in two
// lines, 'm' those of an HMAC in base64, 'q' the URL's query in one; else the first line is a
// signature as it came.
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

// What proves it: the lines of signature and time, or the query.
common::v1::HttpRequest TakeRequest(uint8_t way, std::string_view& bytes) {
  common::v1::HttpRequest request;
  const auto add = [&](const char* name, std::string value) {
    auto* header = request.add_headers();
    header->set_name(name);
    header->set_value(std::move(value));
  };
  if (way == 'j') {
    add("x-signature", crypto::ToHex(crypto::HmacSha256("webhook-secret", bytes)));
  } else if (way == 'f') {
    add("authorization", "Basic " + crypto::ToBase64("webhook-secret"));
  } else if (way == 'q') {
    request.set_query(std::string(TakeLine(bytes)));
  } else {
    add("x-signature", std::string(TakeLine(bytes)));
    if (way == 'e' || way == 'm') add("x-timestamp", std::string(TakeLine(bytes)));
  }
  request.set_body(std::string(bytes));
  return request;
}

const providers::sip::WebhookMapping& MappingFor(uint8_t way) {
  static const providers::sip::WebhookMapping json = MappingOf("{}");
  static const providers::sip::WebhookMapping form =
      MappingOf(R"({"preset":"freeswitch","webhook":{"body":"form","json_field":"cdr"}})");
  static const providers::sip::WebhookMapping ed25519 = MappingOf(
      R"({"webhook":{"verify":{"mode":"ed25519","public_key":"A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="}}})");
  static const providers::sip::WebhookMapping hmac = MappingOf(
      R"({"webhook":{"verify":{"signed":"ts|body","encoding":"base64","prefix":"v0=","tolerance_seconds":60}}})");
  static const providers::sip::WebhookMapping token =
      MappingOf(R"({"webhook":{"verify":{"mode":"url_token"}}})");
  switch (way) {
    case 'f':
      return form;
    case 'e':
      return ed25519;
    case 'm':
      return hmac;
    case 'q':
      return token;
    default:
      return json;
  }
}

// Such a body is refused though its signature fits: its first part may be the time of another
// request that was signed with it.
bool BeginsWithTime(std::string_view body) {
  const size_t end = body.find_first_not_of("0123456789");
  return end != 0 && end != std::string_view::npos && body[end] == '.';
}

}  // namespace

void SipWebhook(std::string_view bytes) {
  providers::Account account;
  account.tenant = base::TenantId("tenant-id");
  account.config.set_id("019a0000-0000-7000-8000-000000000001");
  account.webhook_secret = base::Secret("webhook-secret");
  const uint8_t way = TakeByte(bytes);
  const common::v1::HttpRequest request = TakeRequest(way, bytes);
  const absl::Time now = absl::FromUnixSeconds(1735787050);  // 2025-01-02T03:04:10Z
  const auto response =
      providers::sip::ReadMappedWebhook(account, MappingFor(way), request, now, {});
  if (way == 'j' || way == 'f') {
    const bool unclear = way == 'j' && BeginsWithTime(request.body());
    Require((response.verdict() == ReadWebhookResponse::FORGED) == unclear, "a right proof fits");
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
