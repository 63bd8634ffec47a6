#include "libs/providers/sip/native/prompt_url.h"

#include "libs/crypto/crypto.h"

namespace ctc::providers::sip::native {
namespace {

constexpr size_t kMaxText = 2000;

std::string PercentEncoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-_.~").find(c) != std::string_view::npos;
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

// From the left, so that what is put in is not looked at again.
void Replace(std::string& text, std::string_view name, const std::string& with) {
  for (size_t at = text.find(name); at != std::string::npos;
       at = text.find(name, at + with.size())) {
    text.replace(at, name.size(), with);
  }
}

}  // namespace

std::string SpokenAt(std::string_view say, std::string_view text, std::string_view language) {
  if (say.empty() || text.empty()) return "";
  const std::string_view said = text.substr(0, kMaxText);
  const std::string hash =
      crypto::ToHex(crypto::Sha256(std::string(language).append("\n").append(said)));
  std::string url(say);
  Replace(url, "{language}", PercentEncoded(language));
  Replace(url, "{hash}", hash.substr(0, 16));
  Replace(url, "{text}", PercentEncoded(said));  // encoded, it holds no brace
  return url;
}

}  // namespace ctc::providers::sip::native
