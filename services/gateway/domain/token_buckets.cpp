#include "services/gateway/domain/token_buckets.h"

#include <algorithm>

namespace ctc::gateway {

absl::Duration TokenBuckets::Take(std::string_view tenant, absl::Duration now) {
  Shard& shard = shards_[Hash()(tenant) % kShards];
  base::MutexLock lock(shard.mutex);
  const auto level = [&](const Bucket& bucket) {
    return std::min(burst_, bucket.tokens + absl::ToDoubleSeconds(now - bucket.filled_at) * rate_);
  };
  auto found = shard.buckets.find(tenant);
  if (found == shard.buckets.end()) {
    if (shard.buckets.size() >= kMaxBuckets / kShards) {
      std::erase_if(shard.buckets,
                    [&](const auto& entry) { return level(entry.second) >= burst_; });
    }
    found = shard.buckets.emplace(std::string(tenant), Bucket{burst_, now}).first;
  }
  Bucket& bucket = found->second;
  bucket.tokens = level(bucket);
  bucket.filled_at = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return absl::ZeroDuration();
  }
  return absl::Seconds((1 - bucket.tokens) / rate_);
}

void TokenBuckets::GiveBack(std::string_view tenant) {
  Shard& shard = shards_[Hash()(tenant) % kShards];
  base::MutexLock lock(shard.mutex);
  const auto found = shard.buckets.find(tenant);
  if (found == shard.buckets.end()) return;
  found->second.tokens = std::min(burst_, found->second.tokens + 1);
}

}  // namespace ctc::gateway
