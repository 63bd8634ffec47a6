// What Indian carriers share: numbers in national form, times without a zone. Pure; thread-safe.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>

namespace ctc::providers {

// "+919800000001" for 9800000001, 09800000001, 919800000001, +91 98000 00001 and 0091...; other
// numbers with "+" or "00" keep their country. "" for what is no number (withheld, SIP addresses).
std::string ReadIndianNumber(std::string_view text);

// "9800000001" for "+919800000001"; "" when the number is not Indian.
std::string NationalIndianNumber(std::string_view e164);

// "2025-03-04 11:02:33" or "05-03-2025 11:00:00" or "Wed, 05 Mar 2025 12:31:59", all UTC+05:30.
// Nothing for the epoch, "0000-00-00" and what is no time.
std::optional<absl::Time> ReadIndianTime(std::string_view text);

// "2025-03-04 11:02:33".
std::string IndianTimeText(absl::Time time);

}  // namespace ctc::providers
