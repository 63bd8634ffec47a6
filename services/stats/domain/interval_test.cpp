// Which counters cover an interval.
#include "services/stats/domain/interval.h"

#include <catch2/catch.hpp>
#include <random>

namespace ctc::stats {
namespace {

absl::Time At(int hours, int minutes = 0) {
  return absl::UnixEpoch() + absl::Hours(24 * 20000 + hours) + absl::Minutes(minutes);
}

TEST_CASE("hours and days begin where they should, before 1970 too") {
  CHECK(HourOf(At(3, 59)) == At(3));
  CHECK(HourOf(At(3)) == At(3));
  CHECK(HourUp(At(3)) == At(3));
  CHECK(HourUp(At(3, 1)) == At(4));
  CHECK(DayOf(At(23, 59)) == At(0));
  CHECK(HourOf(absl::UnixEpoch() - absl::Seconds(1)) == absl::UnixEpoch() - absl::Hours(1));
}

TEST_CASE("all of time is one counter") {
  const auto cover = Cover(absl::InfinitePast(), absl::InfiniteFuture());
  REQUIRE(cover.size() == 1);
  CHECK(cover[0].period == Period::kAll);
}

TEST_CASE("within a day the hours are taken, rounded outwards") {
  const auto cover = Cover(At(3, 30), At(5, 1));
  REQUIRE(cover.size() == 1);
  CHECK(cover[0].period == Period::kHour);
  CHECK(cover[0].from == At(3));
  CHECK(cover[0].to == At(6));
}

TEST_CASE("whole days are taken as days") {
  const auto cover = Cover(At(24), At(72));
  REQUIRE(cover.size() == 1);
  CHECK(cover[0].period == Period::kDay);
  const auto open = Cover(At(24), absl::InfiniteFuture());
  REQUIRE(open.size() == 1);
  CHECK(open[0].period == Period::kDay);
}

TEST_CASE("a cover has no gap and no overlap") {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> minutes(0, 60 * 24 * 6);
  for (int i = 0; i < 500; ++i) {
    absl::Time from = At(0, minutes(random));
    absl::Time to = At(0, minutes(random));
    if (from > to) std::swap(from, to);
    if (from == to) continue;
    const auto cover = Cover(from, to);
    CHECK(cover.front().from == HourOf(from));
    CHECK(cover.back().to == HourUp(to));
    for (size_t k = 0; k < cover.size(); ++k) {
      CHECK(cover[k].from < cover[k].to);
      if (k > 0) CHECK(cover[k].from == cover[k - 1].to);
      if (cover[k].period == Period::kDay) {
        CHECK(DayOf(cover[k].from) == cover[k].from);
        CHECK(DayOf(cover[k].to) == cover[k].to);
      }
    }
  }
}

}  // namespace
}  // namespace ctc::stats
