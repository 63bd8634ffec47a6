// Forgets Idempotency-Keys of which the day is over.
#pragma once

#include <atomic>

#include "libs/base/clock.h"
#include "services/gateway/store/idempotency_store.h"

namespace ctc::gateway {

// All that are old, in as many turns as it takes: the store takes so many at a time, and `pause`
// leaves it to others between them. Ends early when `stopping`; a turn that fails is logged, and
// ends it, too.
Task<void> SweepOldKeys(IdempotencyStore& store, const base::Clock& clock, absl::Duration pause,
                        const std::atomic<bool>& stopping);

}  // namespace ctc::gateway
