// What is bound to a statement and what comes back: small types, so that no MySQL header leaves
// this library.
#pragma once

#include <absl/time/time.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ctc::db {

struct Null {};

// One bound parameter. Times become DATETIME(3) in UTC; an infinite time becomes NULL.
using Value = std::variant<Null, int64_t, double, std::string, absl::Time>;

inline Value OrNull(const std::optional<std::string>& text) {
  return text ? Value(*text) : Value(Null{});
}
// Empty text is NULL: for columns where "not given" is NULL.
inline Value TextOrNull(std::string_view text) {
  return text.empty() ? Value(Null{}) : Value(std::string(text));
}

using Params = std::vector<Value>;

// Times as MySQL's DATETIME(3) in UTC. Remembers the last second: a batch has hundreds of times
// within few of them, and a calendar is slow.
class DateTimeText {
 public:
  // "2026-01-02 03:04:05.678", until the next call; empty outside of MySQL's range (years 1000 to
  // 9999) and for infinite times.
  std::string_view Format(absl::Time time);

 private:
  static constexpr size_t kLength = 23;

  int64_t second_ = 0;  // since 1970, of `text_`
  bool known_ = false;
  std::array<char, kLength> text_{};
};

// One row of a result; columns are counted from 0. Reading another type than the column's converts
// as MySQL does; NULL reads as 0, "" or InfinitePast.
class Row {
 public:
  explicit Row(std::vector<std::optional<std::string>> columns) : columns_(std::move(columns)) {}
  bool IsNull(size_t i) const { return !columns_[i].has_value(); }
  int64_t Int(size_t i) const;
  double Double(size_t i) const;
  const std::string& Text(size_t i) const;
  std::optional<std::string> OptionalText(size_t i) const { return columns_[i]; }
  absl::Time Time(size_t i) const;
  size_t size() const { return columns_.size(); }

 private:
  std::vector<std::optional<std::string>> columns_;
};

using Rows = std::vector<Row>;

}  // namespace ctc::db
