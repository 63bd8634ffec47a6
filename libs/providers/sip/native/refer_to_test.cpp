#include "libs/providers/sip/native/refer_to.h"

#include <catch2/catch.hpp>

namespace ctc::providers::sip::native {
namespace {

TEST_CASE("a referral names a phone, and the dialog it is to take over", "[sip][refer]") {
  const auto blind = ReadReferTo("%2B12025550100", "proxy.example", "", "");
  REQUIRE(blind.ok());
  CHECK(blind->user == "+12025550100");
  CHECK(blind->host == "proxy.example");
  CHECK(blind->replaces.empty());
  const auto attended =
      ReadReferTo("ben", "10.0.0.7", "5062",
                  "Subject=x&replaces=a%40b%3Bto-tag%3Dx%3Bfrom-tag%3Dy%3Bearly-only");
  REQUIRE(attended.ok());
  CHECK(attended->host == "10.0.0.7:5062");
  CHECK(attended->replaces == "a@b;to-tag=x;from-tag=y;early-only");
}

TEST_CASE("a referral that says nothing usable is refused", "[sip][refer]") {
  CHECK_FALSE(ReadReferTo("", "host", "", "").ok());
  CHECK_FALSE(ReadReferTo("ben", "", "", "").ok());
  CHECK_FALSE(ReadReferTo("ben%0d%0aX:y", "host", "", "").ok());
  CHECK_FALSE(ReadReferTo("ben%4", "host", "", "").ok());
  CHECK_FALSE(ReadReferTo(std::string(600, 'a'), "host", "", "").ok());
  for (const char* replaces :
       {"Replaces=", "Replaces=a", "Replaces=a%3Bto-tag%3Dx",
        "Replaces=%3Bto-tag%3Dx%3Bfrom-tag%3Dy",
        "Replaces=a%3Bto-tag%3Dx%3Bfrom-tag%3Dy%0d%0aVia%3Ax",
        "Replaces=a%3Bto-tag%3Dx%3Bfrom-tag%3Dy%2Cb%3Bto-tag%3Dx%3Bfrom-tag%3Dy",
        "Replaces=a%3Bto-tag%3Dx%3Bfrom-tag%3Dy&Replaces=b%3Bto-tag%3Dx%3Bfrom-tag%3Dy"}) {
    INFO(replaces);
    CHECK_FALSE(ReadReferTo("ben", "host", "", replaces).ok());
  }
}

}  // namespace
}  // namespace ctc::providers::sip::native
