#include "libs/providers/callback_token.h"

#include <absl/strings/str_cat.h>

#include "libs/base/ids.h"
#include "libs/crypto/crypto.h"
#include "libs/http/message.h"
#include "libs/providers/callback_fields.h"
#include "libs/providers/signed_webhook.h"

namespace ctc::providers {
namespace {

using dispatch::v1::ReadWebhookResponse;

const base::Secret& KeyOf(const Account& account, const base::Secret& fallback) {
  return account.webhook_secret.empty() ? fallback : account.webhook_secret;
}

int CountOf(const common::v1::HttpRequest& request, std::string_view name) {
  int count = 0;
  for (const auto& header : request.headers()) count += header.name() == name ? 1 : 0;
  return count;
}

CallbackVerdict Forged(std::string reason) {
  return {ReadWebhookResponse::FORGED, std::move(reason), ""};
}

}  // namespace

std::string CallToken(const Account& account, const base::Secret& fallback,
                      std::string_view session) {
  const std::string text = absl::StrCat("callback\n", account.tenant.value(), "\n",
                                        account.config.id(), "\n", std::string(session));
  return crypto::ToHex(crypto::HmacSha256(KeyOf(account, fallback).Reveal(), text)).substr(0, 40);
}

std::string CallUrl(const Account& account, const base::Secret& fallback, std::string_view path,
                    std::string_view session) {
  return absl::StrCat(
      account.public_url, std::string(path), "?tenant=", http::Encode(account.tenant.value()),
      "&session=", std::string(session), "&token=", CallToken(account, fallback, session));
}

CallbackVerdict CheckCallback(const Account& account, const base::Secret& fallback,
                              const common::v1::HttpRequest& request) {
  const auto query = CallbackFields::ReadQuery(request);
  if (!query.ok()) return Forged("the query cannot be read");
  const std::string session(query->Raw("session"));
  const bool ours = base::IsUuid(session);
  if (const int count = CountOf(request, "x-signature"); count > 0) {
    const bool fits = count == 1 && SignatureFits(account.webhook_secret, request.body(),
                                                  HeaderOf(request, "x-signature"));
    if (!fits) return Forged("X-Signature does not fit the body");
    // The query is not signed: whose call it is must stand in the body.
    return {ReadWebhookResponse::GENUINE, "", ""};
  }
  const std::string_view token = query->Raw("token");
  if (token.empty()) return {ReadWebhookResponse::UNSIGNED, "token= is missing in the URL", ""};
  // Both are always computed: how long it takes tells nothing.
  const bool of_call = crypto::ConstantTimeEqual(CallToken(account, fallback, session), token);
  const bool of_account = crypto::ConstantTimeEqual(account.webhook_secret.Reveal(), token);
  if (ours && of_call && !KeyOf(account, fallback).empty()) {
    return {ReadWebhookResponse::GENUINE, "", session};
  }
  if (of_account && !account.webhook_secret.empty()) {
    return {ReadWebhookResponse::GENUINE, "", ours ? session : ""};
  }
  return Forged("token= does not fit");
}

}  // namespace ctc::providers
