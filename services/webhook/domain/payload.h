// What of a provider's text may be kept in the log. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace ctc::webhook {

// The text without the values of credentials and of digits a party pressed, in JSON, in a form, in
// XML, or in any of them encoded within another, at most 8 times; valid UTF-8 without control
// characters (but line breaks and tabs), cut to `max_bytes`.
std::string CleanPayload(std::string_view body, size_t max_bytes);

// A short text from outside for a column: valid UTF-8, no control characters, cut to `max_bytes`.
std::string CleanText(std::string_view text, size_t max_bytes);

}  // namespace ctc::webhook
