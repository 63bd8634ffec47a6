// Vonage's signed webhooks: a JWT under HS256 in Authorization, with a hash of what was sent. Pure;
// thread-safe.
#pragma once

#include <string>

#include "libs/providers/adapter.h"

namespace ctc::providers::vonage {

struct SignatureCheck {
  dispatch::v1::ReadWebhookResponse::Verdict verdict = dispatch::v1::ReadWebhookResponse::FORGED;
  std::string reason;  // for the log; empty when GENUINE
};

// The key is the account's webhook_secret. HS256 and nothing else is taken, whatever the token says
// of itself. What is too old is told as OUTSIDE_WINDOW by the time of signing (`iat`). A token used
// twice is not refused: facts have keys and steps have numbers, so that it changes nothing.
SignatureCheck CheckSignature(const Account& account, const common::v1::HttpRequest& request,
                              absl::Time now, const ReplayWindow& window);

// What `payload_hash` is the SHA-256 of: the body's bytes as they came; of a GET, the parameters in
// their order as one JSON object of strings, as JavaScript's JSON.stringify writes it.
std::string HashedText(const common::v1::HttpRequest& request);

}  // namespace ctc::providers::vonage
