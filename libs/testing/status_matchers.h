// Catch2 matchers for absl::Status: CHECK_THAT(status, IsOk()), CHECK_THAT(result.status(),
// HasError(base::kNotFound)). A failure prints the whole status.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "libs/base/error.h"

namespace Catch {
template <>
struct StringMaker<absl::Status> {
  static std::string convert(const absl::Status& status) { return std::string(status.ToString()); }
};
}  // namespace Catch

namespace ctc::testing {

class OkMatcher : public Catch::MatcherBase<absl::Status> {
 public:
  bool match(const absl::Status& status) const override { return status.ok(); }
  std::string describe() const override { return "is OK"; }
};

class CodeMatcher : public Catch::MatcherBase<absl::Status> {
 public:
  explicit CodeMatcher(absl::StatusCode code) : code_(code) {}
  bool match(const absl::Status& status) const override { return status.code() == code_; }
  std::string describe() const override { return "has code " + absl::StatusCodeToString(code_); }

 private:
  absl::StatusCode code_;
};

class ErrorMatcher : public Catch::MatcherBase<absl::Status> {
 public:
  explicit ErrorMatcher(const base::ErrorSpec& spec) : spec_(spec) {}
  bool match(const absl::Status& status) const override { return base::IsError(status, spec_); }
  std::string describe() const override { return "is error " + std::string(spec_.code); }

 private:
  const base::ErrorSpec& spec_;
};

inline OkMatcher IsOk() { return {}; }
inline CodeMatcher HasCode(absl::StatusCode code) { return CodeMatcher(code); }
inline ErrorMatcher HasError(const base::ErrorSpec& spec) { return ErrorMatcher(spec); }

// True when `status` names `field` among its faults.
inline bool NamesField(const absl::Status& status, std::string_view field) {
  for (const base::FieldError& f : base::DetailOf(status).fields) {
    if (f.field == field) return true;
  }
  return false;
}

}  // namespace ctc::testing
