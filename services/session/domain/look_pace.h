// Calls that fell silent together, as when a switch died, are asked for one after the other: those
// that are alive need provider and database, too. A token bucket. Pure.
#pragma once

#include <absl/time/time.h>

namespace ctc::session::domain {

class LookPace {
 public:
  // One look each `interval`, and at most `burst` at once.
  LookPace(absl::Duration interval, int burst) : interval_(interval), burst_(burst) {}

  // True when a look may begin, which counts. `now` is a monotonic clock's.
  bool Take(absl::Duration now);
  // The same without asking. A quarter of `burst` is left to those who ask.
  void Force(absl::Duration now);

 private:
  void Refill(absl::Duration now);

  const absl::Duration interval_;
  const double burst_;
  double tokens_ = 0;
  absl::Duration filled_at_ = -absl::InfiniteDuration();
};

}  // namespace ctc::session::domain
