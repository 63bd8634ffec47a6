#include "libs/providers/vonage/signature.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "libs/crypto/crypto.h"
#include "libs/http/message.h"

namespace ctc::providers::vonage {
namespace {

using dispatch::v1::ReadWebhookResponse;
using Json = nlohmann::json;

constexpr size_t kMaxToken = 8 << 10;
constexpr std::string_view kScheme = "Bearer ";

struct Token {
  std::string_view signed_text;
  std::string signature;
  Json header;
  Json claims;
};

Json ParsePart(std::string_view part) {
  const auto text = crypto::FromBase64Url(part);
  return text.ok() ? Json::parse(*text, nullptr, false) : Json();
}

std::optional<Token> Split(std::string_view text) {
  const size_t first = text.find('.');
  const size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.size() > kMaxToken) return std::nullopt;
  Token token;
  token.signed_text = text.substr(0, second);
  auto signature = crypto::FromBase64Url(text.substr(second + 1));
  if (!signature.ok()) return std::nullopt;
  token.signature = *std::move(signature);
  token.header = ParsePart(text.substr(0, first));
  token.claims = ParsePart(text.substr(first + 1, second - first - 1));
  if (!token.header.is_object() || !token.claims.is_object()) return std::nullopt;
  return token;
}

// The one Authorization header; nothing when there is none, "" when there are several.
std::optional<std::string> AuthorizationOf(const common::v1::HttpRequest& request) {
  std::optional<std::string> found;
  for (const auto& header : request.headers()) {
    if (header.name() != "authorization") continue;
    if (found.has_value()) return "";
    found = header.value();
  }
  return found;
}

std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<absl::Time> TimeOf(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number_integer()) return std::nullopt;
  return absl::FromUnixSeconds(found->get<int64_t>());
}

// A claim that may be absent, but never another's.
bool IsOurs(const Json& claims, const char* name, std::string_view ours) {
  return ours.empty() || !claims.contains(name) || TextOf(claims, name) == ours;
}

SignatureCheck Forged(std::string reason) {
  return {ReadWebhookResponse::FORGED, std::move(reason)};
}

SignatureCheck CheckTime(const Json& claims, absl::Time now, const ReplayWindow& window) {
  const std::optional<absl::Time> made = TimeOf(claims, "iat");
  if (!made.has_value()) return Forged("iat: is missing or not a number");
  const bool expired = claims.contains("exp") &&
                       TimeOf(claims, "exp").value_or(absl::InfinitePast()) < now - window.max_skew;
  if (expired || *made < now - window.max_age || *made > now + window.max_skew) {
    return {ReadWebhookResponse::OUTSIDE_WINDOW, "iat: is too old or in the future"};
  }
  return {ReadWebhookResponse::GENUINE, ""};
}

}  // namespace

std::string HashedText(const common::v1::HttpRequest& request) {
  if (request.method() != "GET") return request.body();
  nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
  const auto pairs = http::ParseForm(request.query());
  if (!pairs.ok()) return "";
  for (const auto& [name, value] : *pairs) parameters[name] = value;
  return parameters.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

SignatureCheck CheckSignature(const Account& account, const common::v1::HttpRequest& request,
                              absl::Time now, const ReplayWindow& window) {
  const std::optional<std::string> header = AuthorizationOf(request);
  if (!header.has_value()) {
    return {ReadWebhookResponse::UNSIGNED, "Authorization is missing: signed webhooks must be on"};
  }
  const std::string_view text = *header;
  if (account.webhook_secret.empty() || !text.starts_with(kScheme)) {
    return Forged("Authorization is not one bearer token, or the account has no webhook_secret");
  }
  const std::optional<Token> token = Split(text.substr(kScheme.size()));
  if (!token.has_value()) return Forged("the token is not a JWT");
  if (TextOf(token->header, "alg") != "HS256") return Forged("alg: must be HS256");
  const std::string expected =
      crypto::HmacSha256(account.webhook_secret.Reveal(), token->signed_text);
  if (!crypto::ConstantTimeEqual(expected, token->signature)) {
    return Forged("the token's signature does not fit webhook_secret");
  }
  const Json& claims = token->claims;
  if (TextOf(claims, "iss") != "Vonage") return Forged("iss: must be Vonage");
  if (!IsOurs(claims, "api_key", account.api_key.Reveal())) {
    return Forged("api_key: is another account's");
  }
  if (!IsOurs(claims, "application_id", account.config.application_id())) {
    return Forged("application_id: is another application's");
  }
  const std::string hash = crypto::ToHex(crypto::Sha256(HashedText(request)));
  if (!crypto::ConstantTimeEqual(hash, TextOf(claims, "payload_hash"))) {
    return Forged("payload_hash: does not fit what was sent");
  }
  return CheckTime(claims, now, window);
}

}  // namespace ctc::providers::vonage
