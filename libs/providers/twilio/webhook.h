// Twilio's callbacks in our words: call progress, conference and recording. Pure; thread-safe.
#pragma once

#include <optional>

#include "libs/providers/adapter.h"

namespace ctc::providers::twilio {

// Verifies X-Twilio-Signature, then reads.
dispatch::v1::ReadWebhookResponse ReadCallback(const Account& account,
                                               const common::v1::HttpRequest& request,
                                               absl::Time now, const ReplayWindow& window);

// What a call's status means for one party, as "busy". Kind unset for words that say nothing.
session::v1::CallFact FactOfStatus(session::v1::Leg::Party party, std::string_view status,
                                   std::string_view answered_by, int sip_code);

// "Tue, 31 Aug 2010 20:36:28 +0000"; nothing when unreadable.
std::optional<absl::Time> ReadTwilioTime(std::string_view text);

}  // namespace ctc::providers::twilio
