// The policies of the tenants that call now, so that the check before a call needs no SQL. A write
// in this process is seen at once, another replica's within the time to live. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "libs/base/asio.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/mutex.h"
#include "libs/db/database.h"
#include "services/recording/domain/compliance.h"

namespace ctc::recording {

class PolicyCache {
 public:
  PolicyCache(db::Database& database, const base::Clock& clock)
      : database_(database), clock_(clock) {}

  using PolicyPtr =
      std::shared_ptr<const Policy>;  // shared with checks that still read the old one
  Task<absl::StatusOr<PolicyPtr>> Get(base::TenantId tenant, absl::Time deadline);
  void Invalidate(const base::TenantId& tenant);

 private:
  struct Entry {
    PolicyPtr policy;
    absl::Duration loaded_at;
  };
  PolicyPtr Find(const base::TenantId& tenant);
  void Keep(const base::TenantId& tenant, PolicyPtr policy, uint64_t generation);

  db::Database& database_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  std::map<base::TenantId, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  // Rises with each write, so that a policy read before it is not kept after it.
  uint64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace ctc::recording
