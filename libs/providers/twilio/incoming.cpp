#include "libs/providers/twilio/incoming.h"

#include <absl/strings/numbers.h>

#include <algorithm>
#include <optional>

#include "libs/http/message.h"

namespace ctc::providers::twilio {
namespace {

using dispatch::v1::ReadWebhookResponse;

constexpr size_t kMaxBody = 64 << 10;
constexpr size_t kMaxField = 2048;

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
  if (!SignatureFits(SigningToken(account), request, incoming.form, *signature)) {
    return Refused(ReadWebhookResponse::FORGED, "X-Twilio-Signature does not fit");
  }
  if (!query.ok()) return Refused(ReadWebhookResponse::UNREADABLE, "query: is broken");
  for (const auto& [name, value] : incoming.form) {
    if (value.size() <= kMaxField) continue;
    return Refused(ReadWebhookResponse::UNREADABLE, name.substr(0, 64) + ": is too long");
  }
  return incoming;
}

const base::Secret& SigningToken(const Account& account) {
  return account.auth_token.empty() ? account.api_secret : account.auth_token;
}

std::string ValueOf(const Form& form, std::string_view name) {
  for (const auto& [key, value] : form) {
    if (key == name) return value;
  }
  return "";
}

int IntOf(const Form& form, std::string_view name, int fallback) {
  int value = 0;
  return absl::SimpleAtoi(ValueOf(form, name), &value) && value >= 0 ? value : fallback;
}

bool IsSid(std::string_view text) {
  return text.size() >= 2 && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         });
}

bool IsHttpUrl(std::string_view text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

bool IsOver(std::string_view status) {
  return status == "completed" || status == "busy" || status == "no-answer" || status == "failed" ||
         status == "canceled";
}

}  // namespace ctc::providers::twilio
