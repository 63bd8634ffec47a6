// A SIP account's settings, and what an order makes of them: a line of settings in JSON, then the
// texts of an order, a line each, then what the switch answers.
#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "libs/base/error.h"
#include "libs/providers/sip/exchange.h"
#include "libs/providers/sip/native/endpoint.h"
#include "libs/providers/sip/switch_template.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

namespace sip = providers::sip;
using dispatch::v1::PlaceCallResponse;

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

dispatch::v1::CallOrder OrderOf(std::string_view& bytes) {
  dispatch::v1::CallOrder order;
  order.set_id("019a0000-0000-7000-8000-000000000001");
  order.set_to_phone(std::string(TakeLine(bytes)));
  order.set_from_phone(std::string(TakeLine(bytes)));
  order.set_agent_phone(std::string(TakeLine(bytes)));
  order.set_contact_name(std::string(TakeLine(bytes)));
  return order;
}

void CheckRequest(const http::ClientRequest& request) {
  Require(request.url.starts_with("https://pbx.example.com"),
          "a request goes to the account's host");
  const std::string_view rest = std::string_view(request.url).substr(23);
  Require(rest.empty() || rest[0] == '/' || rest[0] == '?', "and to no other that begins like it");
  Require(!HasControl(request.url) && request.url.find(' ') == std::string::npos,
          "a URL is one word");
  for (const auto& [name, value] : request.headers) {
    Require(!HasControl(name) && !HasControl(value), "a header is one line");
  }
}

void CheckNative(const providers::Account& account, std::string_view phone) {
  const auto settings = sip::native::ReadNativeSettings(account);
  if (!settings.ok()) return;
  const auto uri = sip::native::PhoneUri(*settings, "", phone);
  if (!uri.ok()) return;
  Require(!HasControl(*uri) && uri->find(' ') == std::string::npos, "a SIP URI is one word");
}

}  // namespace

void SipTemplate(std::string_view bytes) {
  providers::Account account;
  account.tenant = base::TenantId("tenant-id");
  account.config.set_id("019a0000-0000-7000-8000-000000000002");
  account.config.set_provider_type(common::v1::ProviderType::SIP);
  account.config.set_api_url("https://pbx.example.com");
  account.auth_token = base::Secret("token");
  const std::string settings(TakeLine(bytes));
  if (!google::protobuf::util::JsonStringToMessage(settings, account.config.mutable_settings())
           .ok()) {
    return;
  }
  dispatch::v1::CallOrder order = OrderOf(bytes);
  CheckNative(account, order.agent_phone());
  const auto read = sip::ReadSwitchTemplate(account.config);
  if (!read.ok()) {
    Require(!base::DetailOf(read.status()).fields.empty(), "a refusal names its fields");
    return;
  }
  http::ClientResult answer;
  answer.response.status = 200 + TakeByte(bytes);
  answer.response.body = std::string(bytes);
  const sip::Values values = sip::ValuesOf(account, **read, order);
  for (const auto& [name, operation] : (*read)->operations) {
    const auto request = sip::MakeRequest(account, **read, operation, values, absl::Seconds(5));
    if (request.ok()) CheckRequest(*request);
    (void)sip::ControlOutcome(operation, name == "hang_up", answer);
    (void)sip::LookUpOutcome(account, operation, values, answer, absl::UnixEpoch());
    const PlaceCallResponse outcome = sip::PlaceOutcome(operation, values, answer);
    Require(outcome.outcome() != PlaceCallResponse::OUTCOME_UNSPECIFIED,
            "every answer is an outcome");
  }
}

}  // namespace ctc::fuzz
