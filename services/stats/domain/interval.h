// Hours and days in UTC, and which counters cover an interval. Pure.
#pragma once

#include <absl/time/time.h>

#include <vector>

#include "services/stats/domain/figures.h"

namespace ctc::stats {

absl::Time HourOf(absl::Time time);
absl::Time DayOf(absl::Time time);
// The end of the hour that `time` is in; `time` itself on the hour.
absl::Time HourUp(absl::Time time);

// Counters of `period` with from <= bucket < to.
struct Segment {
  Period period = Period::kAll;
  absl::Time from = absl::UnixEpoch();
  absl::Time to = absl::UnixEpoch() + absl::Hours(1);
};

// The fewest counters that cover [from, to), hours rounded outwards: days where they fit, hours at
// the edges, and the one counter of all times when both are infinite. from < to.
std::vector<Segment> Cover(absl::Time from, absl::Time to);

}  // namespace ctc::stats
