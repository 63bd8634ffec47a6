// One pass over the text: words that name a secret and are followed by a value lose that value.
// Reading it as JSON would cost more, and would find nothing in what is not JSON. In a form the
// JSON may be percent-encoded: what gives it its structure is read as what it stands for.
#include "services/webhook/domain/payload.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ctc::webhook {
namespace {

constexpr size_t kLongestKey = 42;  // with the "22" of a percent-encoded quote before it
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

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// A character that gives a text its structure, as written or percent-encoded, as in JSON within a
// form; any other character stands for itself.
struct Sign {
  char c;
  size_t length;
};

Sign SignAt(std::string_view text, size_t i, bool encoded) {
  if (!encoded || text[i] != '%' || i + 2 >= text.size()) return {text[i], 1};
  const int high = HexValue(text[i + 1]);
  const int low = HexValue(text[i + 2]);
  if (high < 0 || low < 0) return {text[i], 1};
  const char c = static_cast<char>(high * 16 + low);
  constexpr std::string_view kSigns = "\"'\\:=&,;{}[] \t\n\r";
  return kSigns.find(c) == std::string_view::npos ? Sign{text[i], 1} : Sign{c, 3};
}

// In a form a space may also be a plus.
size_t SkipSpaces(std::string_view text, size_t i, bool encoded) {
  while (i < text.size()) {
    const Sign sign = SignAt(text, i, encoded);
    const bool space = sign.c == ' ' || sign.c == '\t' || sign.c == '\n';
    const bool of_form = encoded && (sign.c == '\r' || sign.c == '+');
    if (!space && !of_form) break;
    i += sign.length;
  }
  return i;
}

// A quote, perhaps escaped, as in JSON within JSON; its length is 0 when there is none.
struct Quote {
  char c = 0;
  size_t escapes = 0;
  size_t length = 0;
};

Quote QuoteAt(std::string_view text, size_t i, bool encoded) {
  Quote quote;
  for (size_t end = i; end < text.size();) {
    const Sign sign = SignAt(text, end, encoded);
    end += sign.length;
    if (sign.c == '\\') {
      ++quote.escapes;
      continue;
    }
    if (sign.c != '"' && sign.c != '\'') break;
    quote.c = sign.c;
    quote.length = end - i;
    return quote;
  }
  return {};
}

// Where the value of a key begins. Only in a text whose signs are percent-encoded may they end it:
// in any other, they are part of it.
struct ValueStart {
  size_t at = std::string_view::npos;  // when no value follows
  bool encoded = false;
};

ValueStart ValueAfter(std::string_view text, size_t key_end) {
  const Quote quote = QuoteAt(text, key_end, true);
  size_t i = key_end + quote.length;
  const bool quote_encoded = quote.length > quote.escapes + 1;
  i = SkipSpaces(text, i, quote_encoded);
  if (i >= text.size()) return {};
  const Sign sign = SignAt(text, i, true);
  if (sign.c != ':' && sign.c != '=') return {};
  const bool encoded = quote_encoded || sign.length > 1;
  return {SkipSpaces(text, i + sign.length, encoded), encoded};
}

// Behind the first of `signs` from `i` on; before it when it is not `part` of the value.
size_t EndBySign(std::string_view text, size_t i, bool encoded, std::string_view signs, bool part) {
  while (i < text.size()) {
    const Sign sign = SignAt(text, i, encoded);
    if (signs.find(sign.c) != std::string_view::npos) return part ? i + sign.length : i;
    i += sign.length;
  }
  return i;
}

// Behind the value that begins with `quote` at `i`, which only the same one ends.
size_t EndOfQuoted(std::string_view text, size_t i, bool encoded, const Quote& quote) {
  i += quote.length;
  for (size_t escapes = 0; i < text.size();) {
    const Sign sign = SignAt(text, i, encoded);
    i += sign.length;
    if (sign.c == quote.c && escapes == quote.escapes) return i;
    escapes = sign.c == '\\' ? escapes + 1 : 0;
  }
  return i;
}

size_t ValueEnd(std::string_view text, const ValueStart& value) {
  const Quote quote = QuoteAt(text, value.at, value.encoded);
  if (quote.length > 0) return EndOfQuoted(text, value.at, value.encoded, quote);
  const bool list = SignAt(text, value.at, value.encoded).c == '[';
  if (list) return EndBySign(text, value.at, value.encoded, "]", true);
  return EndBySign(text, value.at, value.encoded, "&,;}] \n\t", false);
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
  const ValueStart value = ValueAfter(body, end);
  if (value.at >= body.size() || SignAt(body, value.at, value.encoded).c == '{') return end;
  for (size_t i = end; i < value.at;) i = out.AppendCharacter(body, i);
  const size_t quote_length = QuoteAt(body, value.at, value.encoded).length;
  const std::string_view quote = body.substr(value.at, quote_length);
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
