// Range requests (RFC 9110, section 14) as a pure function: headers and length in, bytes out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ctc::gateway {

// What the Range header asks for; either a first byte, or so many of the last ones.
struct RangeSpec {
  int64_t first = 0;
  std::optional<int64_t> last;    // inclusive
  std::optional<int64_t> suffix;  // instead of first and last
};
// Nothing for no header, a unit other than bytes, several ranges and what cannot be read: all of
// these are answered with the whole, as the RFC allows.
std::optional<RangeSpec> ParseRange(std::string_view header);

struct ByteSpan {
  int64_t begin = 0;
  int64_t end = 0;  // exclusive
};
// The bytes of a file of `total`; nothing when the range has none of them.
std::optional<ByteSpan> Resolve(const RangeSpec& spec, int64_t total);

// "bytes 0-99/1000".
std::string ContentRange(const ByteSpan& span, int64_t total);

// If-Range: true when the client's copy is of this version, or it did not say.
bool RangeHolds(std::string_view if_range, std::string_view quoted_version);

}  // namespace ctc::gateway
