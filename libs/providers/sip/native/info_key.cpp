#include "libs/providers/sip/native/info_key.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>

namespace ctc::providers::sip::native {
namespace {

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

// A key by its sign, or by the number of its event: 10 is *, 11 is #.
std::optional<char> KeyOf(std::string_view value) {
  const absl::string_view text = absl::StripAsciiWhitespace(Absl(value));
  if (text == "10") return '*';
  if (text == "11") return '#';
  if (text.size() != 1) return std::nullopt;
  const char key = absl::ascii_toupper(static_cast<unsigned char>(text[0]));
  if (std::string_view("0123456789*#ABCD").find(key) == std::string_view::npos) return std::nullopt;
  return key;
}

}  // namespace

std::optional<char> KeyOfInfo(std::string_view content_type, std::string_view body) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const absl::string_view name = absl::StripAsciiWhitespace(Absl(type));
  if (absl::EqualsIgnoreCase(name, "application/dtmf")) return KeyOf(body);
  if (!absl::EqualsIgnoreCase(name, "application/dtmf-relay")) return std::nullopt;
  while (!body.empty()) {
    const size_t end = body.find('\n');
    const std::string_view line = body.substr(0, end);
    const size_t equals = line.find('=');
    if (equals != std::string_view::npos) {
      const absl::string_view field = absl::StripAsciiWhitespace(Absl(line.substr(0, equals)));
      if (absl::EqualsIgnoreCase(field, "Signal")) return KeyOf(line.substr(equals + 1));
    }
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
  }
  return std::nullopt;
}

}  // namespace ctc::providers::sip::native
