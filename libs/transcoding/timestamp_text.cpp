// Civil dates by the algorithms of Howard Hinnant ("chrono-compatible low-level date algorithms"):
// absl::FormatTime takes a microsecond, a session prints up to twenty times.
#include "libs/transcoding/timestamp_text.h"

namespace ctc::transcoding {
namespace {

constexpr int64_t kSecondsPerDay = 86400;

struct Civil {
  int64_t year;
  int month;
  int day;
};

Civil FromDays(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  const int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

int64_t ToDays(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

int DaysInMonth(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

void AppendDigits(int64_t value, int width, std::string& out) {
  char digits[9];
  for (int i = width - 1; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(digits, static_cast<size_t>(width));
}

// Reads fixed-width numbers and separators from the front of a text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool Number(size_t width, int& value) {
    if (rest_.size() < width) return false;
    value = 0;
    for (size_t i = 0; i < width; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    return true;
  }
  bool Skip(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // ".5" as nanoseconds; true when there is none.
  bool Fraction(int& nanos) {
    nanos = 0;
    if (!Skip('.')) return true;
    int scale = 100000000;
    size_t digits = 0;
    while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
      nanos += (rest_[digits] - '0') * scale;
      scale /= 10;
      ++digits;
    }
    rest_.remove_prefix(digits);
    return digits >= 1 && digits <= 9;
  }
  // "Z", "+05:30" or "-08:00" as seconds east of UTC.
  bool Offset(int& seconds) {
    seconds = 0;
    if (Skip('Z')) return true;
    const int sign = Skip('+') ? 1 : (Skip('-') ? -1 : 0);
    int hours = 0;
    int minutes = 0;
    if (sign == 0 || !Number(2, hours) || !Skip(':') || !Number(2, minutes)) return false;
    seconds = sign * (hours * 3600 + minutes * 60);
    return hours <= 23 && minutes <= 59;
  }
  bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

void AppendTimestamp(const google::protobuf::Timestamp& time, std::string& out) {
  const int64_t seconds = time.seconds();
  int64_t days = seconds / kSecondsPerDay;
  int64_t rest = seconds % kSecondsPerDay;
  if (rest < 0) {
    rest += kSecondsPerDay;
    --days;
  }
  const Civil date = FromDays(days);
  AppendDigits(date.year, 4, out);
  out += '-';
  AppendDigits(date.month, 2, out);
  out += '-';
  AppendDigits(date.day, 2, out);
  out += 'T';
  AppendDigits(rest / 3600, 2, out);
  out += ':';
  AppendDigits(rest / 60 % 60, 2, out);
  out += ':';
  AppendDigits(rest % 60, 2, out);
  if (const int millis = time.nanos() / 1000000; millis != 0) {
    out += '.';
    AppendDigits(millis, 3, out);
  }
  out += 'Z';
}

bool ParseTimestamp(std::string_view text, google::protobuf::Timestamp& time) {
  Cursor cursor(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, nanos = 0, offset = 0;
  if (!cursor.Number(4, year) || !cursor.Skip('-') || !cursor.Number(2, month) ||
      !cursor.Skip('-') || !cursor.Number(2, day) || !cursor.Skip('T') || !cursor.Number(2, hour) ||
      !cursor.Skip(':') || !cursor.Number(2, minute) || !cursor.Skip(':') ||
      !cursor.Number(2, second) || !cursor.Fraction(nanos) || !cursor.Offset(offset) ||
      !cursor.AtEnd()) {
    return false;
  }
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month))
    return false;
  if (hour > 23 || minute > 59 || second > 59) return false;
  time.set_seconds(ToDays(year, month, day) * kSecondsPerDay + hour * 3600 + minute * 60 + second -
                   offset);
  time.set_nanos(nanos);
  return true;
}

}  // namespace ctc::transcoding
