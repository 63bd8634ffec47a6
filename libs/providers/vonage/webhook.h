// Vonage's event webhooks in our words: the life of legs, recordings and errors. Pure; thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "libs/providers/adapter.h"

namespace ctc::providers::vonage {

// Verifies the signature, then reads.
dispatch::v1::ReadWebhookResponse ReadEvent(const Account& account,
                                            const common::v1::HttpRequest& request, absl::Time now,
                                            const ReplayWindow& window);

// The fields of an event or question: the JSON object of the body, or of a GET its parameters, as
// strings. Nothing when it is neither, too long, or broken.
std::optional<nlohmann::json> FieldsOf(const common::v1::HttpRequest& request);

}  // namespace ctc::providers::vonage
