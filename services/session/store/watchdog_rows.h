// What the watchdog asks of the database: the lease that makes it single, and whose time has come.
#pragma once

#include <string>
#include <vector>

#include "libs/db/database.h"

namespace ctc::session::store {

struct Lease {
  bool held = false;
  bool taken_over = false;  // this time, from nobody or another
};

// Takes or keeps the lease `name` for `holder` until `now + length`.
absl::StatusOr<Lease> HoldLease(db::Connection& connection, const std::string& name,
                                const std::string& holder, absl::Time now, absl::Duration length);
absl::Status ReleaseLease(db::Connection& connection, const std::string& name,
                          const std::string& holder);

// True when somebody else holds it.
absl::StatusOr<bool> IsHeld(db::Connection& connection, const std::string& name,
                            const std::string& not_by, absl::Time now);

// Ids of sessions due at `now`, oldest first: of those watched closely, or of the others.
absl::StatusOr<std::vector<std::string>> SelectDue(db::Connection& connection, bool closely,
                                                   absl::Time now, int limit);
// Ids of sessions whose submission was under way when somebody died, oldest first; at most 100,000.
absl::StatusOr<std::vector<std::string>> SelectUnanswered(db::Connection& connection);

absl::StatusOr<int64_t> CountLive(db::Connection& connection);

}  // namespace ctc::session::store
