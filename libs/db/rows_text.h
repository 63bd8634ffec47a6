// INSERT ... VALUES of many rows as text, every value a literal: what a batch writes costs neither
// a binding for each value nor a prepared statement for each number of rows, and several such
// statements go to the server at once. Pure.
//
// A value cannot end its literal: what stands between quotes is printable ASCII without quote and
// backslash, and any other text is written in hexadecimal.
#pragma once

#include <absl/time/time.h>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "libs/db/value.h"

namespace ctc::db {

// One statement, which only RowsText can make, or of integers only.
class RowsStatement {
 public:
  // Each `?` of `sql`, a constant of the program, stands for the next of `integers`.
  static RowsStatement OfIntegers(std::string_view sql, std::initializer_list<int64_t> integers);

  const std::string& text() const { return text_; }

 private:
  friend class RowsText;
  explicit RowsStatement(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// NULL when it is empty, without a copy of the text.
struct NullIfEmpty {
  std::string_view text;
};

class RowsText {
 public:
  // Rows of one statement at most; and the row that comes to so many bytes ends one, which leaves
  // it below the server's max_allowed_packet (16 MiB by default).
  static constexpr size_t kMaxRows = 64;
  static constexpr size_t kMaxBytes = size_t{8} << 20;

  // Both are constants of the program and outlive this object. `head` ends before VALUES, `tail`
  // follows the last row (as " ON DUPLICATE KEY UPDATE ...").
  explicit RowsText(std::string_view head, std::string_view tail = "");

  void BeginRow();
  // The next values of the row: texts, integers, times, Null, NullIfEmpty, Value.
  template <class... Values>
  void Add(const Values&... values) {
    (AddOne(values), ...);
  }
  void EndRow();

  // In the order of the rows; empty when there was none.
  std::vector<RowsStatement> Finish() &&;

 private:
  void AddOne(std::string_view text);
  void AddOne(const char* text) { AddOne(std::string_view(text)); }
  void AddOne(const std::string& text) { AddOne(std::string_view(text)); }
  void AddOne(NullIfEmpty text);
  void AddOne(Null);
  void AddOne(double number);
  void AddOne(absl::Time time);  // DATETIME(3) in UTC; NULL outside of MySQL's range
  void AddOne(const Value& value);
  template <std::integral Number>
  void AddOne(Number number) {
    AddInteger(static_cast<int64_t>(number));
  }
  void AddInteger(int64_t number);
  void Separate();
  void AddHex(std::string_view bytes);
  void Close();

  const std::string_view head_;
  const std::string_view tail_;
  std::vector<RowsStatement> done_;
  std::string sql_;
  size_t rows_ = 0;    // in sql_
  bool first_ = true;  // value of its row
  DateTimeText times_;
};

}  // namespace ctc::db
