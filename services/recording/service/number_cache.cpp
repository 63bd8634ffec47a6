#include "services/recording/service/number_cache.h"

#include "services/recording/store/phone_list_store.h"

namespace ctc::recording {
namespace {

constexpr absl::Duration kFresh = absl::Seconds(2);
constexpr absl::Duration kGrace = absl::Seconds(1);  // so long a database that failed is not asked
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
  const auto [at, is_new] = known_.try_emplace(std::move(key));
  if (is_new || at->second.read_at < known.read_at) at->second = std::move(known);
}

Task<absl::StatusOr<std::vector<ListEntry>>> NumberCache::Get(base::TenantId tenant,
                                                              std::string number,
                                                              absl::Time deadline) {
  const Key key(tenant, number);
  ReadingsUnderWay::Outdated outdated;
  Known known;
  {
    const base::MutexLock lock(mutex_);
    known.read_at = clock_.Monotonic();
    const bool database_is_away = known.read_at - failed_at_ < kGrace;
    if (const Known* old = Find(key, database_is_away ? kTimeToLive : kFresh)) {
      co_return old->entries;
    }
    outdated = readings_.Begin(tenant);
  }
  const absl::Status status =
      co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(known.entries, PhoneListStore(tenant).EntriesOf(c, number));
        return absl::OkStatus();
      });
  const base::MutexLock lock(mutex_);
  if (!status.ok()) {
    failed_at_ = clock_.Monotonic();
    if (const Known* old = Find(key, kTimeToLive)) co_return old->entries;
    co_return status;
  }
  if (!*outdated) Keep(key, known);
  co_return std::move(known.entries);
}

void NumberCache::Invalidate(const base::TenantId& tenant) {
  const base::MutexLock lock(mutex_);
  readings_.Wrote(tenant);
  const auto first = known_.lower_bound(Key(tenant, ""));
  auto behind = first;
  while (behind != known_.end() && behind->first.first == tenant) ++behind;
  known_.erase(first, behind);
}

}  // namespace ctc::recording
