// Digits into a running call: Twilio has no request for them, but plays a document of ours to one
// participant, and a document may hold digits. They travel in its URL, sealed, since they may be a
// card's. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/providers/adapter.h"

namespace ctc::providers::twilio {

// Where Twilio is to ask for the document; a callback URL of the leg "digits".
absl::StatusOr<std::string> DigitsUrl(const Account& account, const std::string& call,
                                      std::string_view digits);

// The document for what such a URL carries. UNAUTHENTICATED when it was not made for this call.
absl::StatusOr<std::string> DigitsTwiml(const Account& account, const std::string& call,
                                        std::string_view sealed);

}  // namespace ctc::providers::twilio
