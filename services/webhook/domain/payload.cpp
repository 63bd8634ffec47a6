// One pass over the text: words that name a secret and are followed by a value, as in JSON, a form
// or an attribute of XML, lose that value, and elements of XML with such names their text. Reading
// it as JSON would cost more, and would find nothing in what is not JSON. Any of them may be
// encoded within another one: what gives it its structure is read as what it stands for.
#include "services/webhook/domain/payload.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ctc::webhook {
namespace {

constexpr size_t kLongestKey = 64;
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

// A character that gives a text its structure, as it is spelled there: itself, percent-encoded as
// in a form, an entity as in XML, or \u00XX as in JSON; what begins such a spelling may be spelled
// so itself. Any other character stands for itself.
struct Sign {
  char c;
  size_t length;
};

constexpr std::string_view kSigns = "\"'\\:=&,;{}[]<>/! \t\n\r";
constexpr size_t kPlain = 1;  // length of a sign that stands for itself
// So often a sign may be encoded. It bounds what is read for one, whatever the text.
constexpr int kMostLayers = 8;
constexpr size_t kAnySpelling = std::string_view::npos;
constexpr size_t kMostDigits = 7;  // of an entity that is a number

// Of two hexadecimal digits at `at`; -1 when they are none.
int ByteAt(std::string_view text, size_t at) {
  if (at + 1 >= text.size()) return -1;
  const int high = HexValue(text[at]);
  const int low = HexValue(text[at + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// What `coded`, which begins at `i`, becomes with the two digits behind `mark` characters more.
Sign WithByte(std::string_view text, size_t i, const Sign& coded, size_t mark) {
  const int byte = ByteAt(text, i + coded.length + mark);
  return byte < 0 ? coded : Sign{static_cast<char>(byte), coded.length + mark + 2};
}

// Behind `c` at `at`, which may be percent-encoded; npos when it is not there.
size_t Behind(std::string_view text, size_t at, char c) {
  if (at >= text.size()) return std::string_view::npos;
  Sign sign{text[at], kPlain};
  for (int layer = 0; layer < kMostLayers && sign.c == '%'; ++layer) {
    sign = WithByte(text, at, sign, 0);
  }
  return sign.c == c ? at + sign.length : std::string_view::npos;
}

// The entity that `ampersand` at `i` begins, by its number, which is at `at`.
Sign NumberedEntity(std::string_view text, size_t i, const Sign& ampersand, size_t at) {
  const bool hex = at < text.size() && (text[at] == 'x' || text[at] == 'X');
  const int base = hex ? 16 : 10;
  if (hex) ++at;
  int number = 0;
  for (size_t digits = 0; at < text.size() && digits < kMostDigits; ++digits, ++at) {
    const int digit = HexValue(text[at]);
    if (digit < 0 || digit >= base) break;
    number = number * base + digit;
  }
  const size_t end = Behind(text, at, ';');
  const bool ascii = number > 0 && number < 0x80;
  return ascii && end != std::string_view::npos ? Sign{static_cast<char>(number), end - i}
                                                : ampersand;
}

Sign EntityAt(std::string_view text, size_t i, const Sign& ampersand) {
  constexpr std::pair<std::string_view, char> kEntities[] = {
      {"quot", '"'}, {"apos", '\''}, {"lt", '<'}, {"gt", '>'}, {"amp", '&'}};
  const size_t at = i + ampersand.length;
  const size_t number = Behind(text, at, '#');
  if (number != std::string_view::npos) return NumberedEntity(text, i, ampersand, number);
  for (const auto& [name, c] : kEntities) {
    if (text.substr(at, name.size()) != name) continue;
    const size_t end = Behind(text, at + name.size(), ';');
    if (end != std::string_view::npos) return {c, end - i};
  }
  return ampersand;
}

// What `coded` at `i` stands for with what is behind it; itself when it begins no spelling.
Sign DecodedOnce(std::string_view text, size_t i, const Sign& coded) {
  if (coded.c == '%') return WithByte(text, i, coded, 0);
  if (coded.c == '&') return EntityAt(text, i, coded);
  const bool unicode = coded.c == '\\' && text.substr(i + coded.length, 3) == "u00";
  return unicode ? WithByte(text, i, coded, 3) : coded;
}

// Read as spelled by at most `longest` characters: with kPlain only what stands for itself.
Sign SignAt(std::string_view text, size_t i, size_t longest) {
  Sign sign{text[i], kPlain};
  if (longest == kPlain) return sign;
  Sign read = sign;
  for (int layer = 0; layer < kMostLayers; ++layer) {
    const Sign decoded = DecodedOnce(text, i, read);
    if (decoded.length == read.length || decoded.length > longest) break;
    read = decoded;
    if (kSigns.find(read.c) != std::string_view::npos) sign = read;
  }
  return sign;
}

// In a form a space may also be a plus.
size_t SkipSpaces(std::string_view text, size_t i, size_t longest) {
  while (i < text.size()) {
    const Sign sign = SignAt(text, i, longest);
    const bool space = sign.c == ' ' || sign.c == '\t' || sign.c == '\n' || sign.c == '\r';
    if (!space && !(longest > kPlain && sign.c == '+')) break;
    i += sign.length;
  }
  return i;
}

// A quote, perhaps escaped, as in JSON within JSON; its length is 0 when there is none.
struct Quote {
  char c = 0;
  size_t escapes = 0;
  size_t spelling = kPlain;  // length of its own sign
  size_t length = 0;
};

Quote QuoteAt(std::string_view text, size_t i, size_t longest) {
  Quote quote;
  for (size_t end = i; end < text.size();) {
    const Sign sign = SignAt(text, end, longest);
    end += sign.length;
    if (sign.c == '\\') {
      ++quote.escapes;
      continue;
    }
    if (sign.c != '"' && sign.c != '\'') break;
    quote.c = sign.c;
    quote.spelling = sign.length;
    quote.length = end - i;
    return quote;
  }
  return {};
}

// Where the value of a key begins. Signs spelled longer than those around the key are part of it.
struct ValueStart {
  size_t at = std::string_view::npos;  // when no value follows
  size_t longest = kPlain;
};

ValueStart ValueAfter(std::string_view text, size_t key_end) {
  const Quote quote = QuoteAt(text, key_end, kAnySpelling);
  const size_t i = SkipSpaces(text, key_end + quote.length, quote.spelling);
  if (i >= text.size()) return {};
  const Sign sign = SignAt(text, i, kAnySpelling);
  if (sign.c != ':' && sign.c != '=') return {};
  const size_t longest = std::max(quote.spelling, sign.length);
  const size_t at = SkipSpaces(text, i + sign.length, longest);
  if (at >= text.size()) return {at, longest};
  // An attribute has no quotes around its key and often a plain "=", where its own are encoded. Not
  // so for "%": that is how a form spells a quote which is part of a value.
  const char first = SignAt(text, at, longest).c;
  const bool coded = first == '&' || first == '\\';
  return {at, coded ? std::max(longest, QuoteAt(text, at, kAnySpelling).spelling) : longest};
}

// Behind the first of `signs` from `i` on; before it when it is not `part` of the value.
size_t EndBySign(std::string_view text, size_t i, size_t longest, std::string_view signs,
                 bool part) {
  while (i < text.size()) {
    const Sign sign = SignAt(text, i, longest);
    if (signs.find(sign.c) != std::string_view::npos) return part ? i + sign.length : i;
    i += sign.length;
  }
  return i;
}

// Behind the value that begins with `quote` at `i`, which only the same one ends.
size_t EndOfQuoted(std::string_view text, size_t i, const Quote& quote) {
  i += quote.length;
  const std::string_view spelled = text.substr(i - quote.spelling, quote.spelling);
  for (size_t escapes = 0; i < text.size();) {
    const Sign sign = SignAt(text, i, quote.spelling);
    const bool same = sign.c == quote.c && text.substr(i, sign.length) == spelled;
    i += sign.length;
    if (same && escapes == quote.escapes) return i;
    escapes = sign.c == '\\' ? escapes + 1 : 0;
  }
  return i;
}

size_t ValueEnd(std::string_view text, const ValueStart& value) {
  const Quote quote = QuoteAt(text, value.at, value.longest);
  if (quote.length > 0) return EndOfQuoted(text, value.at, quote);
  const bool list = SignAt(text, value.at, value.longest).c == '[';
  if (list) return EndBySign(text, value.at, value.longest, "]", true);
  return EndBySign(text, value.at, value.longest, "&,;}] \n\t", false);
}

// The tag of XML that the text is in.
class Tag {
 public:
  // In the name of an element that begins, its prefix included.
  bool in_name() const { return in_name_; }
  // Length of the signs around the tag.
  size_t spelling() const { return spelling_; }
  void MakeSecret() { secret_ = true; }

  // True when the text of a secret element begins behind this sign.
  bool See(const Sign& sign) {
    if (sign.c == '<') {
      in_name_ = true;
      secret_ = false;
      spelling_ = sign.length;
      return false;
    }
    const bool ends_empty = std::exchange(slash_, sign.c == '/');
    if (sign.c != ':' && sign.c != '.') in_name_ = false;
    return sign.c == '>' && std::exchange(secret_, false) && !ends_empty;
  }

 private:
  size_t spelling_ = kPlain;
  bool in_name_ = false;
  bool secret_ = false;
  bool slash_ = false;
};

bool IsSign(std::string_view text, size_t i, char c, size_t spelling) {
  return i < text.size() && SignAt(text, i, spelling).c == c;
}

// Of "<" at `i`: what it begins, "/" for the end of an element, in JSON perhaps escaped.
char MarkBehind(std::string_view text, size_t i, size_t spelling) {
  i += spelling;
  while (IsSign(text, i, '\\', spelling)) i += SignAt(text, i, spelling).length;
  return i < text.size() ? SignAt(text, i, spelling).c : ' ';
}

// Behind the "]]>" of a CDATA section, or where the text ends.
size_t EndOfCdata(std::string_view text, size_t i, size_t spelling) {
  for (int closing = 0; i < text.size();) {
    const Sign sign = SignAt(text, i, spelling);
    i += sign.length;
    if (sign.c == '>' && closing >= 2) return i;
    closing = sign.c == ']' ? closing + 1 : 0;
  }
  return i;
}

// Before the "</" that ends the element whose text goes on at `i`.
size_t EndOfContent(std::string_view text, size_t i, size_t spelling) {
  while (i < text.size()) {
    const Sign sign = SignAt(text, i, spelling);
    const bool opens = sign.c == '<' && sign.length == spelling;
    const char mark = opens ? MarkBehind(text, i, spelling) : ' ';
    if (mark == '/') return i;
    i += sign.length;
    if (mark != '!') continue;
    i += SignAt(text, i, spelling).length;
    if (IsSign(text, i, '[', spelling)) i = EndOfCdata(text, i, spelling);
  }
  return i;
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
  if (value.at >= body.size() || SignAt(body, value.at, value.longest).c == '{') return end;
  for (size_t i = end; i < value.at;) i = out.AppendCharacter(body, i);
  const size_t quote_length = QuoteAt(body, value.at, value.longest).length;
  const std::string_view quote = body.substr(value.at, quote_length);
  out.Append(quote);
  out.Append(kMask);
  out.Append(quote);
  return ValueEnd(body, value);
}

// The same for the text of an element, which begins at `begin`. Elements in it are looked at for
// themselves.
size_t MaskContent(std::string_view body, size_t begin, size_t spelling, Output& out) {
  const size_t i = SkipSpaces(body, begin, spelling);
  if (i >= body.size()) return begin;
  const Sign first = SignAt(body, i, spelling);
  const bool markup = first.c == '<' && first.length == spelling;
  if (markup && MarkBehind(body, i, spelling) != '!') return begin;
  out.Append(kMask);
  return EndOfContent(body, i, spelling);
}

}  // namespace

std::string CleanPayload(std::string_view body, size_t max_bytes) {
  Output out(max_bytes);
  Tag tag;
  for (size_t i = 0; i < body.size() && !out.full();) {
    if (!IsWord(body[i])) {
      const Sign sign = SignAt(body, i, kAnySpelling);
      if (sign.length > kPlain) out.Append(body.substr(i, sign.length));
      i = sign.length > kPlain ? i + sign.length : out.AppendCharacter(body, i);
      if (tag.See(sign)) i = MaskContent(body, i, tag.spelling(), out);
      continue;
    }
    size_t end = i;
    while (end < body.size() && IsWord(body[end])) ++end;
    const std::string_view word = body.substr(i, end - i);
    out.AppendWord(word);
    i = NamesSecret(word) ? MaskValue(body, end, out) : end;
    if (i == end && tag.in_name() && NamesSecret(word)) tag.MakeSecret();
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
