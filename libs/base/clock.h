// Time, injected: nothing else in the project asks the system for it. Thread-safe.
#pragma once

#include <absl/time/time.h>

namespace ctc::base {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, UTC. May step.
  virtual absl::Time Now() const = 0;
  // Time since an arbitrary start; never steps. For time-outs and latencies.
  virtual absl::Duration Monotonic() const = 0;
};

// The system's clock; lives for the whole process.
const Clock& SystemClock();

}  // namespace ctc::base
