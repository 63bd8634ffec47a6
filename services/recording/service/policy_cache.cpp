#include "services/recording/service/policy_cache.h"

#include <utility>

#include "services/recording/store/config_store.h"
#include "services/recording/store/phone_list_store.h"
#include "services/recording/store/rule_store.h"

namespace ctc::recording {
namespace {

constexpr absl::Duration kFresh = absl::Seconds(2);
// So long others do not read: while one does, and after one failed.
constexpr absl::Duration kGrace = absl::Seconds(1);
constexpr absl::Duration kTimeToLive = absl::Minutes(5);
constexpr size_t kMaxTenants = 1000;
// Lists that are longer are asked by number: to read them all every 2 s costs more than to ask.
constexpr int kMaxEntries = 5000;

}  // namespace

PolicyCache::PolicyPtr PolicyCache::Find(const base::TenantId& tenant) {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(tenant);
  if (found == entries_.end()) return nullptr;
  Entry& entry = found->second;
  const absl::Duration now = clock_.Monotonic();
  const absl::Duration age = now - entry.read_at;
  if (age < kFresh) return entry.policy;
  const bool another_reads = std::exchange(entry.being_read, true);
  if (another_reads && age < kFresh + kGrace) return entry.policy;
  const bool database_is_away = now - entry.failed_at < kGrace;
  return database_is_away && age <= kTimeToLive ? entry.policy : nullptr;
}

PolicyCache::Reading PolicyCache::Begin(const base::TenantId& tenant) {
  base::MutexLock lock(mutex_);
  return {clock_.Monotonic(), readings_.Begin(tenant)};
}

void PolicyCache::Keep(const base::TenantId& tenant, PolicyPtr policy, const Reading& reading) {
  base::MutexLock lock(mutex_);
  if (*reading.outdated) return;
  const auto found = entries_.find(tenant);
  if (found == entries_.end()) {
    if (entries_.size() >= kMaxTenants) entries_.erase(entries_.begin());
  } else if (found->second.read_at > reading.began) {
    return;  // another's reading, which began later, was faster
  }
  entries_[tenant] = {std::move(policy), reading.began};
}

PolicyCache::PolicyPtr PolicyCache::StandIn(const base::TenantId& tenant) {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(tenant);
  if (found == entries_.end()) return nullptr;
  Entry& entry = found->second;
  entry.failed_at = clock_.Monotonic();
  return entry.failed_at - entry.read_at <= kTimeToLive ? entry.policy : nullptr;
}

Task<absl::StatusOr<PolicyCache::PolicyPtr>> PolicyCache::Get(base::TenantId tenant,
                                                              absl::Time deadline) {
  if (PolicyPtr cached = Find(tenant)) co_return cached;
  const Reading reading = Begin(tenant);
  auto policy = std::make_shared<Policy>();
  const absl::Status status =
      co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
        *policy =
            Policy{};  // lint-allow(name-it-first): inside the lambda, not beside the co_await
        CTC_RETURN_IF_ERROR(PhoneListStore(tenant).LoadPolicy(c, kMaxEntries, *policy));
        CTC_RETURN_IF_ERROR(RuleStore(tenant).LoadPolicy(c, *policy));
        CTC_ASSIGN_OR_RETURN(const auto config, LoadConfig(c, tenant));
        policy->auto_record = config.auto_record();
        return absl::OkStatus();
      });
  if (!status.ok()) {
    if (PolicyPtr old = StandIn(tenant)) co_return old;
    co_return status;
  }
  Keep(tenant, policy, reading);
  co_return policy;
}

void PolicyCache::Invalidate(const base::TenantId& tenant) {
  base::MutexLock lock(mutex_);
  readings_.Wrote(tenant);
  entries_.erase(tenant);
}

}  // namespace ctc::recording
