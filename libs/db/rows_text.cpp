// Literals, and the statements they make up.
#include "libs/db/rows_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace ctc::db {
namespace {

// May stand between quotes as it is.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 0x7F; ++c) plain[c] = c != '\'' && c != '\\';
  return plain;
}();

bool IsPlain(std::string_view text) {
  for (const char c : text) {
    if (!kPlain[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

}  // namespace

RowsStatement RowsStatement::OfIntegers(std::string_view sql,
                                        std::initializer_list<int64_t> integers) {
  std::string text;
  text.reserve(sql.size() + (integers.size() * 20));
  const auto* next = integers.begin();
  for (const char c : sql) {
    if (c == '?' && next != integers.end()) {
      text += std::to_string(*next++);
    } else {
      text += c;
    }
  }
  return RowsStatement(std::move(text));
}

RowsText::RowsText(std::string_view head, std::string_view tail) : head_(head), tail_(tail) {}

void RowsText::BeginRow() {
  if (rows_ == 0) {
    sql_.append(head_);
    sql_ += " VALUES (";
  } else {
    sql_ += ",(";
  }
  first_ = true;
}

void RowsText::EndRow() {
  sql_ += ')';
  if (++rows_ == kMaxRows || sql_.size() >= kMaxBytes) Close();
}

void RowsText::Close() {
  sql_ += ' ';
  sql_.append(tail_);
  done_.push_back(RowsStatement(std::exchange(sql_, {})));
  rows_ = 0;
}

std::vector<RowsStatement> RowsText::Finish() && {
  if (rows_ > 0) Close();
  return std::move(done_);
}

void RowsText::Separate() {
  if (!first_) sql_ += ',';
  first_ = false;
}

void RowsText::AddOne(std::string_view text) {
  Separate();
  if (!IsPlain(text)) {
    AddHex(text);
    return;
  }
  sql_ += '\'';
  sql_.append(text);
  sql_ += '\'';
}

void RowsText::AddHex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  sql_ += "X'";
  size_t at = sql_.size();
  sql_.resize(at + (2 * bytes.size()));
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    sql_[at++] = kDigits[byte >> 4U];
    sql_[at++] = kDigits[byte & 0x0FU];
  }
  sql_ += '\'';
}

void RowsText::AddOne(NullIfEmpty text) {
  if (text.text.empty()) {
    AddOne(Null{});
  } else {
    AddOne(text.text);
  }
}

void RowsText::AddOne(Null) {
  Separate();
  sql_ += "NULL";
}

void RowsText::AddInteger(int64_t number) {
  Separate();
  std::array<char, 20> digits;  // what the shortest and the longest int64_t take
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  sql_.append(digits.data(), end);
}

void RowsText::AddOne(double number) {
  if (!std::isfinite(number)) {
    AddOne(Null{});
    return;
  }
  Separate();
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  sql_.append(digits.data(), end);
}

void RowsText::AddOne(absl::Time time) {
  const std::string_view text = times_.Format(time);
  if (text.empty()) {
    AddOne(Null{});
    return;
  }
  Separate();
  sql_ += '\'';
  sql_.append(text);
  sql_ += '\'';
}

void RowsText::AddOne(const Value& value) {
  std::visit([this](const auto& held) { AddOne(held); }, value);
}

}  // namespace ctc::db
