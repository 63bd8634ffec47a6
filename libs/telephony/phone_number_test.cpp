// Numbers as people type them, and what must not pass for one.
#include "libs/telephony/phone_number.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/testing/status_matchers.h"

namespace ctc::telephony {
namespace {

TEST_CASE("numbers are normalised to E.164") {
  const std::pair<std::string, std::string> vectors[] = {{"+1234567890", "+1234567890"},
                                                         {"+0987654321", "+0987654321"},
                                                         {"+1 (234) 567-890", "+1234567890"},
                                                         {"0049 30/123.456", "+4930123456"},
                                                         {" +49 30 123456 ", "+4930123456"},
                                                         {"(+44) 20 7946 0958", "+442079460958"},
                                                         {"+12", "+12"},
                                                         {"+123456789012345", "+123456789012345"}};
  for (const auto& [typed, number] : vectors) {
    CAPTURE(typed);
    const auto parsed = E164::Parse(typed);
    REQUIRE_THAT(parsed.status(), testing::IsOk());
    CHECK(parsed->value() == number);
    CHECK(parsed->digits() == number.substr(1));
  }
}

TEST_CASE("a zero in parentheses after the country code is no part of the number") {
  const std::pair<std::string, std::string> vectors[] = {
      {"+49 (0)30 123456", "+4930123456"},
      {"+49(0)30123456", "+4930123456"},
      {"0049 (0) 30/123456", "+4930123456"},
      {"+44 (0)20 7946 0958", "+442079460958"},
      {"(+44) (0)20 7946 0958", "+442079460958"},
      {"+353 (0)1 234567", "+3531234567"},
      {"+7 (0)495 1234567", "+74951234567"},
      // It is one elsewhere, and where the country's numbers begin with it.
      {"+39 (0)6 1234567", "+39061234567"},
      {"+49 30 (0)123456", "+49300123456"},
      {"+49 030 123456", "+49030123456"},
      {"+353 1 (0)234567", "+35310234567"},
      {"+35 (0)1 234567", "+3501234567"},
      {"+49 (00)30 123456", "+490030123456"}};
  for (const auto& [typed, number] : vectors) {
    CAPTURE(typed);
    const auto parsed = E164::Parse(typed);
    REQUIRE_THAT(parsed.status(), testing::IsOk());
    CHECK(parsed->value() == number);
  }
  CHECK_FALSE(E164::Parse("(0)30 123456").ok());
}

TEST_CASE("nothing can be smuggled into a dial string") {
  const std::string bad[] = {
      "+12345\r\nX: y", "+12345\n",   "+12345,100", "+12345/n",  "+12345;ext=1",
      "+12345@host",    "+12345x5",   "+12345w1",   "+12345#",   "+12345*",
      "+12345&SIP/1",   "tel:+12345", "+12345\t",   "+12345%20", std::string("+123\0 45", 8),
      "+1234\xd9\xa5",  "PJSIP/100"};
  for (const std::string& text : bad) {
    CAPTURE(text);
    const auto parsed = E164::Parse(text);
    CHECK_THAT(parsed.status(), testing::HasError(base::kValidationFailed));
  }
}

TEST_CASE("a number has a country code and 2 to 15 digits") {
  for (const char* text : {"", "+", "+1", "1234567890", "01234567", "00", "0 123456",
                           "+1234567890123456", "++1234567", "1+234567", "00+1234567", "+123+4567",
                           "()", "+1                                                        2"}) {
    CAPTURE(text);
    CHECK_FALSE(E164::Parse(text).ok());
  }
}

TEST_CASE("a tenant may want possible or valid numbers only") {
  CHECK(E164::Parse("+12345678", NumberValidation::kE164Syntax).ok());
  CHECK_FALSE(E164::Parse("+12345678", NumberValidation::kPossible).ok());
  CHECK(E164::Parse("+11234567890", NumberValidation::kPossible).ok());
  CHECK_FALSE(E164::Parse("+11234567890", NumberValidation::kValid).ok());
  CHECK(E164::Parse("+14158675310", NumberValidation::kValid).ok());
  CHECK_FALSE(E164::Parse("+999123456789", NumberValidation::kPossible).ok());
}

TEST_CASE("a number tells its country") {
  CHECK(RegionOf(E164::Parse("+14158675310").value()) == "US");
  CHECK(RegionOf(E164::Parse("+442079460958").value()) == "GB");
  CHECK(RegionOf(E164::Parse("+12").value()).empty());
  CHECK(RegionOf(E164::Parse("+80012345678").value()).empty());
}

TEST_CASE("an endpoint of the switch has plain characters only") {
  for (const char* good : {"PJSIP/agent-a", "agent_a", "1001", "+1234567890", "a@trunk.example"}) {
    CAPTURE(good);
    CHECK_THAT(CheckEndpoint(good), testing::IsOk());
  }
  for (const std::string& bad :
       {std::string(), std::string("PJSIP/a&PJSIP/b"), std::string("a,b"), std::string("a\r\nb"),
        std::string("a b"), std::string("a;b"), std::string("${X}"), std::string(129, 'a')}) {
    CAPTURE(bad);
    CHECK_THAT(CheckEndpoint(bad), testing::HasError(base::kValidationFailed));
  }
}

TEST_CASE("an endpoint may be a SIP address, of an IPv6 host too") {
  for (const char* good :
       {"ann@[2001:db8::1]", "ann@[2001:db8::1]:5060", "sip:ann@[::1]:5060", "sips:ann@[::1]",
        "sip:ann@[::ffff:10.0.0.1]:5060", "sip:ann@pbx.example", "sip:+12025550142@10.0.0.1:5080",
        "ann@pbx.example:5060"}) {
    CAPTURE(good);
    CHECK_THAT(CheckEndpoint(good), testing::IsOk());
  }
  for (const std::string& bad : {std::string("[::1]"),
                                 std::string("sip:[::1]"),
                                 std::string("ann@[::1"),
                                 std::string("ann@::1"),
                                 std::string("ann@[]"),
                                 std::string("ann@[1]"),
                                 std::string("ann@[::1]5060"),
                                 std::string("ann@[::1]:"),
                                 std::string("ann@[::1]:506066"),
                                 std::string("ann@[::1]:50x"),
                                 std::string("ann@[::g]"),
                                 std::string("ann@[fe80::1%eth0]"),
                                 std::string("ann@[::1];x"),
                                 std::string("ann@[::1]@[::2]"),
                                 std::string("sip:ann"),
                                 std::string("sip:@[::1]"),
                                 std::string("tel:+12025550142"),
                                 std::string("sip:ann:pw@host"),
                                 std::string("sip:ann@host/x:1"),
                                 "ann@[" + std::string(128, ':') + "]"}) {
    CAPTURE(bad);
    CHECK_THAT(CheckEndpoint(bad), testing::HasError(base::kValidationFailed));
  }
}

}  // namespace
}  // namespace ctc::telephony
