// E.164 by own syntax rules; libphonenumber only where a tenant asks for more, for it costs much
// more.
#include "libs/telephony/phone_number.h"

#include <phonenumbers/phonenumberutil.h>

#include <algorithm>

#include "libs/base/error.h"

namespace ctc::telephony {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

constexpr size_t kMinDigits = 2;
constexpr size_t kMaxDigits = 15;
constexpr size_t kMaxTyped = 40;  // digits with separators; more is not a number
constexpr size_t kMaxEndpoint = 128;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsSeparator(char c) {
  return c == ' ' || c == '.' || c == '-' || c == '/' || c == '(' || c == ')';
}

bool IsPlain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("+-_./@").find(c) != std::string_view::npos;
  });
}

// The characters only: whether it is an address is for who sends there to find out.
bool IsIpv6(std::string_view text) {
  return text.find(':') != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
                  c == '.';
         });
}

// "[sip:|sips:]name@host[:port]", with the brackets of an IPv6 host (RFC 3261 section 25.1).
bool IsSipAddress(std::string_view text) {
  for (const std::string_view scheme : {"sip:", "sips:"}) {
    if (!text.starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    break;
  }
  const size_t at = text.find('@');
  if (at == std::string_view::npos || !IsPlain(text.substr(0, at))) return false;
  text.remove_prefix(at + 1);
  const bool v6 = text.starts_with('[');
  const size_t end = v6 ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return false;
  const std::string_view host = v6 ? text.substr(1, end - 1) : text.substr(0, end);
  text.remove_prefix(v6 ? end + 1 : end);
  const bool named = IsPlain(host) && host.find_first_of("/@") == std::string_view::npos;
  if (v6 ? !IsIpv6(host) : !named) return false;
  if (text.empty()) return true;
  return text.size() >= 2 && text.size() <= 6 && text.front() == ':' &&
         std::all_of(text.begin() + 1, text.end(), IsDigit);
}

// How many digits the country code at the beginning of `digits` has: the codes of one and of two
// (ITU-T E.164 annex D); all others have three.
size_t CountryCodeLength(std::string_view digits) {
  constexpr std::string_view kOfTwo =
      "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64"
      " 65 66 81 82 84 86 90 91 92 93 94 95 98";
  if (digits.starts_with('1') || digits.starts_with('7')) return 1;
  return kOfTwo.find(digits.substr(0, 2)) != std::string_view::npos ? 2 : 3;
}

// Whether a zero after the country code that is all of `digits` is for calls within the country
// only. Italy's and San Marino's belong to the number.
bool HasTrunkZero(std::string_view digits) {
  return !digits.empty() && digits.size() == CountryCodeLength(digits) && digits != "39" &&
         digits != "378";
}

absl::Status Refuse(std::string_view why) { return base::InvalidField("phone", why); }

absl::Status CheckDeeply(const std::string& number, NumberValidation validation) {
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  PhoneNumber parsed;
  if (util.Parse(number, "ZZ", &parsed) != PhoneNumberUtil::NO_PARSING_ERROR) {
    return Refuse("has no country code that exists");
  }
  // A number that works within its area only is not one we can dial.
  const bool good = validation == NumberValidation::kPossible
                        ? util.IsPossibleNumberWithReason(parsed) == PhoneNumberUtil::IS_POSSIBLE
                        : util.IsValidNumber(parsed);
  return good ? absl::OkStatus() : Refuse("is not a number of its country's plan");
}

}  // namespace

absl::StatusOr<E164> E164::Parse(std::string_view text, NumberValidation validation) {
  if (text.empty()) return Refuse("is missing");
  if (text.size() > kMaxTyped) return Refuse("is too long");
  std::string number;
  number.reserve(kMaxDigits + 1);
  number.push_back('+');
  bool plus = false;
  size_t zeros = 0;  // leading ones, before a plus was seen
  constexpr std::string_view kTrunkZero = "(0)";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (text.substr(i).starts_with(kTrunkZero) && (plus || zeros == 2) &&
        HasTrunkZero(std::string_view(number).substr(1))) {
      i += kTrunkZero.size() - 1;
    } else if (IsDigit(c)) {
      if (number.size() == 1 && !plus && c == '0' && zeros < 2) {
        ++zeros;
        continue;
      }
      if (number.size() > kMaxDigits) return Refuse("has more than 15 digits");
      number.push_back(c);
    } else if (c == '+') {
      if (plus || zeros > 0 || number.size() > 1) return Refuse("has a plus that does not lead");
      plus = true;
    } else if (!IsSeparator(c)) {
      return Refuse("must have digits, spaces, dots, dashes, slashes and parentheses only");
    }
  }
  if (!plus && zeros != 2) return Refuse("must begin with + and the country code");
  if (number.size() < kMinDigits + 1) return Refuse("has too few digits");
  if (validation != NumberValidation::kE164Syntax) {
    CTC_RETURN_IF_ERROR(CheckDeeply(number, validation));
  }
  return E164(std::move(number));
}

std::string RegionOf(const E164& number) {
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  PhoneNumber parsed;
  if (util.Parse(number.value(), "ZZ", &parsed) != PhoneNumberUtil::NO_PARSING_ERROR) return "";
  std::string region;
  util.GetRegionCodeForNumber(parsed, &region);
  return region.size() == 2 && region != "ZZ" ? region : "";
}

absl::Status CheckEndpoint(std::string_view endpoint) {
  if (endpoint.empty()) return base::InvalidField("endpoint", "is missing");
  if (endpoint.size() > kMaxEndpoint) {
    return base::InvalidField("endpoint", "has more than 128 characters");
  }
  if (IsPlain(endpoint) || IsSipAddress(endpoint)) return absl::OkStatus();
  return base::InvalidField("endpoint",
                            "must have letters, digits and +-_./@ only, or be sip:name@host:port "
                            "with an IPv6 host in brackets");
}

}  // namespace ctc::telephony
