#include "libs/providers/indian.h"

#include <catch2/catch.hpp>

namespace ctc::providers {
namespace {

TEST_CASE("numbers of Indian carriers are read into E.164", "[indian]") {
  for (const char* text : {"9800000001", "09800000001", "919800000001", "+919800000001",
                           "00919800000001", "+91 98000-00001", " 098000 00001"}) {
    INFO(text);
    CHECK(ReadIndianNumber(text) == "+919800000001");
  }
  CHECK(ReadIndianNumber("08040000003") == "+918040000003");
  CHECK(ReadIndianNumber("+12025550100") == "+12025550100");
  CHECK(ReadIndianNumber("0012025550100") == "+12025550100");
}

TEST_CASE("what is no number is none", "[indian]") {
  for (const char* text : {"", "sip:agent@x", "anonymous", "+", "0", "+0", "123456789012345678",
                           "98000;ext=1", "+91+98", "98,00"}) {
    INFO(text);
    CHECK(ReadIndianNumber(text).empty());
  }
}

TEST_CASE("the national form has ten digits, and only Indian numbers have one", "[indian]") {
  CHECK(NationalIndianNumber("+919800000001") == "9800000001");
  for (const char* text :
       {"+12025550100", "+91980000001", "+9198000000011", "919800000001", "+91980000000x", ""}) {
    INFO(text);
    CHECK(NationalIndianNumber(text).empty());
  }
}

TEST_CASE("times without a zone are Indian", "[indian]") {
  // The sample of mCube: an id made at 1697091597 with this time beside it.
  CHECK(ReadIndianTime("2023-10-12 11:49:57") == absl::FromUnixSeconds(1697091597));
  CHECK(ReadIndianTime("12-10-2023 11:49:57") == absl::FromUnixSeconds(1697091597));
  CHECK(ReadIndianTime("Thu, 12 Oct 2023 11:49:57") == absl::FromUnixSeconds(1697091597));
  CHECK(IndianTimeText(absl::FromUnixSeconds(1697091597)) == "2023-10-12 11:49:57");
}

TEST_CASE("placeholders are no times", "[indian]") {
  for (const char* text : {"", "1970-01-01 05:30:00", "0000-00-00 00:00:00", "0000-00-00", "soon",
                           "2023-13-01 00:00:00", "2023-10-12", "infinite-future"}) {
    INFO(text);
    CHECK_FALSE(ReadIndianTime(text).has_value());
  }
}

}  // namespace
}  // namespace ctc::providers
