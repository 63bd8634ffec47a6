// Calls that fell silent together, as when a switch died, are asked for one after the other: those
// that are alive need provider and database, too. A token bucket, and a queue of moments. Pure.
#pragma once

#include <absl/time/time.h>

namespace ctc::session::domain {

class LookPace {
 public:
  // One look each `interval`, and at most `burst` at once.
  LookPace(absl::Duration interval, int burst) : interval_(interval), burst_(burst) {}

  // True when a look may begin, which counts. `now` is a monotonic clock's.
  bool Take(absl::Duration now);
  // The same without asking.
  void Force(absl::Duration now);

  // When one that may not is to be tried again: behind all that were put off before, and not
  // before `earliest`. By the wall clock.
  absl::Time PutOff(absl::Time earliest);

 private:
  void Refill(absl::Duration now);

  const absl::Duration interval_;
  const double burst_;
  double tokens_ = 0;
  absl::Duration filled_at_ = -absl::InfiniteDuration();
  absl::Time planned_until_ = absl::InfinitePast();
};

}  // namespace ctc::session::domain
