// Query strings, forms and percent-encoding.
#include "libs/http/message.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {

void Form(std::string_view bytes) {
  for (const bool form : {false, true}) {
    const auto decoded = http::Decode(bytes, form);
    if (!decoded.ok()) continue;
    Require(decoded->size() <= bytes.size(), "decoding never grows");
    const auto again = http::Decode(http::Encode(*decoded), form);
    Require(again.ok() && *again == *decoded, "what was encoded is decoded to itself");
  }
  const auto pairs = http::ParseForm(bytes);
  if (!pairs.ok()) return;
  std::string written;
  for (const auto& [name, value] : *pairs) {
    if (!written.empty()) written += '&';
    written += http::Encode(name) + "=" + http::Encode(value);
  }
  const auto again = http::ParseForm(written);
  Require(again.ok(), "a form written anew can be read");
  if (!written.empty()) Require(*again == *pairs, "a form written anew is the same");
}

}  // namespace ctc::fuzz
