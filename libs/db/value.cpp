// Reading columns, whose text is MySQL's own, as numbers and times; times as such text.
#include "libs/db/value.h"

#include <absl/time/civil_time.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace ctc::db {
namespace {

// The number made of `count` digits at `position`, or -1.
int Digits(std::string_view text, size_t position, size_t count) {
  if (position + count > text.size()) return -1;
  int value = 0;
  for (size_t i = position; i < position + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// "2026-01-02 03:04:05" and up to six digits of a fraction.
absl::Time ParseDateTime(std::string_view text) {
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  const int day = Digits(text, 8, 2);
  if (year <= 0 || month <= 0 || day <= 0) return absl::InfinitePast();
  int hour = 0, minute = 0, second = 0, micros = 0;
  if (text.size() >= 19) {
    hour = Digits(text, 11, 2);
    minute = Digits(text, 14, 2);
    second = Digits(text, 17, 2);
    if (hour < 0 || minute < 0 || second < 0) return absl::InfinitePast();
  }
  if (text.size() > 20 && text[19] == '.') {
    int scale = 100000;
    for (size_t i = 20; i < text.size() && scale > 0; ++i, scale /= 10) {
      const int digit = Digits(text, i, 1);
      if (digit < 0) return absl::InfinitePast();
      micros += digit * scale;
    }
  }
  const absl::CivilSecond civil(year, month, day, hour, minute, second);
  return absl::FromCivil(civil, absl::UTCTimeZone()) + absl::Microseconds(micros);
}

// The decimal digits of `value`, ending at `last`.
void PutDigits(char* last, int64_t value) {
  for (; value > 0; --last, value /= 10) *last = static_cast<char>('0' + (value % 10));
}

}  // namespace

std::string_view DateTimeText::Format(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return {};
  const int64_t second = absl::ToUnixSeconds(time);  // rounded down
  if (!known_ || second != second_) {
    const absl::CivilSecond civil = absl::ToCivilSecond(time, absl::UTCTimeZone());
    if (civil.year() < 1000 || civil.year() > 9999) return {};
    std::memcpy(text_.data(), "0000-00-00 00:00:00.000", kLength);
    PutDigits(&text_[3], civil.year());
    PutDigits(&text_[6], civil.month());
    PutDigits(&text_[9], civil.day());
    PutDigits(&text_[12], civil.hour());
    PutDigits(&text_[15], civil.minute());
    PutDigits(&text_[18], civil.second());
    second_ = second;
    known_ = true;
  }
  std::memcpy(&text_[20], "000", 3);
  PutDigits(&text_[22], absl::ToUnixMillis(time) - (second * 1000));
  return {text_.data(), kLength};
}

int64_t Row::Int(size_t i) const {
  if (IsNull(i)) return 0;
  const std::string& text = *columns_[i];
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  return static_cast<int64_t>(Double(i));
}

double Row::Double(size_t i) const {
  return IsNull(i) ? 0 : std::strtod(columns_[i]->c_str(), nullptr);
}

const std::string& Row::Text(size_t i) const {
  static const std::string* const kEmpty = new std::string;
  return IsNull(i) ? *kEmpty : *columns_[i];
}

absl::Time Row::Time(size_t i) const {
  return IsNull(i) ? absl::InfinitePast() : ParseDateTime(*columns_[i]);
}

}  // namespace ctc::db
