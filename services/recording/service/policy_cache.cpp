#include "services/recording/service/policy_cache.h"

#include "services/recording/store/config_store.h"
#include "services/recording/store/phone_list_store.h"
#include "services/recording/store/rule_store.h"

namespace ctc::recording {
namespace {

constexpr absl::Duration kTimeToLive = absl::Minutes(5);
constexpr size_t kMaxTenants = 1000;

}  // namespace

PolicyCache::PolicyPtr PolicyCache::Find(const base::TenantId& tenant) {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(tenant);
  if (found == entries_.end()) return nullptr;
  if (clock_.Monotonic() - found->second.loaded_at > kTimeToLive) return nullptr;
  return found->second.policy;
}

void PolicyCache::Keep(const base::TenantId& tenant, PolicyPtr policy, uint64_t generation) {
  base::MutexLock lock(mutex_);
  if (generation != generation_) return;
  if (entries_.size() >= kMaxTenants) entries_.erase(entries_.begin());
  entries_[tenant] = {std::move(policy), clock_.Monotonic()};
}

Task<absl::StatusOr<PolicyCache::PolicyPtr>> PolicyCache::Get(base::TenantId tenant,
                                                              absl::Time deadline) {
  if (PolicyPtr cached = Find(tenant)) co_return cached;
  uint64_t generation = 0;
  {
    base::MutexLock lock(mutex_);
    generation = generation_;
  }
  auto policy = std::make_shared<Policy>();
  const absl::Status status =
      co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
        *policy =
            Policy{};  // lint-allow(name-it-first): inside the lambda, not beside the co_await
        CTC_RETURN_IF_ERROR(PhoneListStore(tenant).LoadPolicy(c, *policy));
        CTC_RETURN_IF_ERROR(RuleStore(tenant).LoadPolicy(c, *policy));
        CTC_ASSIGN_OR_RETURN(const auto config, LoadConfig(c, tenant));
        policy->auto_record = config.auto_record();
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  Keep(tenant, policy, generation);
  co_return policy;
}

void PolicyCache::Invalidate(const base::TenantId& tenant) {
  base::MutexLock lock(mutex_);
  ++generation_;
  entries_.erase(tenant);
}

}  // namespace ctc::recording
