// Callbacks and questions of Exotel: a line of query, then the body. First byte: 's' adds the right
// token, else none fits; 'm' and 'j' also pick multipart and JSON.
#include "libs/providers/exotel/flow.h"
#include "libs/providers/exotel/webhook.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

using dispatch::v1::ReadWebhookResponse;
namespace exotel = providers::exotel;

providers::Account MakeAccount() {
  providers::Account account;
  account.tenant = base::TenantId("tenant-id");
  account.config.set_id("019a0000-0000-7000-8000-000000000002");
  account.config.set_api_url("https://api.in.exotel.com");
  account.webhook_secret = base::Secret("a1b2c3d4e5f60718293a4b5c6d7e8f90");
  account.public_url = "https://crm.example.com";
  return account;
}

void CheckFacts(const ReadWebhookResponse& read, bool right) {
  const bool genuine = read.verdict() == ReadWebhookResponse::GENUINE;
  if (!right) Require(!genuine, "nobody without the token is genuine");
  if (!genuine) {
    Require(read.facts_size() == 0 && !read.reason().empty(), "what is refused says why alone");
  }
  for (const auto& item : read.facts()) {
    Require(item.tenant_id() == "tenant-id", "a fact is of the account's tenant");
    Require(exotel::IsCallSid(item.provider_call_id()), "a fact is of a call");
    Require(!item.fact().event_key().empty(), "a fact has a key");
    Require(item.fact().kind() != session::v1::CallFact::KIND_UNSPECIFIED, "a fact has a kind");
    Require(item.fact().duration_seconds() >= 0, "no talk is shorter than none");
    const std::string& url = item.fact().recording_url();
    Require(url.empty() || exotel::IsRecordingHost(MakeAccount(), url), "a recording is Exotel's");
  }
}

}  // namespace

void ExotelCallback(std::string_view bytes) {
  const uint8_t how = TakeByte(bytes);
  const bool right = how == 's' || how == 'm' || how == 'j';
  common::v1::HttpRequest request;
  request.set_query(std::string(TakeLine(bytes)));
  if (right) request.set_query("token=a1b2c3d4e5f60718293a4b5c6d7e8f90&" + request.query());
  request.set_method(bytes.empty() ? "GET" : "POST");
  request.set_body(std::string(bytes));
  auto& type = *request.add_headers();
  type.set_name("content-type");
  type.set_value(how == 'm'   ? "multipart/form-data; boundary=b"
                 : how == 'j' ? "application/json"
                              : "application/x-www-form-urlencoded");
  const absl::Time now = absl::FromUnixSeconds(1'741'066'600);
  CheckFacts(exotel::ReadCallback(MakeAccount(), request, now, {}), right);
  const auto question = exotel::ReadQuestion(MakeAccount(), request);
  if (!right) {
    Require(question.verdict() != ReadWebhookResponse::GENUINE, "no question without the token");
  }
}

}  // namespace ctc::fuzz
