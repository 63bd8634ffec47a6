#include "libs/providers/sip/native/caller_rules.h"

#include <absl/strings/numbers.h>
#include <arpa/inet.h>

#include <algorithm>
#include <optional>

namespace ctc::providers::sip::native {
namespace {

constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);

std::optional<std::string> BytesOf(std::string_view address) {
  const std::string text(address);
  std::string bytes(16, '\0');
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return bytes.substr(0, 4);
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::nullopt;
  if (bytes.starts_with(kMapped)) return bytes.substr(12);
  return bytes;
}

bool Contains(const AddressRange& range, const std::string& bytes) {
  if (bytes.size() != range.bytes.size()) return false;
  for (int bit = 0; bit < range.bits; ++bit) {
    const auto at = static_cast<size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if (((bytes[at] ^ range.bytes[at]) & mask) != 0) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<AddressRange> ReadAddressRange(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<std::string> bytes = BytesOf(text.substr(0, slash));
  if (!bytes) return absl::InvalidArgumentError("is no address");
  AddressRange range{*bytes, static_cast<int>(bytes->size()) * 8};
  if (slash == std::string_view::npos) return range;
  const std::string given(text.substr(slash + 1));
  int bits = -1;
  if (!absl::SimpleAtoi(given, &bits) || bits < 0 || bits > range.bits) {
    return absl::InvalidArgumentError("is no address range");
  }
  range.bits = bits;
  return range;
}

bool CallerRules::Trusts(std::string_view address) const {
  const std::optional<std::string> bytes = BytesOf(address);
  return bytes && std::any_of(trusted.begin(), trusted.end(),
                              [&](const AddressRange& range) { return Contains(range, *bytes); });
}

}  // namespace ctc::providers::sip::native
