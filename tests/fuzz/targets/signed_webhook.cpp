// A webhook with X-Signature. First byte: 's' signs the body rightly, so that its reader is
// reached; else the first line is the header as it came.
#include <algorithm>

#include "libs/crypto/crypto.h"
#include "libs/providers/signed_webhook.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

using dispatch::v1::ReadWebhookResponse;

providers::Account MakeAccount() {
  providers::Account account;
  account.tenant = base::TenantId("tenant-id");
  account.config.set_id("019a0000-0000-7000-8000-000000000001");
  account.config.set_provider_type(common::v1::ProviderType::ASTERISK);
  account.webhook_secret = base::Secret("webhook-secret");
  return account;
}

void CheckFacts(const ReadWebhookResponse& response) {
  Require(response.facts_size() > 0, "a genuine event says something");
  for (const auto& item : response.facts()) {
    Require(item.tenant_id() == "tenant-id", "a fact is of the account's tenant");
    Require(!item.session().empty() || !item.provider_call_id().empty(), "a fact names a call");
    Require(!item.fact().event_key().empty(), "a fact has a key");
    Require(item.fact().kind() != session::v1::CallFact::KIND_UNSPECIFIED, "a fact has a kind");
  }
}

}  // namespace

void SignedWebhook(std::string_view bytes) {
  const providers::Account account = MakeAccount();
  const bool right = TakeByte(bytes) == 's';
  const std::string header = right ? crypto::ToHex(crypto::HmacSha256("webhook-secret", bytes))
                                   : std::string(TakeLine(bytes));
  common::v1::HttpRequest request;
  request.set_method("POST");
  auto* field = request.add_headers();
  field->set_name("x-signature");
  field->set_value(header);
  request.set_body(std::string(bytes));
  const absl::Time now = absl::FromUnixSeconds(1764757800);  // 2025-12-03T10:30:00Z
  const auto response = providers::ReadSignedWebhook(account, request, now, {});
  const bool refused_by_signature = response.verdict() == ReadWebhookResponse::UNSIGNED ||
                                    response.verdict() == ReadWebhookResponse::FORGED;
  if (right) Require(!refused_by_signature, "a right signature fits");
  if (response.verdict() == ReadWebhookResponse::GENUINE) {
    CheckFacts(response);
  } else {
    Require(response.facts_size() == 0, "what is refused says nothing");
    Require(!response.reason().empty(), "what is refused says why");
  }
}

}  // namespace ctc::fuzz
