// What was read, for a time: bounded, and never older than a write of this process. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <map>
#include <optional>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"

namespace ctc::routing {

template <class Key, class Value>
class TtlCache {
 public:
  TtlCache(const base::Clock& clock, absl::Duration time_to_live, size_t limit)
      : clock_(clock), time_to_live_(time_to_live), limit_(limit) {}

  std::optional<Value> Find(const Key& key) {
    const base::MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    if (clock_.Monotonic() - found->second.loaded_at > time_to_live_) {
      entries_.erase(found);
      return std::nullopt;
    }
    return found->second.value;
  }

  // Ask before reading, pass to Keep after it: what was read before a write is not kept.
  uint64_t generation() const {
    const base::MutexLock lock(mutex_);
    return generation_;
  }

  void Keep(const Key& key, Value value, uint64_t generation) {
    const base::MutexLock lock(mutex_);
    if (generation != generation_) return;
    if (entries_.size() >= limit_) entries_.erase(entries_.begin());
    entries_.insert_or_assign(key, Entry{std::move(value), clock_.Monotonic()});
  }

  void Forget(const Key& key) {
    const base::MutexLock lock(mutex_);
    ++generation_;
    entries_.erase(key);
  }

 private:
  struct Entry {
    Value value;
    absl::Duration loaded_at;
  };
  const base::Clock& clock_;
  const absl::Duration time_to_live_;
  const size_t limit_;
  mutable base::Mutex mutex_;
  std::map<Key, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  uint64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace ctc::routing
