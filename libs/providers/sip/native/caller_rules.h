// Who may call us: the trunk by its address, anybody else by the account's password. Pure.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

namespace ctc::providers::sip::native {

// IPv4 or IPv6 addresses that share their first bits: "10.0.0.0/8", "2001:db8::7".
struct AddressRange {
  std::string bytes;  // 4 or 16
  int bits = 0;
};

absl::StatusOr<AddressRange> ReadAddressRange(std::string_view text);

struct CallerRules {
  std::vector<AddressRange> trusted;

  // `address` without a port; an IPv4 one may be written as IPv6.
  bool Trusts(std::string_view address) const;
};

}  // namespace ctc::providers::sip::native
