#include "libs/providers/sip/webhook_proof.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include "libs/crypto/crypto.h"
#include "libs/providers/signed_webhook.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::ReadWebhookResponse;

WebhookProof Forged(std::string reason) {
  return {ReadWebhookResponse::FORGED, std::move(reason), std::nullopt};
}

// The header's value; nothing when absent or empty, "" when there are two.
std::optional<std::string> OnlyHeader(const common::v1::HttpRequest& request,
                                      const std::string& name) {
  std::optional<std::string> value;
  for (const auto& header : request.headers()) {
    if (header.name() != name || header.value().empty()) continue;
    if (value.has_value()) return "";
    value = header.value();
  }
  return value;
}

std::optional<absl::Time> EpochSeconds(const std::string& text) {
  int64_t seconds = 0;
  // The year 9999 and not beyond, so that no arithmetic overflows.
  if (!absl::SimpleAtoi(text, &seconds) || seconds < 0 || seconds > 253'402'300'799) {
    return std::nullopt;
  }
  return absl::FromUnixSeconds(seconds);
}

WebhookProof ProveHmac(const base::Secret& secret, const WebhookMapping& mapping,
                       const common::v1::HttpRequest& request, const std::string& signature) {
  std::optional<std::string> stamp;
  if (!mapping.timestamp_header.empty()) stamp = OnlyHeader(request, mapping.timestamp_header);
  if (!stamp.has_value()) {
    if (SignatureFits(secret, request.body(), signature)) {
      return {ReadWebhookResponse::GENUINE, "", std::nullopt};
    }
    return Forged(absl::StrCat(mapping.header, " does not fit the body"));
  }
  const std::optional<absl::Time> at = EpochSeconds(*stamp);
  if (!at.has_value() ||
      !SignatureFits(secret, absl::StrCat(*stamp, ".", request.body()), signature)) {
    return Forged(absl::StrCat(mapping.header, " does not fit the time and the body"));
  }
  return {ReadWebhookResponse::GENUINE, "", at};
}

// "t=<seconds>,v1=<hex>"
WebhookProof ProveTimedHmac(const base::Secret& secret, const WebhookMapping& mapping,
                            const common::v1::HttpRequest& request, const std::string& header) {
  const size_t comma = header.find(",v1=");
  if (!header.starts_with("t=") || comma == std::string::npos) {
    return Forged(absl::StrCat(mapping.header, " is not t=...,v1=..."));
  }
  const std::string stamp = header.substr(2, comma - 2);
  const std::optional<absl::Time> at = EpochSeconds(stamp);
  if (!at.has_value() ||
      !SignatureFits(secret, absl::StrCat(stamp, ".", request.body()), header.substr(comma + 4))) {
    return Forged(absl::StrCat(mapping.header, " does not fit the time and the body"));
  }
  return {ReadWebhookResponse::GENUINE, "", at};
}

// The credentials of an Authorization header; nothing when it is of another scheme or broken.
std::optional<std::string> Credentials(const std::string& header, bool basic) {
  const std::string scheme = basic ? "basic " : "bearer ";
  if (header.size() <= scheme.size() ||
      absl::AsciiStrToLower(header.substr(0, scheme.size())) != scheme) {
    return std::nullopt;
  }
  const std::string given = header.substr(scheme.size());
  if (!basic) return given;
  const absl::StatusOr<std::string> pair = crypto::FromBase64(given);
  return pair.ok() ? std::optional<std::string>(*pair) : std::nullopt;
}

}  // namespace

WebhookProof ProveWebhook(const base::Secret& secret, const WebhookMapping& mapping,
                          const common::v1::HttpRequest& request) {
  using Verify = WebhookMapping::Verify;
  const bool signature = mapping.verify == Verify::kHmac || mapping.verify == Verify::kTimedHmac;
  const std::string name = signature ? mapping.header : "authorization";
  const std::optional<std::string> header = OnlyHeader(request, name);
  if (!header.has_value()) {
    return {ReadWebhookResponse::UNSIGNED, absl::StrCat(name, " is missing"), std::nullopt};
  }
  if (secret.empty()) return Forged("the account has no webhook_secret");
  if (mapping.verify == Verify::kHmac) return ProveHmac(secret, mapping, request, *header);
  if (mapping.verify == Verify::kTimedHmac) {
    return ProveTimedHmac(secret, mapping, request, *header);
  }
  const std::optional<std::string> given = Credentials(*header, mapping.verify == Verify::kBasic);
  // Digests are compared, so that not even the length of the secret shows in the time it takes.
  if (given.has_value() &&
      crypto::ConstantTimeEqual(crypto::Sha256(*given), crypto::Sha256(secret.Reveal()))) {
    return {ReadWebhookResponse::GENUINE, "", std::nullopt};
  }
  return Forged("the credentials are not those of webhook_secret");
}

}  // namespace ctc::providers::sip
