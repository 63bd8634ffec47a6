// Hours and days in UTC.
#include "services/stats/domain/interval.h"

#include <algorithm>

namespace ctc::stats {
namespace {

// What a counter's bucket can be; stands for infinity in a half-open interval.
const absl::Time kFirst = absl::UnixEpoch();
const absl::Time kLast = absl::FromUnixSeconds(253402300800 - 86400);  // the last day of 9999

absl::Time Floor(absl::Time time, absl::Duration step) {
  absl::Duration rest;
  absl::IDivDuration(time - absl::UnixEpoch(), step, &rest);
  if (rest < absl::ZeroDuration()) rest += step;
  return time - rest;
}

}  // namespace

absl::Time HourOf(absl::Time time) { return Floor(time, absl::Hours(1)); }
absl::Time DayOf(absl::Time time) { return Floor(time, absl::Hours(24)); }

absl::Time HourUp(absl::Time time) {
  const absl::Time hour = HourOf(time);
  return hour == time ? time : hour + absl::Hours(1);
}

std::vector<Segment> Cover(absl::Time from, absl::Time to) {
  if (from == absl::InfinitePast() && to == absl::InfiniteFuture()) return {Segment{}};
  const absl::Time begin = HourOf(std::clamp(from, kFirst, kLast));
  const absl::Time end = HourUp(std::clamp(to, kFirst, kLast));
  const absl::Time first_day = DayOf(begin) == begin ? begin : DayOf(begin) + absl::Hours(24);
  const absl::Time last_day = DayOf(end);
  if (first_day >= last_day) return {Segment{Period::kHour, begin, end}};
  std::vector<Segment> segments;
  if (begin < first_day) segments.push_back({Period::kHour, begin, first_day});
  segments.push_back({Period::kDay, first_day, last_day});
  if (last_day < end) segments.push_back({Period::kHour, last_day, end});
  return segments;
}

}  // namespace ctc::stats
