// One token bucket for each tenant: so many requests a second, with a burst. Time is given by the
// caller. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "libs/base/mutex.h"

namespace ctc::gateway {

class TokenBuckets {
 public:
  TokenBuckets(double rate_per_second, double burst) : rate_(rate_per_second), burst_(burst) {}

  // Zero when the request may go on, else how long to wait for the next token. `now` is monotonic.
  absl::Duration Take(std::string_view tenant, absl::Duration now);
  // The request turned out to be one that does not count.
  void GiveBack(std::string_view tenant);

 private:
  // Only tenants with a valid token get a bucket; full ones are forgotten beyond this number.
  static constexpr size_t kMaxBuckets = 4096;
  static constexpr size_t kShards = 16;
  struct Bucket {
    double tokens;
    absl::Duration filled_at;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Shard {
    base::Mutex mutex;
    std::unordered_map<std::string, Bucket, Hash, std::equal_to<>> buckets ABSL_GUARDED_BY(mutex);
  };

  const double rate_;
  const double burst_;
  std::array<Shard, kShards> shards_;
};

}  // namespace ctc::gateway
