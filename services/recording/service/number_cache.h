// What the lists of tenants with long lists say of the numbers that are called now, so that not
// every check before a call needs SQL. A write in this process is seen at once, another replica's
// within 2 s. Without the database what was read serves until it is 5 minutes old. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/asio.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/mutex.h"
#include "libs/db/database.h"
#include "services/recording/domain/compliance.h"
#include "services/recording/service/readings_under_way.h"

namespace ctc::recording {

class NumberCache {
 public:
  NumberCache(db::Database& database, const base::Clock& clock)
      : database_(database), clock_(clock) {}

  // `number` is E.164. Errors: the database's, when nothing may stand in for it.
  Task<absl::StatusOr<std::vector<ListEntry>>> Get(base::TenantId tenant, std::string number,
                                                   absl::Time deadline);
  void Invalidate(const base::TenantId& tenant);

 private:
  using Key = std::pair<base::TenantId, std::string>;
  struct Known {
    std::vector<ListEntry> entries;
    absl::Duration read_at;  // when the reading began
  };
  // Null when there is none that is so young.
  const Known* Find(const Key& key, absl::Duration age) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Keep(Key key, Known known) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  db::Database& database_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  std::map<Key, Known> known_ ABSL_GUARDED_BY(mutex_);
  absl::Duration failed_at_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  ReadingsUnderWay readings_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::recording
