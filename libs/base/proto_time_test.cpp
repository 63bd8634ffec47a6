#include "libs/base/proto_time.h"

#include <catch2/catch.hpp>

namespace ctc::base {
namespace {

using google::protobuf::Timestamp;
using Parts = std::pair<int64_t, int32_t>;

Timestamp Of(int64_t seconds, int32_t nanos) {
  Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(nanos);
  return time;
}
Parts PartsOf(const Timestamp& time) { return {time.seconds(), time.nanos()}; }

TEST_CASE("a time is told in milliseconds, or as it is, rounded down") {
  struct Case {
    absl::Time time;
    Parts precise;
    Parts millis;
  };
  const absl::Time epoch = absl::UnixEpoch();
  const std::vector<Case> cases = {
      {epoch, {0, 0}, {0, 0}},
      {epoch + absl::Nanoseconds(999'999), {0, 999'999}, {0, 0}},
      {epoch + absl::Nanoseconds(1'999'999), {0, 1'999'999}, {0, 1'000'000}},
      {epoch + absl::Nanoseconds(999'999'999), {0, 999'999'999}, {0, 999'000'000}},
      {epoch + absl::Nanoseconds(5) / 4, {0, 1}, {0, 0}},
      {epoch - absl::Nanoseconds(1), {-1, 999'999'999}, {-1, 999'000'000}},
      {epoch - absl::Milliseconds(1), {-1, 999'000'000}, {-1, 999'000'000}},
      {epoch - absl::Milliseconds(1500), {-2, 500'000'000}, {-2, 500'000'000}},
      {epoch - absl::Seconds(1), {-1, 0}, {-1, 0}},
      {absl::FromUnixMillis(1'764'757'800'123),
       {1'764'757'800, 123'000'000},
       {1'764'757'800, 123'000'000}},
      // Further from 1970 than 64 bits of nanoseconds reach.
      {absl::FromUnixSeconds(20'000'000'000) + absl::Nanoseconds(7),
       {20'000'000'000, 7},
       {20'000'000'000, 0}},
  };
  for (const Case& c : cases) {
    INFO(c.time);
    CHECK(PartsOf(ToPreciseProto(c.time)) == c.precise);
    CHECK(PartsOf(ToProto(c.time)) == c.millis);
  }
}

TEST_CASE("what no Timestamp can tell becomes the nearest that one can") {
  const absl::Time first = absl::FromCivil(absl::CivilDay(1, 1, 1), absl::UTCTimeZone());
  const absl::Time after = absl::FromCivil(absl::CivilDay(10000, 1, 1), absl::UTCTimeZone());
  for (const absl::Time time : {absl::InfinitePast(), first - absl::Nanoseconds(1), first}) {
    CHECK(PartsOf(ToPreciseProto(time)) == Parts(kFirstProtoSecond, 0));
    CHECK(IsProtoTime(ToProto(time)));
  }
  for (const absl::Time time : {absl::InfiniteFuture(), after, after - absl::Nanoseconds(1)}) {
    CHECK(PartsOf(ToPreciseProto(time)) == Parts(kLastProtoSecond, 999'999'999));
    CHECK(PartsOf(ToProto(time)) == Parts(kLastProtoSecond, 999'000'000));
  }
}

TEST_CASE("a Timestamp comes back as it was") {
  for (const Parts& parts : {Parts{0, 0}, Parts{-1, 999'999'999}, Parts{1'764'757'800, 123'456'789},
                             Parts{kFirstProtoSecond, 0}, Parts{kLastProtoSecond, 999'999'999}}) {
    const Timestamp time = Of(parts.first, parts.second);
    CHECK(IsProtoTime(time));
    CHECK(PartsOf(ToPreciseProto(FromProto(time))) == parts);
  }
}

TEST_CASE("not everything in a Timestamp is a time") {
  CHECK_FALSE(IsProtoTime(Of(kFirstProtoSecond - 1, 0)));
  CHECK_FALSE(IsProtoTime(Of(kLastProtoSecond + 1, 0)));
  CHECK_FALSE(IsProtoTime(Of(0, -1)));
  CHECK_FALSE(IsProtoTime(Of(0, 1'000'000'000)));
  // Read all the same, without overflow.
  CHECK(FromProto(Of(INT64_MAX, INT32_MAX)) > absl::FromUnixSeconds(kLastProtoSecond));
  CHECK(FromProto(Of(INT64_MIN, INT32_MIN)) < absl::FromUnixSeconds(kFirstProtoSecond));
}

}  // namespace
}  // namespace ctc::base
