// How many refused webhooks are written down: strangers can send as many as they like, and each
// would be a row and a line. Time is given by the caller. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "libs/base/mutex.h"

namespace ctc::webhook {

class RefusalLimiter {
 public:
  // In a minute, which begins with the first refusal after the last one.
  static constexpr int kKeyLimit = 60;
  // Of all that count on it together; fewer than kMaxKeys, so that they never take all the places.
  static constexpr int kSharedLimit = 600;
  static constexpr size_t kMaxKeys = 1024;

  struct Decision {
    bool write = false;
    bool limit_met = false;       // the first one of its limit in this minute that is left out
    int64_t left_out_before = 0;  // in the minute before; told once
  };

  // One more refusal of `key`. With `invented`, the sender may have made up the key, which then
  // counts on the shared limit, too; so does a key for which there is no place. `now` is monotonic.
  Decision Count(std::string_view key, bool invented, absl::Duration now);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Limit {
    int written = 0;
    bool met = false;
  };
  using Keys = std::unordered_map<std::string, Limit, Hash, std::equal_to<>>;

  base::Mutex mutex_;
  absl::Duration began_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  Keys keys_ ABSL_GUARDED_BY(mutex_);
  Limit shared_ ABSL_GUARDED_BY(mutex_);
  int64_t left_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace ctc::webhook
