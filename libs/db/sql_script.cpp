// Cuts a migration's text into statements.
#include "libs/db/sql_script.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace ctc::db {
namespace {

class Splitter {
 public:
  explicit Splitter(std::string_view script) : script_(script) {}

  absl::StatusOr<std::vector<std::string>> Run() {
    while (at_ < script_.size()) CTC_RETURN_IF_ERROR(Step());
    Finish();
    return std::move(statements_);
  }

 private:
  bool Next(std::string_view text) const { return script_.substr(at_).starts_with(text); }

  absl::Status Step() {
    const char c = script_[at_];
    if (c == '\'' || c == '"' || c == '`') return Quoted(c);
    if (c == '#' || Next("-- ") || Next("--\n")) {
      at_ = std::min(script_.find('\n', at_), script_.size());
      return absl::OkStatus();
    }
    if (Next("/*")) return BlockComment();
    ++at_;
    if (c == ';') {
      Finish();
    } else {
      current_ += c;
    }
    return absl::OkStatus();
  }

  absl::Status Quoted(char quote) {
    const size_t begin = at_++;
    while (at_ < script_.size() && script_[at_] != quote) {
      at_ += script_[at_] == '\\' && quote != '`' ? 2 : 1;
    }
    if (at_ >= script_.size()) return absl::InvalidArgumentError("a quote does not end");
    ++at_;
    current_ += script_.substr(begin, at_ - begin);
    return absl::OkStatus();
  }

  absl::Status BlockComment() {
    const size_t end = script_.find("*/", at_);
    if (end == std::string_view::npos) return absl::InvalidArgumentError("a comment does not end");
    at_ = end + 2;
    current_ += ' ';
    return absl::OkStatus();
  }

  void Finish() {
    const auto space = [](unsigned char c) { return std::isspace(c) != 0; };
    const auto begin = std::find_if_not(current_.begin(), current_.end(), space);
    const auto end = std::find_if_not(current_.rbegin(), current_.rend(), space).base();
    if (begin < end) statements_.emplace_back(begin, end);
    current_.clear();
  }

  std::string_view script_;
  size_t at_ = 0;
  std::string current_;
  std::vector<std::string> statements_;
};

std::string FirstWord(std::string_view statement) {
  std::string word;
  for (const char c : statement) {
    if (std::isalpha(static_cast<unsigned char>(c)) == 0) break;
    word += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return word;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> SplitStatements(std::string_view script) {
  CTC_ASSIGN_OR_RETURN(std::vector<std::string> statements, Splitter(script).Run());
  for (const std::string& statement : statements) {
    if (FirstWord(statement) == "DELIMITER") {
      return absl::InvalidArgumentError("DELIMITER is not understood");
    }
  }
  return statements;
}

bool ChangesSchema(std::string_view statement) {
  constexpr std::array<std::string_view, 5> kWords = {"CREATE", "ALTER", "DROP", "RENAME",
                                                      "TRUNCATE"};
  return std::find(kWords.begin(), kWords.end(), FirstWord(statement)) != kWords.end();
}

}  // namespace ctc::db
