#include "libs/providers/sip/native/refer_to.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <optional>

#include "libs/base/status.h"

namespace ctc::providers::sip::native {
namespace {

constexpr size_t kLongest = 512;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// Printable ASCII after unescaping, or nothing.
std::optional<std::string> Unescaped(std::string_view text) {
  if (text.size() > kLongest) return std::nullopt;
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) return std::nullopt;
    out += c;
  }
  return out;
}

bool IsDialog(std::string_view replaces) {
  const std::vector<std::string> parts = absl::StrSplit(std::string(replaces), ';');
  int tags = 0;
  for (size_t i = 1; i < parts.size(); ++i) {
    const bool to = absl::StartsWithIgnoreCase(parts[i], "to-tag=");
    const bool from = absl::StartsWithIgnoreCase(parts[i], "from-tag=");
    if (to || from) tags |= to ? 1 : 2;
    const bool quotes = parts[i].find_first_of("\"<>,") != std::string::npos;
    if (quotes) return false;
  }
  return tags == 3 && !parts.front().empty() &&
         parts.front().find_first_of("\",") == std::string::npos;
}

}  // namespace

int StatusOfFragment(std::string_view fragment) {
  constexpr std::string_view kVersion = "SIP/2.0 ";
  if (!fragment.starts_with(kVersion)) return 0;
  const std::string_view digits = fragment.substr(kVersion.size(), 3);
  const std::string_view rest = fragment.substr(kVersion.size() + digits.size());
  const bool ends =
      rest.empty() || rest.front() == ' ' || rest.front() == '\r' || rest.front() == '\n';
  int status = 0;
  const bool read = absl::SimpleAtoi(absl::string_view(digits.data(), digits.size()), &status);
  return read && ends && status >= 100 && status < 700 ? status : 0;
}

absl::StatusOr<ReferTo> ReadReferTo(std::string_view user, std::string_view host,
                                    std::string_view port, std::string_view headers) {
  const std::optional<std::string> name = Unescaped(user);
  if (!name || name->empty() || host.empty()) {
    return absl::InvalidArgumentError("a referral names a phone");
  }
  ReferTo out{*name, std::string(host), ""};
  if (!port.empty()) out.host.append(":").append(port);
  for (absl::string_view header :
       absl::StrSplit(absl::string_view(headers.data(), headers.size()), '&')) {
    if (!absl::StartsWithIgnoreCase(header, "replaces=")) continue;
    header.remove_prefix(9);
    const std::optional<std::string> dialog = Unescaped({header.data(), header.size()});
    if (!dialog || !out.replaces.empty() || !IsDialog(*dialog)) {
      return absl::InvalidArgumentError("Replaces names one dialog");
    }
    out.replaces = *dialog;
  }
  return out;
}

}  // namespace ctc::providers::sip::native
