// What is bound to a statement and what comes back: small types, so that no MySQL header leaves
// this library.
#pragma once

#include <absl/time/time.h>

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
