#include "libs/transcoding/timestamp_text.h"

#include <catch2/catch.hpp>

namespace ctc::transcoding {
namespace {

std::string RoundTrip(std::string_view text) {
  google::protobuf::Timestamp time;
  if (!ParseTimestamp(text, time)) return "refused";
  std::string out;
  AppendTimestamp(time, out);
  return out;
}

TEST_CASE("times keep their meaning through reading and printing", "[transcoding][time]") {
  CHECK(RoundTrip("2025-12-03T10:30:00Z") == "2025-12-03T10:30:00Z");
  CHECK(RoundTrip("2025-12-03T10:30:00.250Z") == "2025-12-03T10:30:00.250Z");
  CHECK(RoundTrip("2025-12-03T10:30:00+05:30") == "2025-12-03T05:00:00Z");
  CHECK(RoundTrip("2025-12-31T23:30:00-01:00") == "2026-01-01T00:30:00Z");
  CHECK(RoundTrip("2024-02-29T00:00:00Z") == "2024-02-29T00:00:00Z");
  CHECK(RoundTrip("1969-12-31T23:59:59Z") == "1969-12-31T23:59:59Z");
  CHECK(RoundTrip("0001-01-01T00:00:00Z") == "0001-01-01T00:00:00Z");
  CHECK(RoundTrip("9999-12-31T23:59:59.999Z") == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("what is not a strict RFC 3339 time is refused", "[transcoding][time]") {
  const char* text = GENERATE(
      "", "2025-12-03", "2025-12-03 10:30:00Z", "2025-12-03T10:30:00", "2025-02-29T00:00:00Z",
      "2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z", "2025-01-00T00:00:00Z",
      "2025-01-01T24:00:00Z", "2025-01-01T00:60:00Z", "2025-01-01T00:00:60Z",
      "0000-01-01T00:00:00Z", "2025-01-01T00:00:00.Z", "2025-01-01T00:00:00.1234567890Z",
      "2025-01-01T00:00:00+5:30", "2025-01-01T00:00:00Zx", "1764757800", "2025-1-1T0:0:0Z");
  INFO(text);
  CHECK(RoundTrip(text) == "refused");
}

}  // namespace
}  // namespace ctc::transcoding
