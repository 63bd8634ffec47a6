// A callback of Twilio: a line of query, then the form. First byte: 's' signs it rightly, so that
// the reader is reached; 'e' signs it for an account without a token; else a line more is the
// header.
#include "libs/http/message.h"
#include "libs/providers/twilio/webhook.h"
#include "libs/providers/twiml/progress.h"
#include "libs/providers/twiml/signature.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

using dispatch::v1::ReadWebhookResponse;
namespace twilio = providers::twilio;
namespace twiml = providers::twiml;

providers::Account MakeAccount(const base::Secret& token) {
  providers::Account account;
  account.tenant = base::TenantId("tenant-id");
  account.config.set_id("019a0000-0000-7000-8000-000000000002");
  account.config.set_provider_type(common::v1::ProviderType::TWILIO);
  account.auth_token = token;
  return account;
}

void SetHeader(common::v1::HttpRequest& request, std::string name, std::string value) {
  auto& header = *request.add_headers();
  header.set_name(std::move(name));
  header.set_value(std::move(value));
}

void CheckVerdict(const ReadWebhookResponse& response, bool right) {
  const bool genuine = response.verdict() == ReadWebhookResponse::GENUINE;
  if (!right) Require(!genuine, "nobody without the token is genuine");
  if (!genuine) {
    Require(response.facts_size() == 0, "what is refused says nothing");
    Require(!response.reason().empty(), "what is refused says why");
  }
  for (const auto& item : response.facts()) {
    Require(item.tenant_id() == "tenant-id", "a fact is of the account's tenant");
    const bool by_call = item.session().empty() && !item.provider_call_id().empty();
    Require(by_call || base::IsUuid(item.session()), "a fact names a session, or its call");
    Require(!item.fact().event_key().empty(), "a fact has a key");
    Require(item.fact().kind() != session::v1::CallFact::KIND_UNSPECIFIED, "a fact has a kind");
    Require(item.fact().sequence() >= 0, "an order is counted from 1");
  }
}

}  // namespace

void TwilioWebhook(std::string_view bytes) {
  const uint8_t how = TakeByte(bytes);
  const base::Secret token(how == 'e' ? "" : "a1b2c3d4e5f60718293a4b5c6d7e8f90");
  const bool is_signed = how == 's' || how == 'e';
  const std::string given = is_signed ? "" : std::string(TakeLine(bytes));
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_query(std::string(TakeLine(bytes)));
  request.set_url("https://crm.example.com/api/v1/webhooks/voip/twilio?" + request.query());
  request.set_body(std::string(bytes));
  SetHeader(request, "content-type", "application/x-www-form-urlencoded; charset=UTF-8");
  const auto form = http::ParseForm(bytes);
  SetHeader(
      request, "x-twilio-signature",
      is_signed ? twiml::Signature(token, request.url(), form.value_or(twiml::Form())) : given);
  const absl::Time now = absl::FromUnixSeconds(1767268860);  // 2026-01-01T12:01:00Z
  CheckVerdict(twilio::ReadCallback(MakeAccount(token), request, now, {}), how == 's');
  (void)twiml::ReadTime(bytes);
}

}  // namespace ctc::fuzz
