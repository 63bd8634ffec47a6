// When an event that could not be applied is tried again. Pure.
#pragma once

#include <absl/time/time.h>

#include <optional>

namespace ctc::webhook {

// An event is left for so long to the process that committed it.
inline constexpr absl::Duration kFirstClaim = absl::Seconds(5);

// A session may be written a moment after the provider's first event of it; one that is not there
// after so long never will be.
inline constexpr absl::Duration kUnknownSessionPatience = absl::Minutes(10);
// A fault of ours is worth more patience: somebody may repair it.
inline constexpr absl::Duration kFaultPatience = absl::Hours(24);

// Time of the next try after the `attempts`-th failed one: 1 s, doubling, at most a minute. Nothing
// when `patience` has run out since `received_at`: then the event is parked.
std::optional<absl::Time> NextAttempt(int attempts, absl::Time received_at, absl::Time now,
                                      absl::Duration patience);

}  // namespace ctc::webhook
