// Rows of queue_entry of one tenant: callers in queues, and the agents reserved for callers.
#pragma once

#include <absl/time/time.h>

#include <set>
#include <string>
#include <vector>

#include "libs/base/ids.h"
#include "libs/db/database.h"

namespace ctc::routing {

struct StoredEntry {
  std::string session_id;
  std::string queue_id;  // "" for an agent rung without a queue
  absl::Time entered_at;
  std::string offered_agent_id;  // once set, the caller does not wait until it asks again
  absl::Time offer_expires_at;   // with an agent
};

class QueueEntryStore {
 public:
  explicit QueueEntryStore(base::TenantId tenant) : tenant_(std::move(tenant)) {}

  // Callers seen within the last minute, and offers that still hold; longest waiting first.
  absl::StatusOr<std::vector<StoredEntry>> Live(db::Connection& c, absl::Time now) const;
  // Adds or replaces the caller's entry. An offer of another caller that lapsed makes room.
  // ALREADY_EXISTS when the agent is reserved for another caller.
  absl::Status Put(db::Connection& c, const StoredEntry& entry, absl::Time now) const;
  absl::Status Remove(db::Connection& c, const std::string& session_id) const;
  // Entries of callers who left without a word long ago.
  absl::Status Sweep(db::Connection& c, absl::Time now) const;
  absl::StatusOr<bool> AnyWaiting(db::Connection& c, const std::string& queue_id,
                                  absl::Time now) const;

 private:
  base::TenantId tenant_;
};

// Sessions of all tenants that have an entry.
absl::StatusOr<std::set<std::string>> QueuedSessions(db::Connection& c);

}  // namespace ctc::routing
