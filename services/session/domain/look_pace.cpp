// The bucket and the queue.
#include "services/session/domain/look_pace.h"

#include <algorithm>

namespace ctc::session::domain {
namespace {

constexpr absl::Duration kFurthest = absl::Minutes(10);

}  // namespace

void LookPace::Refill(absl::Duration now) {
  const double gained = absl::FDivDuration(now - filled_at_, interval_);
  tokens_ = std::min(burst_, tokens_ + std::max(gained, 0.0));
  filled_at_ = now;
}

bool LookPace::Take(absl::Duration now) {
  Refill(now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void LookPace::Force(absl::Duration now) {
  Refill(now);
  tokens_ -= 1;
}

absl::Time LookPace::PutOff(absl::Time earliest) {
  // Further ahead than that it was planned by a clock that was set back since.
  if (planned_until_ < earliest || planned_until_ > earliest + kFurthest) planned_until_ = earliest;
  planned_until_ += interval_;
  return planned_until_;
}

}  // namespace ctc::session::domain
