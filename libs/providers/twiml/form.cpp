#include "libs/providers/twiml/form.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>

#include <algorithm>

namespace ctc::providers::twiml {
namespace {

constexpr size_t kMaxField = 2048;
constexpr size_t kMaxSid = 128;

}  // namespace

std::string ValueOf(const Form& form, std::string_view name) {
  for (const auto& [key, value] : form) {
    if (key == name) return value;
  }
  return "";
}

int IntOf(const Form& form, std::string_view name, int fallback) {
  int value = 0;
  return absl::SimpleAtoi(ValueOf(form, name), &value) && value >= 0 ? value : fallback;
}

std::string OverlongField(const Form& form) {
  for (const auto& [name, value] : form) {
    if (value.size() > kMaxField) return name.substr(0, 64);
  }
  return "";
}

bool IsSid(std::string_view text) {
  return text.size() >= 2 && text.size() <= kMaxSid &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                  c == ':';
         });
}

bool IsHttpUrl(std::string_view text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

std::string AudioUrl(std::string url) {
  const bool bare =
      url.find('?') == std::string::npos && !url.ends_with(".wav") && !url.ends_with(".mp3");
  return bare ? url + ".wav" : url;
}

std::string XmlEscape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (byte >= 0x20 || c == '\n' || c == '\t') {
      out += c;  // XML 1.0 knows no other control characters
    }
  }
  return out;
}

}  // namespace ctc::providers::twiml
