// Waits in tests for a condition.
#include "libs/testing/eventually.h"

#include <absl/time/clock.h>

#include <catch2/catch.hpp>

#include "libs/base/clock.h"

namespace ctc::testing {

void Eventually(const std::function<std::string()>& condition, absl::Duration limit) {
  const base::Clock& clock = base::SystemClock();
  const absl::Duration end = clock.Monotonic() + limit;
  std::string seen = condition();
  while (!seen.empty() && clock.Monotonic() < end) {
    absl::SleepFor(absl::Milliseconds(2));
    seen = condition();
  }
  INFO("after " << absl::FormatDuration(limit) << " still: " << seen);
  REQUIRE(seen.empty());
}

void EventuallyTrue(const std::function<bool()>& condition, const std::string& what,
                    absl::Duration limit) {
  Eventually([&] { return condition() ? std::string() : what; }, limit);
}

}  // namespace ctc::testing
