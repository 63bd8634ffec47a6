// How many looks begin, and when the others are tried again.
#include "services/session/domain/look_pace.h"

#include <catch2/catch.hpp>

namespace ctc::session::domain {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(10);
constexpr int kBurst = 20;

int Begun(LookPace& pace, absl::Duration now, int wanted) {
  int begun = 0;
  for (int i = 0; i < wanted; ++i) begun += pace.Take(now) ? 1 : 0;
  return begun;
}

}  // namespace

TEST_CASE("looks begin one after the other", "[session][watchdog]") {
  LookPace pace(kInterval, kBurst);
  const absl::Duration start = absl::Hours(5);
  CHECK(Begun(pace, start, 100) == kBurst);
  CHECK(Begun(pace, start, 1) == 0);
  CHECK(Begun(pace, start + absl::Milliseconds(9), 1) == 0);
  CHECK(Begun(pace, start + absl::Milliseconds(50), 100) == 5);
  CHECK(Begun(pace, start + absl::Minutes(1), 100) == kBurst);
}

TEST_CASE("what cannot wait is counted", "[session][watchdog]") {
  LookPace pace(kInterval, kBurst);
  const absl::Duration start = absl::Hours(5);
  for (int i = 0; i < kBurst + 5; ++i) pace.Force(start);
  CHECK(Begun(pace, start + absl::Milliseconds(50), 1) == 0);
  CHECK(Begun(pace, start + absl::Milliseconds(60), 100) == 1);
}

TEST_CASE("looks that are put off have moments of their own", "[session][watchdog]") {
  LookPace pace(kInterval, kBurst);
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  CHECK(pace.PutOff(now) == now + kInterval);
  CHECK(pace.PutOff(now) == now + 2 * kInterval);
  SECTION("which begin anew once they are past") {
    CHECK(pace.PutOff(now + absl::Seconds(1)) == now + absl::Seconds(1) + kInterval);
  }
  SECTION("also when the clock is set back") {
    const absl::Time before = now - absl::Hours(2);
    CHECK(pace.PutOff(before) == before + kInterval);
  }
}

}  // namespace ctc::session::domain
