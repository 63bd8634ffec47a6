// Who does what only one replica may do (table lease). Times are the database's own, so that
// replicas with different clocks agree.
#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/db/database.h"

namespace ctc::dispatch {

struct Holder {
  std::string name;
  bool expired = false;  // it did not renew it: it died, or the database was away
  friend bool operator==(const Holder&, const Holder&) = default;
};

class LeaseStore {
 public:
  explicit LeaseStore(db::Database& database) : database_(database) {}

  // Takes or renews the lease; false while someone else has it.
  Task<absl::StatusOr<bool>> Take(std::string name, std::string holder, absl::Duration ttl,
                                  absl::Time deadline);
  // Who has it or had it last; empty when nobody ever had.
  Task<absl::StatusOr<std::string>> HolderOf(std::string name, absl::Time deadline);
  // Who has a lease whose name begins so, and did not give it up.
  Task<absl::StatusOr<std::vector<Holder>>> HoldersOf(std::string prefix, absl::Time deadline);
  // Forgets those of the same that were given up, or ran out an hour ago.
  Task<absl::Status> RemoveExpired(std::string prefix, absl::Time deadline);
  // Gives it up, if `holder` still has it.
  Task<absl::Status> Release(std::string name, std::string holder, absl::Time deadline);

 private:
  db::Database& database_;
};

}  // namespace ctc::dispatch
