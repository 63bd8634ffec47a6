// A clock that stands still until a test moves it. Thread-safe.
#pragma once

#include "libs/base/clock.h"
#include "libs/base/mutex.h"

namespace ctc::testing {

class FakeClock final : public base::Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1'767'225'600))  // 2026-01-01
      : now_(now) {}

  absl::Time Now() const override {
    const base::MutexLock lock(mutex_);
    return now_;
  }
  absl::Duration Monotonic() const override {
    const base::MutexLock lock(mutex_);
    return monotonic_;
  }
  // Time goes by, on both scales.
  void Advance(absl::Duration by) {
    const base::MutexLock lock(mutex_);
    now_ += by;
    monotonic_ += by;
  }
  // The wall clock steps; monotonic time does not.
  void Set(absl::Time now) {
    const base::MutexLock lock(mutex_);
    now_ = now;
  }

 private:
  mutable base::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration monotonic_ ABSL_GUARDED_BY(mutex_) = absl::Seconds(1);
};

}  // namespace ctc::testing
