#include "libs/media/pacer.h"

#include <algorithm>

#include "libs/media/sound.h"

namespace ctc::media {
namespace {

constexpr uint64_t kMostAtOnce = 5;

}  // namespace

int Pacer::TakeDue(absl::Duration now) {
  const int64_t frames = std::max<int64_t>((now - start_) / kFrameLength, 0);
  const uint64_t before = due_;
  due_ = std::max(due_, static_cast<uint64_t>(frames));
  const uint64_t count = std::min(due_ - before, kMostAtOnce);
  frame_ = due_ - count;
  return static_cast<int>(count);
}

absl::Duration Pacer::UntilNext(absl::Duration now) const {
  const absl::Duration next = start_ + static_cast<int64_t>(due_ + 1) * kFrameLength;
  return std::max(next - now, absl::ZeroDuration());
}

}  // namespace ctc::media
