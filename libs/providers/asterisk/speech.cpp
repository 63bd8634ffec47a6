#include "libs/providers/asterisk/speech.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <vector>

#include "libs/crypto/crypto.h"

namespace ctc::providers::asterisk {
namespace {

constexpr size_t kMaxText = 2000;
constexpr size_t kMaxSpelled = 64;  // about 30 seconds
constexpr size_t kMaxUrl = 2048;

bool IsAlnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string PercentEncoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsAlnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// As a list of sounds: unlike Asterisk's own "characters:", it can be interrupted by a key.
std::string Spelled(std::string_view text) {
  std::vector<std::string> sounds;
  for (const char c : text) {
    if (!IsAlnum(c) || sounds.size() == kMaxSpelled) continue;
    const bool digit = c >= '0' && c <= '9';
    sounds.push_back(
        absl::StrCat(digit ? "sound:digits/" : "sound:letters/",
                     std::string(1, absl::ascii_tolower(static_cast<unsigned char>(c)))));
  }
  return absl::StrJoin(sounds, ",");
}

}  // namespace

std::string MediaOfUrl(std::string_view url) {
  const bool known =
      url.starts_with("http://") || url.starts_with("https://") || url.starts_with("sound:");
  const bool printable =
      std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f && c != ','; });
  if (!known || !printable || url.size() > kMaxUrl) return "";
  return url.starts_with("sound:") ? std::string(url) : std::string("sound:").append(url);
}

std::string MediaOf(const routing::v1::FlowStep::Prompt& prompt, std::string_view say) {
  if (!prompt.audio_url().empty()) return MediaOfUrl(prompt.audio_url());
  if (prompt.text().empty()) return "";
  if (say.empty()) return Spelled(prompt.text());
  const std::string text = prompt.text().substr(0, kMaxText);
  const std::string hash = crypto::ToHex(crypto::Sha256(prompt.language() + "\n" + text));
  std::string media(say);
  ReplaceAll(media, "{language}", PercentEncoded(prompt.language()));
  ReplaceAll(media, "{hash}", hash.substr(0, 16));
  ReplaceAll(media, "{text}", PercentEncoded(text));  // last: a text may hold a placeholder's name
  return media;
}

}  // namespace ctc::providers::asterisk
