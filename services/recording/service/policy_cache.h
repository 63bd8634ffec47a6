// The policies of the tenants that call now, so that few checks before a call need SQL; lists of
// more than 5,000 entries are left out, and number_cache.h knows of their numbers. A write in
// this process is seen at once, another replica's within 2 s, or 3 s by the checks that come while
// one reads anew. Without the database a policy serves until it is 5 minutes old. Thread-safe.
#pragma once

#include <map>
#include <memory>

#include "libs/base/asio.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/mutex.h"
#include "libs/db/database.h"
#include "services/recording/domain/compliance.h"
#include "services/recording/service/readings_under_way.h"

namespace ctc::recording {

class PolicyCache {
 public:
  PolicyCache(db::Database& database, const base::Clock& clock)
      : database_(database), clock_(clock) {}

  using PolicyPtr =
      std::shared_ptr<const Policy>;  // shared with checks that still read the old one
  // Errors: the database's, when there is no policy that may stand in for it.
  Task<absl::StatusOr<PolicyPtr>> Get(base::TenantId tenant, absl::Time deadline);
  void Invalidate(const base::TenantId& tenant);

 private:
  struct Entry {
    PolicyPtr policy;
    absl::Duration read_at;   // when the reading began: what was written later may be missing
    bool being_read = false;  // anew
    absl::Duration failed_at = -absl::InfiniteDuration();
  };
  struct Reading {
    absl::Duration began;
    ReadingsUnderWay::Outdated outdated;
  };
  // Null when this check is to read.
  PolicyPtr Find(const base::TenantId& tenant);
  Reading Begin(const base::TenantId& tenant);
  void Keep(const base::TenantId& tenant, PolicyPtr policy, const Reading& reading);
  // What stands in for the database, which has just failed; null when there is nothing.
  PolicyPtr StandIn(const base::TenantId& tenant);

  db::Database& database_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  std::map<base::TenantId, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  ReadingsUnderWay readings_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::recording
