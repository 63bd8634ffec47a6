// Numbers and endpoints as people and programs write them: nothing else may reach a dial string.
#include <algorithm>

#include "libs/telephony/phone_number.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

void PhoneNumber(std::string_view bytes) {
  using telephony::E164;
  using telephony::NumberValidation;
  const auto number = E164::Parse(bytes);
  if (number.ok()) {
    const std::string& value = number->value();
    Require(value.size() >= 3 && value.size() <= 16 && value.front() == '+',
            "a number is a plus and 2 to 15 digits");
    Require(std::all_of(value.begin() + 1, value.end(), IsDigit), "a number is digits");
    const auto again = E164::Parse(value);
    Require(again.ok() && *again == *number, "a number in E.164 is itself");
    (void)telephony::RegionOf(*number);
  }
  for (const auto validation : {NumberValidation::kPossible, NumberValidation::kValid}) {
    if (E164::Parse(bytes, validation).ok()) Require(number.ok(), "stricter accepts less");
  }
  if (telephony::CheckEndpoint(bytes).ok()) {
    Require(!bytes.empty() && bytes.size() <= 128, "an endpoint is 1 to 128 characters");
    Require(bytes.find_first_of(",;&|\"'<>()${}\\ \t\r\n") == std::string_view::npos,
            "an endpoint holds nothing that a dialplan reads");
  }
}

}  // namespace ctc::fuzz
