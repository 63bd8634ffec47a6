// The bulk import's CSV: phone_number,list_type,reason. Strict, all or nothing. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctc/recording/v1/recording_service.pb.h"
#include "libs/base/status.h"

namespace ctc::recording {

inline constexpr int kMaxImportLines = 50000;

struct ImportLine {
  int number = 0;            // line in the file, the header is 1
  std::string phone_number;  // as written, not yet normalised
  v1::PhoneNumber::ListType type = v1::PhoneNumber::LIST_TYPE_UNSPECIFIED;
  std::string reason;
};

// Fields may be quoted ("" inside is one quote; RFC 4180); lines end with LF or CRLF; empty lines
// are skipped. Errors name the line: "csv line 7".
absl::StatusOr<std::vector<ImportLine>> ParseNumberCsv(std::string_view text);

}  // namespace ctc::recording
