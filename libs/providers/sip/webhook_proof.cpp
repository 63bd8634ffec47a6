#include "libs/providers/sip/webhook_proof.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/ids.h"
#include "libs/crypto/crypto.h"
#include "libs/http/message.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/signed_webhook.h"
#include "libs/providers/twiml/signature.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::ReadWebhookResponse;
using Mode = ProofSettings::Mode;
using Text = ProofSettings::Text;

WebhookProof Refusal(ReadWebhookResponse::Verdict verdict, std::string reason) {
  return {verdict, std::move(reason), std::nullopt, ""};
}
WebhookProof Forged(std::string reason) {
  return Refusal(ReadWebhookResponse::FORGED, std::move(reason));
}
WebhookProof Missing(std::string_view header) {
  return Refusal(ReadWebhookResponse::UNSIGNED, absl::StrCat(std::string(header), " is missing"));
}
WebhookProof Genuine(std::optional<absl::Time> signed_at = std::nullopt) {
  return {ReadWebhookResponse::GENUINE, "", signed_at, ""};
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

// The signature's bytes; nothing when it is not written as promised.
std::optional<std::string> SignatureOf(const ProofSettings& settings, std::string_view header) {
  if (!header.starts_with(settings.prefix)) return std::nullopt;
  header.remove_prefix(settings.prefix.size());
  constexpr std::string_view kUsual = "sha256=";
  if (settings.prefix.empty() && header.starts_with(kUsual)) header.remove_prefix(kUsual.size());
  const auto bytes = settings.base64 ? crypto::FromBase64(header) : crypto::FromHex(header);
  return bytes.ok() ? std::optional<std::string>(*bytes) : std::nullopt;
}

bool Fits(const base::Secret& secret, const ProofSettings& settings, std::string_view text,
          std::string_view header) {
  const std::optional<std::string> given = SignatureOf(settings, header);
  if (!given.has_value()) return false;
  if (settings.mode == Mode::kEd25519) {
    return crypto::VerifyEd25519(settings.public_key, text, *given);
  }
  return crypto::ConstantTimeEqual(*given, crypto::HmacSha256(secret.Reveal(), text));
}

// A time that was signed along, sent as a part of the body: whoever saw one webhook could send it
// again that way without its time.
bool BeginsWithTime(std::string_view body) {
  const size_t end = body.find_first_not_of("0123456789");
  return end != 0 && end != std::string_view::npos && body[end] == '.';
}

// A signature of the body, or of the time and the body.
WebhookProof ProveSignature(const base::Secret& secret, const ProofSettings& settings,
                            const common::v1::HttpRequest& request, const std::string& header) {
  std::optional<std::string> stamp;
  if (settings.text != Text::kBody && !settings.timestamp_header.empty()) {
    stamp = OnlyHeader(request, settings.timestamp_header);
  }
  if (!stamp.has_value()) {
    const bool timed = settings.text == Text::kDotted || settings.text == Text::kPiped;
    if (timed) return Missing(settings.timestamp_header);
    if (settings.text == Text::kBodyOrDotted && BeginsWithTime(request.body())) {
      return Forged(absl::StrCat(settings.timestamp_header, " is missing"));
    }
    if (Fits(secret, settings, request.body(), header)) return Genuine();
    return Forged(absl::StrCat(settings.header, " does not fit the body"));
  }
  const char* const joint = settings.text == Text::kPiped ? "|" : ".";
  const std::optional<absl::Time> at = EpochSeconds(*stamp);
  if (at.has_value() &&
      Fits(secret, settings, absl::StrCat(*stamp, joint, request.body()), header)) {
    return Genuine(at);
  }
  return Forged(absl::StrCat(settings.header, " does not fit the time and the body"));
}

// "t=<seconds>,v1=<hex>"
WebhookProof ProveTimedHmac(const base::Secret& secret, const ProofSettings& settings,
                            const common::v1::HttpRequest& request, const std::string& header) {
  const size_t comma = header.find(",v1=");
  if (!header.starts_with("t=") || comma == std::string::npos) {
    return Forged(absl::StrCat(settings.header, " is not t=...,v1=..."));
  }
  const std::string stamp = header.substr(2, comma - 2);
  const std::optional<absl::Time> at = EpochSeconds(stamp);
  if (!at.has_value() ||
      !SignatureFits(secret, absl::StrCat(stamp, ".", request.body()), header.substr(comma + 4))) {
    return Forged(absl::StrCat(settings.header, " does not fit the time and the body"));
  }
  return Genuine(at);
}

// Of the URL, so that the session it names is meant, and of the form's fields.
WebhookProof ProveUrl(const Account& account, const ProofSettings& settings,
                      const common::v1::HttpRequest& request, const std::string& header) {
  const auto form = http::ParseForm(request.body());
  if (!twiml::SignatureFits(account.webhook_secret, request, form.value_or(twiml::Form()), header,
                            account.config.callback_url())) {
    return Forged(absl::StrCat(settings.header, " does not fit the URL and the form"));
  }
  WebhookProof proof = Genuine();
  const auto query = http::ParseForm(request.query());
  const std::string session = twiml::ValueOf(query.value_or(twiml::Form()), "session");
  if (base::IsUuid(session)) proof.session = session;
  return proof;
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

WebhookProof ProveWebhook(const Account& account, const ProofSettings& settings,
                          const common::v1::HttpRequest& request) {
  const base::Secret& secret = account.webhook_secret;
  if (settings.mode == Mode::kUrlToken) {
    CallbackVerdict verdict = CheckCallback(account, base::Secret(), request);
    return {verdict.verdict, std::move(verdict.reason), std::nullopt, std::move(verdict.session)};
  }
  const bool credentials = settings.mode == Mode::kBasic || settings.mode == Mode::kBearer;
  const std::string name = credentials ? "authorization" : settings.header;
  const std::optional<std::string> header = OnlyHeader(request, name);
  if (!header.has_value()) return Missing(name);
  if (settings.mode == Mode::kEd25519) return ProveSignature(secret, settings, request, *header);
  if (secret.empty()) return Forged("the account has no webhook_secret");
  if (settings.mode == Mode::kUrlHmac) return ProveUrl(account, settings, request, *header);
  if (settings.mode == Mode::kHmac) return ProveSignature(secret, settings, request, *header);
  if (settings.mode == Mode::kTimedHmac) return ProveTimedHmac(secret, settings, request, *header);
  const std::optional<std::string> given = Credentials(*header, settings.mode == Mode::kBasic);
  // Digests are compared, so that not even the length of the secret shows in the time it takes.
  if (given.has_value() &&
      crypto::ConstantTimeEqual(crypto::Sha256(*given), crypto::Sha256(secret.Reveal()))) {
    return Genuine();
  }
  return Forged("the credentials are not those of webhook_secret");
}

bool IsOutside(std::optional<absl::Time> at, absl::Time now, const ReplayWindow& window) {
  return at.has_value() && (*at < now - window.max_age || *at > now + window.max_skew);
}

bool IsOutside(const WebhookProof& proof, const ProofSettings& settings, absl::Time now,
               const ReplayWindow& window) {
  ReplayWindow of_signature = window;
  of_signature.max_age = std::min(window.max_age, settings.tolerance.value_or(window.max_age));
  return IsOutside(proof.signed_at, now, of_signature);
}

}  // namespace ctc::providers::sip
