// An event of Vonage: a line of query, then the body. First byte: 's' signs it rightly, so that the
// reader is reached, 'g' does so for a GET without the body; else a line more is Authorization.
#include "libs/providers/vonage/leg_fact.h"
#include "libs/providers/vonage/samples_for_test.h"
#include "libs/providers/vonage/webhook.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

using dispatch::v1::ReadWebhookResponse;
namespace vonage = providers::vonage;

void CheckVerdict(const ReadWebhookResponse& response, bool right) {
  const bool genuine = response.verdict() == ReadWebhookResponse::GENUINE;
  if (!right) Require(!genuine, "nobody without the secret is genuine");
  if (!genuine) {
    Require(response.facts_size() == 0, "what is refused says nothing");
    Require(!response.reason().empty(), "what is refused says why");
  }
  for (const auto& item : response.facts()) {
    Require(item.tenant_id() == "t 1", "a fact is of the account's tenant");
    Require(base::IsUuid(item.session()) || !item.provider_call_id().empty(),
            "a fact names a session or a call");
    Require(item.fact().event_key().starts_with("vonage:"), "a fact has a key");
    Require(item.fact().kind() != session::v1::CallFact::KIND_UNSPECIFIED, "a fact has a kind");
    Require(item.fact().duration_seconds() >= 0, "a duration is a time");
    const auto& time = item.fact().provider_time();
    Require(time.nanos() >= 0 && time.nanos() < 1'000'000'000, "a time is one");
  }
}

}  // namespace

void VonageWebhook(std::string_view bytes) {
  const uint8_t how = TakeByte(bytes);
  const bool is_signed = how == 's' || how == 'g';
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
  CheckVerdict(vonage::ReadEvent(vonage::AnAccount(), request, vonage::kSignedAt, {}), is_signed);
  (void)vonage::ReadTime(bytes);
}

}  // namespace ctc::fuzz
