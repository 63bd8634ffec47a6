// Twilio's callbacks in our words: call progress, conference and recording. Pure; thread-safe.
#pragma once

#include "libs/providers/adapter.h"

namespace ctc::providers::twilio {

// Verifies X-Twilio-Signature, then reads.
dispatch::v1::ReadWebhookResponse ReadCallback(const Account& account,
                                               const common::v1::HttpRequest& request,
                                               absl::Time now, const ReplayWindow& window);

}  // namespace ctc::providers::twilio
