// How many looks begin.
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

TEST_CASE("what cannot wait is counted, and leaves a share to the others", "[session][watchdog]") {
  LookPace pace(kInterval, kBurst);
  const absl::Duration start = absl::Hours(5);
  for (int i = 0; i < 8; ++i) pace.Force(start);
  CHECK(Begun(pace, start, 100) == kBurst - 8);
  for (int second = 1; second < 5; ++second) {
    const absl::Duration now = start + absl::Seconds(second);
    for (int i = 0; i < 1000; ++i) pace.Force(now);
    CHECK(Begun(pace, now, 100) == kBurst / 4);
  }
}

}  // namespace ctc::session::domain
