#include "services/recording/service/number_cache.h"

#include "services/recording/store/phone_list_store.h"

namespace ctc::recording {
namespace {

constexpr absl::Duration kFresh = absl::Seconds(2);
constexpr absl::Duration kTimeToLive = absl::Minutes(5);
constexpr size_t kMaxNumbers = 20000;

}  // namespace

const NumberCache::Known* NumberCache::Find(const Key& key, absl::Duration age) const {
  const auto found = known_.find(key);
  if (found == known_.end()) return nullptr;
  return clock_.Monotonic() - found->second.read_at < age ? &found->second : nullptr;
}

void NumberCache::Keep(Key key, Known known) {
  if (known_.size() >= kMaxNumbers) {
    std::erase_if(known_,
                  [&](const auto& one) { return known.read_at - one.second.read_at >= kFresh; });
  }
  if (known_.size() >= kMaxNumbers) known_.clear();
  known_[std::move(key)] = std::move(known);
}

Task<absl::StatusOr<std::vector<ListEntry>>> NumberCache::Get(base::TenantId tenant,
                                                              std::string number,
                                                              absl::Time deadline) {
  const Key key(tenant, number);
  uint64_t generation = 0;
  Known known;
  {
    const base::MutexLock lock(mutex_);
    if (const Known* fresh = Find(key, kFresh)) co_return fresh->entries;
    known.read_at = clock_.Monotonic();
    generation = generation_;
  }
  const absl::Status status =
      co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(known.entries, PhoneListStore(tenant).EntriesOf(c, number));
        return absl::OkStatus();
      });
  const base::MutexLock lock(mutex_);
  if (!status.ok()) {
    if (const Known* old = Find(key, kTimeToLive)) co_return old->entries;
    co_return status;
  }
  if (generation == generation_) Keep(key, known);
  co_return std::move(known.entries);
}

void NumberCache::Invalidate(const base::TenantId& tenant) {
  const base::MutexLock lock(mutex_);
  ++generation_;
  std::erase_if(known_, [&](const auto& one) { return one.first.first == tenant; });
}

}  // namespace ctc::recording
