#include "libs/providers/twilio/incoming.h"

#include <optional>

#include "libs/http/message.h"
#include "libs/providers/twiml/signature.h"

namespace ctc::providers::twilio {
namespace {

using dispatch::v1::ReadWebhookResponse;

constexpr size_t kMaxBody = 64 << 10;

std::optional<std::string> SignatureOf(const common::v1::HttpRequest& request) {
  std::optional<std::string> signature;
  for (const auto& header : request.headers()) {
    if (header.name() != "x-twilio-signature") continue;
    if (signature.has_value()) return "";  // two are one too many
    signature = header.value();
  }
  return signature;
}

Incoming Refused(ReadWebhookResponse::Verdict verdict, std::string reason) {
  Incoming incoming;
  incoming.verdict = verdict;
  incoming.reason = std::move(reason);
  return incoming;
}

}  // namespace

Incoming Verify(const Account& account, const common::v1::HttpRequest& request) {
  const std::optional<std::string> signature = SignatureOf(request);
  if (!signature.has_value()) {
    return Refused(ReadWebhookResponse::UNSIGNED, "X-Twilio-Signature is missing");
  }
  const auto query = http::ParseForm(request.query());
  const auto body = request.body().size() > kMaxBody
                        ? absl::StatusOr<Form>(absl::InvalidArgumentError("too long"))
                        : http::ParseForm(request.body());
  Incoming incoming;
  incoming.verdict = ReadWebhookResponse::GENUINE;
  incoming.query = query.value_or(Form());
  incoming.form = request.method() == "GET" ? incoming.query : body.value_or(Form());
  if (!twiml::SignatureFits(SigningToken(account), request, incoming.form, *signature,
                            account.config.callback_url())) {
    return Refused(ReadWebhookResponse::FORGED, "X-Twilio-Signature does not fit");
  }
  if (!query.ok()) return Refused(ReadWebhookResponse::UNREADABLE, "query: is broken");
  if (const std::string name = twiml::OverlongField(incoming.form); !name.empty()) {
    return Refused(ReadWebhookResponse::UNREADABLE, name + ": is too long");
  }
  return incoming;
}

const base::Secret& SigningToken(const Account& account) {
  return account.auth_token.empty() ? account.api_secret : account.auth_token;
}

}  // namespace ctc::providers::twilio
