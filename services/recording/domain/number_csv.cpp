#include "services/recording/domain/number_csv.h"

#include <absl/strings/str_cat.h>

#include "libs/base/error.h"

namespace ctc::recording {
namespace {

constexpr size_t kMaxReason = 255;

absl::Status Wrong(int line, std::string_view detail) {
  return base::InvalidField(absl::StrCat("csv line ", line), detail);
}

// Takes one record off the front of `text`; counts the lines it spans.
absl::StatusOr<std::vector<std::string>> TakeRecord(std::string_view& text, int line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        if (c == '\n') return Wrong(line, "has a line break inside quotes");
        fields.back() += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        fields.back() += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && fields.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '\n') {
      break;
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  if (quoted) return Wrong(line, "has a quote that is not closed");
  text.remove_prefix(i < text.size() ? i + 1 : i);
  return fields;
}

}  // namespace

absl::StatusOr<std::vector<ImportLine>> ParseNumberCsv(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // as spreadsheets write it
  std::vector<ImportLine> lines;
  for (int line = 1; !text.empty(); ++line) {
    CTC_ASSIGN_OR_RETURN(auto fields, TakeRecord(text, line));
    if (line == 1) {
      if (fields.size() < 2 || fields[0] != "phone_number" || fields[1] != "list_type") {
        return Wrong(1, "must be the header phone_number,list_type,reason");
      }
      continue;
    }
    if (fields.size() == 1 && fields[0].empty()) continue;
    if (fields.size() < 2 || fields.size() > 3) return Wrong(line, "must have 2 or 3 fields");
    ImportLine parsed;
    parsed.number = line;
    parsed.phone_number = fields[0];
    if (!v1::PhoneNumber::ListType_Parse(fields[1], &parsed.type) ||
        parsed.type == v1::PhoneNumber::LIST_TYPE_UNSPECIFIED) {
      return Wrong(line, "list_type must be WHITELIST, BLACKLIST, VIP or SPAM");
    }
    if (fields.size() == 3) parsed.reason = fields[2];
    if (parsed.reason.size() > kMaxReason)
      return Wrong(line, "reason is longer than 255 characters");
    lines.push_back(std::move(parsed));
    if (lines.size() > kMaxImportLines)
      return base::InvalidField("csv", "has more than 50,000 lines");
  }
  if (lines.empty()) return base::InvalidField("csv", "has no line after the header");
  return lines;
}

}  // namespace ctc::recording
