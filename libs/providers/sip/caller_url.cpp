#include "libs/providers/sip/caller_url.h"

#include <absl/strings/str_cat.h>

#include "libs/crypto/crypto.h"
#include "libs/http/message.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/twiml/form.h"
#include "libs/providers/twiml/question.h"

namespace ctc::providers::sip {
namespace {

constexpr std::string_view kEvents = "/api/v1/webhooks/voip/sip";
constexpr std::string_view kFlow = "/api/v1/webhooks/voip/sip/flow";

// An account without webhook_secret proves its webhooks by a public key.
bool HasKey(const Account& account) {
  return !account.webhook_secret.empty() || !account.api_key.empty();
}

}  // namespace

std::string CallerFlowUrl(const Account& account, const std::string& session, int step,
                          std::string_view on) {
  return CallUrl(account, account.api_key, kFlow, session) + twiml::StepQuery(step, on);
}

std::string CallerEventUrl(const Account& account, const std::string& session,
                           std::string_view leg) {
  return CallUrl(account, account.api_key, kEvents, session).append("&leg=").append(leg);
}

std::string VouchedSession(const Account& account, const WebhookProof& proof,
                           std::string_view query) {
  const auto pairs = http::ParseForm(query);
  if (!pairs.ok()) return "";
  const std::string session = twiml::ValueOf(*pairs, "session");
  if (!base::IsUuid(session)) return "";
  if (proof.session == session) return session;
  const bool fits = crypto::ConstantTimeEqual(CallToken(account, account.api_key, session),
                                              twiml::ValueOf(*pairs, "token"));
  return fits && HasKey(account) ? session : "";
}

}  // namespace ctc::providers::sip
