// The bucket.
#include "services/session/domain/look_pace.h"

#include <algorithm>

namespace ctc::session::domain {

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
  tokens_ = std::max(tokens_ - 1, std::min(tokens_, burst_ / 4));
}

}  // namespace ctc::session::domain
