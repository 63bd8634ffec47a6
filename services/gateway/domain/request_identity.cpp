#include "services/gateway/domain/request_identity.h"

#include <algorithm>
#include <array>

namespace ctc::gateway {
namespace {

bool IsAlnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool AllHex(std::string_view text) { return std::all_of(text.begin(), text.end(), IsHex); }
bool AllZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

void AppendRandomHex(size_t bytes, base::Random& random, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, 16> buffer;
  const std::span<unsigned char> part(buffer.data(), bytes);
  random.Fill(part);
  for (unsigned char byte : part) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

}  // namespace

bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return IsAlnum(c) || c == '.' || c == '_' || c == '-' || c == ':';
  });
}

bool IsTraceparent(std::string_view text) {
  if (text.size() != 55 || text.substr(0, 3) != "00-" || text[35] != '-' || text[52] != '-') {
    return false;
  }
  const std::string_view trace = text.substr(3, 32);
  const std::string_view span = text.substr(36, 16);
  return AllHex(trace) && AllHex(span) && AllHex(text.substr(53)) && !AllZero(trace) &&
         !AllZero(span);
}

std::string NextTraceparent(std::string_view incoming, base::Random& random) {
  std::string out;
  out.reserve(55);
  out += "00-";
  const bool known = IsTraceparent(incoming);
  if (known) {
    out += incoming.substr(3, 32);
  } else {
    AppendRandomHex(16, random, out);
  }
  out += '-';
  AppendRandomHex(8, random, out);
  out += known ? incoming.substr(52) : "-00";
  return out;
}

bool IsIdempotencyKey(std::string_view text) {
  return !text.empty() && text.size() <= 255 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool IsTenantId(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return IsAlnum(c) || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace ctc::gateway
