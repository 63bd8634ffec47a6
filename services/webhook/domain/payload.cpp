// One pass over the text: words that name a secret and are followed by a value lose that value.
// Reading it as JSON would cost more, and would find nothing in what is not JSON.
#include "services/webhook/domain/payload.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ctc::webhook {
namespace {

constexpr size_t kLongestKey = 40;
constexpr std::string_view kMask = "***";
// Parts of a key, without its "_" and "-", that make its value a secret.
constexpr std::array<std::string_view, 13> kSecretParts = {
    "password",  "passwd", "secret", "token", "apikey", "authorization", "privatekey",
    "signature", "jwt",    "digit",  "dtmf",  "cvv",    "cardnumber"};

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool NamesSecret(std::string_view word) {
  if (word.size() < 3 || word.size() > kLongestKey) return false;
  char buffer[kLongestKey];
  size_t size = 0;
  for (const char c : word) {
    if (c == '_' || c == '-') continue;
    buffer[size++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const std::string_view key(buffer, size);
  return std::any_of(kSecretParts.begin(), kSecretParts.end(), [&](std::string_view part) {
    return key.find(part) != std::string_view::npos;
  });
}

size_t SkipSpaces(std::string_view text, size_t i) {
  while (i < text.size() && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n')) ++i;
  return i;
}

// A quote, perhaps escaped, as in JSON within JSON. Its length; 0 when there is none at `i`.
size_t QuoteLength(std::string_view text, size_t i) {
  size_t end = i;
  while (end < text.size() && text[end] == '\\') ++end;
  return end < text.size() && (text[end] == '"' || text[end] == '\'') ? end + 1 - i : 0;
}

// Where the value begins that belongs to a key ending at `i`; npos when no value follows.
size_t ValueStart(std::string_view text, size_t i) {
  i += QuoteLength(text, i);
  i = SkipSpaces(text, i);
  if (i >= text.size() || (text[i] != ':' && text[i] != '=')) return std::string_view::npos;
  return SkipSpaces(text, i + 1);
}

// Behind the value that begins at `i`.
size_t ValueEnd(std::string_view text, size_t i) {
  if (const size_t quote = QuoteLength(text, i); quote > 0) {
    const std::string_view mark = text.substr(i, quote);
    size_t end = i + quote;
    while ((end = text.find(mark, end)) != std::string_view::npos) {
      if (text[end - 1] != '\\') return end + quote;
      ++end;
    }
    return text.size();
  }
  if (text[i] == '[') {
    const size_t end = text.find(']', i);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  return std::min(text.find_first_of("&,;}] \n\t", i), text.size());
}

// Length of the UTF-8 sequence at `i`; 0 when it is none.
size_t SequenceLength(std::string_view text, size_t i) {
  const auto lead = static_cast<unsigned char>(text[i]);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || i + length > text.size()) return 0;
  for (size_t k = 1; k < length; ++k) {
    if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return 0;
  }
  const auto second = static_cast<unsigned char>(text[i + 1]);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool outside = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
  return overlong || outside ? 0 : length;
}

// Collects at most `max_bytes`; after that it is full and takes nothing more.
class Output {
 public:
  explicit Output(size_t max_bytes) : max_(max_bytes) {}
  bool full() const { return full_; }
  std::string Take() { return std::move(text_); }

  // All or nothing, so that no character is cut in two.
  void Append(std::string_view part) {
    full_ = full_ || text_.size() + part.size() > max_;
    if (!full_) text_.append(part);
  }
  // ASCII only: what fits.
  void AppendWord(std::string_view word) {
    const size_t room = full_ ? 0 : max_ - text_.size();
    full_ = full_ || word.size() > room;
    text_.append(word.substr(0, room));
  }
  // One character of `text` at `i`, made harmless. Returns where the next begins.
  size_t AppendCharacter(std::string_view text, size_t i) {
    const size_t length = SequenceLength(text, i);
    if (length == 0) {
      Append("?");
      return i + 1;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    const bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
    Append(control ? std::string_view(" ") : text.substr(i, length));
    return i + length;
  }

 private:
  const size_t max_;
  bool full_ = false;
  std::string text_;
};

// Writes the key's value masked when it has one. Returns where the text goes on; `end` when not.
size_t MaskValue(std::string_view body, size_t end, Output& out) {
  const size_t value = ValueStart(body, end);
  if (value == std::string_view::npos || value >= body.size() || body[value] == '{') return end;
  for (size_t i = end; i < value;) i = out.AppendCharacter(body, i);
  const std::string_view quote = body.substr(value, QuoteLength(body, value));
  out.Append(quote);
  out.Append(kMask);
  out.Append(quote);
  return ValueEnd(body, value);
}

}  // namespace

std::string CleanPayload(std::string_view body, size_t max_bytes) {
  Output out(max_bytes);
  for (size_t i = 0; i < body.size() && !out.full();) {
    if (!IsWord(body[i])) {
      i = out.AppendCharacter(body, i);
      continue;
    }
    size_t end = i;
    while (end < body.size() && IsWord(body[end])) ++end;
    const std::string_view word = body.substr(i, end - i);
    out.AppendWord(word);
    i = NamesSecret(word) ? MaskValue(body, end, out) : end;
  }
  return out.Take();
}

std::string CleanText(std::string_view text, size_t max_bytes) {
  Output out(max_bytes);
  for (size_t i = 0; i < text.size() && !out.full();) {
    const bool blank = text[i] == '\n' || text[i] == '\t';
    if (blank) out.Append(" ");
    i = blank ? i + 1 : out.AppendCharacter(text, i);
  }
  return out.Take();
}

}  // namespace ctc::webhook
