#include "libs/providers/indian.h"

#include <algorithm>

namespace ctc::providers {
namespace {

// National (significant) numbers of the Indian plan have ten digits.
constexpr size_t kNational = 10;
constexpr std::string_view kCountry = "91";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

absl::TimeZone Zone() { return absl::FixedTimeZone(5 * 3600 + 30 * 60); }

// Digits with the blanks people write between them; "" when anything else is there.
std::string DigitsOf(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (IsDigit(c)) digits.push_back(c);
    if (!IsDigit(c) && c != ' ' && c != '-' && c != '(' && c != ')') return "";
  }
  return digits;
}

}  // namespace

std::string ReadIndianNumber(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const bool plus = text.starts_with('+');
  if (plus) text.remove_prefix(1);
  std::string digits = DigitsOf(text);
  bool international = plus;
  if (!plus && digits.starts_with("00")) {
    digits.erase(0, 2);
    international = true;
  }
  if (!international) {
    if (digits.size() == kNational + 1 && digits.starts_with('0')) digits.erase(0, 1);
    if (digits.size() == kNational) digits.insert(0, kCountry);
  }
  if (digits.size() < 2 || digits.size() > 15 || digits.starts_with('0')) return "";
  return "+" + digits;
}

std::string NationalIndianNumber(std::string_view e164) {
  if (!e164.starts_with("+91") || e164.size() != 3 + kNational) return "";
  const std::string_view national = e164.substr(3);
  return std::all_of(national.begin(), national.end(), IsDigit) ? std::string(national) : "";
}

std::optional<absl::Time> ReadIndianTime(std::string_view text) {
  if (text.empty() || text.size() > 40) return std::nullopt;
  const bool day_first = text.size() > 2 && text[2] == '-';
  const char* format = text.find(',') != std::string_view::npos ? "%a, %d %b %Y %H:%M:%S"
                       : day_first                              ? "%d-%m-%Y %H:%M:%S"
                                                                : "%Y-%m-%d %H:%M:%S";
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(format, {text.data(), text.size()}, Zone(), &time, &error)) {
    return std::nullopt;
  }
  if (time <= absl::UnixEpoch() || time == absl::InfiniteFuture()) return std::nullopt;
  return time;
}

std::string IndianTimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", time, Zone());
}

}  // namespace ctc::providers
