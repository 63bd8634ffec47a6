#include "libs/providers/callback_token.h"

#include <catch2/catch.hpp>

#include "libs/crypto/crypto.h"

namespace ctc::providers {
namespace {

using dispatch::v1::ReadWebhookResponse;

const std::string kSession = "01930000-0000-7000-8000-000000000001";
const std::string kOther = "01930000-0000-7000-8000-000000000002";
const base::Secret kApiSecret("api-secret");

Account AnAccount(const std::string& webhook_secret = "") {
  Account account;
  account.tenant = base::TenantId("t 1");
  account.config.set_id("p1");
  account.webhook_secret = base::Secret(webhook_secret);
  account.public_url = "https://crm.example.com";
  return account;
}

common::v1::HttpRequest To(const std::string& url) {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_url(url);
  request.set_query(url.substr(url.find('?') + 1));
  request.set_body("a=1");
  return request;
}

common::v1::HttpRequest Signed(const std::string& secret) {
  common::v1::HttpRequest request = To("https://x/?session=" + kSession);
  auto& header = *request.add_headers();
  header.set_name("x-signature");
  header.set_value(crypto::ToHex(crypto::HmacSha256(secret, request.body())));
  return request;
}

ReadWebhookResponse::Verdict Check(const Account& account, const common::v1::HttpRequest& request) {
  return CheckCallback(account, kApiSecret, request).verdict;
}

TEST_CASE("a call's own URL is recognised", "[callback]") {
  const Account account = AnAccount();
  const std::string url = CallUrl(account, kApiSecret, "/hook", kSession);
  CHECK(
      url.starts_with("https://crm.example.com/hook?tenant=t%201&session=" + kSession + "&token="));
  const CallbackVerdict verdict = CheckCallback(account, kApiSecret, To(url + "&leg=customer"));
  CHECK(verdict.verdict == ReadWebhookResponse::GENUINE);
  CHECK(verdict.session == kSession);
}

TEST_CASE("a token fits one call of one account of one tenant", "[callback]") {
  const Account account = AnAccount("whsec");
  const auto tokened = [](const std::string& session, const std::string& token) {
    return To("https://x/?session=" + session + "&token=" + token);
  };
  const std::string token = CallToken(account, kApiSecret, kSession);
  CHECK(Check(account, tokened(kSession, token)) == ReadWebhookResponse::GENUINE);
  CHECK(Check(account, tokened(kOther, token)) == ReadWebhookResponse::FORGED);
  CHECK(Check(account, tokened("", token)) == ReadWebhookResponse::FORGED);
  CHECK(Check(account, tokened(kSession, token + "0")) == ReadWebhookResponse::FORGED);
  CHECK(Check(account, tokened(kSession, "")) == ReadWebhookResponse::UNSIGNED);
  CHECK(Check(account, To("https://x/?session=" + kSession)) == ReadWebhookResponse::UNSIGNED);
  CHECK(Check(account, To("https://x/?token=%zz")) == ReadWebhookResponse::FORGED);
  Account tenant = account;
  tenant.tenant = base::TenantId("t2");
  CHECK(Check(tenant, tokened(kSession, token)) == ReadWebhookResponse::FORGED);
  Account second = account;
  second.config.set_id("p2");
  CHECK(Check(second, tokened(kSession, token)) == ReadWebhookResponse::FORGED);
  CHECK(Check(AnAccount("other"), tokened(kSession, token)) == ReadWebhookResponse::FORGED);
}

TEST_CASE("the token of no call is no token", "[callback]") {
  const Account account = AnAccount();
  const std::string token = CallToken(account, kApiSecret, "");
  CHECK(Check(account, To("https://x/?session=&token=" + token)) == ReadWebhookResponse::FORGED);
  CHECK(Check(account, To("https://x/?token=" + token)) == ReadWebhookResponse::FORGED);
}

TEST_CASE("an account without any secret lets nothing in", "[callback]") {
  const Account account = AnAccount();
  const base::Secret none;
  const std::string url = CallUrl(account, none, "/hook", kSession);
  CHECK(CheckCallback(account, none, To(url)).verdict == ReadWebhookResponse::FORGED);
  CHECK(Check(account, To("https://x/?token=")) == ReadWebhookResponse::UNSIGNED);
  CHECK(Check(account, Signed("")) == ReadWebhookResponse::FORGED);
}

TEST_CASE("people put the webhook_secret into a URL of the panel", "[callback]") {
  const Account account = AnAccount("whsec");
  const CallbackVerdict verdict =
      CheckCallback(account, kApiSecret, To("https://x/?tenant=t1&token=whsec"));
  CHECK(verdict.verdict == ReadWebhookResponse::GENUINE);
  CHECK(verdict.session.empty());
  CHECK(Check(account, To("https://x/?token=api-secret")) == ReadWebhookResponse::FORGED);
}

TEST_CASE("X-Signature of a proxy stands for the token, and must be right", "[callback]") {
  const Account account = AnAccount("whsec");
  CHECK(Check(account, Signed("whsec")) == ReadWebhookResponse::GENUINE);
  CHECK(CheckCallback(account, kApiSecret, Signed("whsec")).session.empty());
  CHECK(Check(account, Signed("other")) == ReadWebhookResponse::FORGED);
  CHECK(Check(AnAccount(), Signed("api-secret")) == ReadWebhookResponse::FORGED);
  common::v1::HttpRequest twice = Signed("whsec");
  *twice.add_headers() = twice.headers(0);
  CHECK(Check(account, twice) == ReadWebhookResponse::FORGED);
  common::v1::HttpRequest changed = Signed("whsec");
  changed.set_body("a=2");
  CHECK(Check(account, changed) == ReadWebhookResponse::FORGED);
}

}  // namespace
}  // namespace ctc::providers
