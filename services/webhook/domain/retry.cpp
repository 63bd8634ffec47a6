// The schedule of tries.
#include "services/webhook/domain/retry.h"

#include <algorithm>

namespace ctc::webhook {

std::optional<absl::Time> NextAttempt(int attempts, absl::Time received_at, absl::Time now,
                                      absl::Duration patience) {
  if (now - received_at >= patience) return std::nullopt;
  const int doublings = std::clamp(attempts - 1, 0, 6);
  return now + std::min(absl::Seconds(1) * (1 << doublings), absl::Minutes(1));
}

}  // namespace ctc::webhook
