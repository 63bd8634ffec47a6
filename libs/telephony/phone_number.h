// Phone numbers: E.164 by type. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace ctc::telephony {

// How strictly a tenant wants numbers checked.
enum class NumberValidation { kE164Syntax, kPossible, kValid };

// "+" and 7 to 15 digits... ITU-T E.164; 2 to 15 digits are accepted by syntax. A value of this
// type holds digits and one leading plus only, so it can go into a dial string.
class E164 {
 public:
  // Accepts "+", "00" with spaces, dots, dashes, slashes and parentheses, as people type; refuses
  // letters, control characters, ";ext=", "@" and "," (A11: nothing can be smuggled into a dial
  // string). "(0)" after the country code is not dialled from abroad and left out.
  static absl::StatusOr<E164> Parse(std::string_view text,
                                    NumberValidation validation = NumberValidation::kE164Syntax);
  const std::string& value() const { return value_; }
  std::string digits() const { return value_.substr(1); }
  friend bool operator==(const E164&, const E164&) = default;

 private:
  explicit E164(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

// ISO 3166 country of the number, "" when unknown.
std::string RegionOf(const E164& number);

// An agent's phone is a number or an endpoint of the switch ("PJSIP/agent-a", "agent-a", "1001"):
// letters, digits, "+-_./@" only; or a SIP address, "sip:ann@[2001:db8::1]:5060" with or without
// scheme and port. At most 128 characters. INVALID_ARGUMENT otherwise.
absl::Status CheckEndpoint(std::string_view endpoint);

}  // namespace ctc::telephony
