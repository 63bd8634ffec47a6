// When the next frame is due. Counts from the start, so that late timers do not add up to a drift.
// Pure; one thread at a time.
#pragma once

#include <absl/time/time.h>

#include <cstdint>

namespace ctc::media {

class Pacer {
 public:
  // By a clock that never steps.
  explicit Pacer(absl::Duration start) : start_(start) {}

  // Frames to make now. A late call makes up for five at most; what is more is left out, but
  // counted by frame(), so that timestamps go with the time.
  int TakeDue(absl::Duration now);
  // The number of the frame before the first of those that TakeDue said last.
  uint64_t frame() const { return frame_; }
  absl::Duration UntilNext(absl::Duration now) const;

 private:
  absl::Duration start_;
  uint64_t frame_ = 0;
  uint64_t due_ = 0;  // frames since the start
};

}  // namespace ctc::media
