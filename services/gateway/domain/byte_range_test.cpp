#include "services/gateway/domain/byte_range.h"

#include <catch2/catch.hpp>

namespace ctc::gateway {
namespace {

// "2-5" for the bytes of a file of ten; "whole" and "none".
std::string Answer(std::string_view header, int64_t total = 10) {
  const std::optional<RangeSpec> spec = ParseRange(header);
  if (!spec.has_value()) return "whole";
  const std::optional<ByteSpan> span = Resolve(*spec, total);
  if (!span.has_value()) return "none";
  return ContentRange(*span, total);
}

TEST_CASE("one range is read in its three forms", "[gateway][range]") {
  CHECK(Answer("bytes=2-5") == "bytes 2-5/10");
  CHECK(Answer("bytes=0-0") == "bytes 0-0/10");
  CHECK(Answer("bytes=7-") == "bytes 7-9/10");
  CHECK(Answer("bytes=-3") == "bytes 7-9/10");
}

TEST_CASE("a range that reaches beyond the end ends with it", "[gateway][range]") {
  CHECK(Answer("bytes=7-100") == "bytes 7-9/10");
  CHECK(Answer("bytes=-100") == "bytes 0-9/10");
  CHECK(Answer("bytes=0-9223372036854775807") == "bytes 0-9/10");
}

TEST_CASE("a range without a byte of the file cannot be satisfied", "[gateway][range]") {
  CHECK(Answer("bytes=10-") == "none");
  CHECK(Answer("bytes=10-20") == "none");
  CHECK(Answer("bytes=-0") == "none");
  CHECK(Answer("bytes=0-", 0) == "none");
  CHECK(Answer("bytes=-5", 0) == "none");
}

TEST_CASE("what is no single range of bytes is answered with the whole", "[gateway][range]") {
  for (const char* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=1-2,4-5", "items=0-1",
        "bytes=+1-2", "bytes= 1-2", "bytes=1-2 ", "bytes=99999999999999999999-", "Bytes 0-1"}) {
    INFO(header);
    CHECK(Answer(header) == "whole");
  }
}

TEST_CASE("a range of another version is not given", "[gateway][range]") {
  CHECK(RangeHolds("", "\"a\""));
  CHECK(RangeHolds("\"a\"", "\"a\""));
  CHECK_FALSE(RangeHolds("\"b\"", "\"a\""));
  CHECK_FALSE(RangeHolds("W/\"a\"", "\"a\""));
  CHECK_FALSE(RangeHolds("Sat, 29 Oct 1994 19:43:31 GMT", "\"a\""));
}

}  // namespace
}  // namespace ctc::gateway
