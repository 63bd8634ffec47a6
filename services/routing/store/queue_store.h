// Rows of call_queue of one tenant.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ctc/routing/v1/queue_service.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/db/list_page.h"

namespace ctc::routing {

// By name unless asked otherwise.
extern const db::ListOrders kQueueOrders;

struct QueuePage {
  int64_t total = 0;
  std::vector<v1::Queue> queues;
  std::string next_cursor;
};

class QueueStore {
 public:
  explicit QueueStore(base::TenantId tenant) : tenant_(std::move(tenant)) {}

  absl::Status Insert(db::Connection& c, const v1::Queue& queue) const;
  // Everything but id and creation time.
  absl::Status Update(db::Connection& c, const v1::Queue& queue) const;
  absl::StatusOr<std::optional<v1::Queue>> Get(db::Connection& c, const std::string& id,
                                               bool for_update) const;
  absl::StatusOr<QueuePage> List(db::Connection& c, const db::ListPage& page) const;
  absl::StatusOr<std::vector<v1::Queue>> LoadAll(db::Connection& c) const;
  // The same, locked until the transaction ends.
  absl::StatusOr<std::vector<v1::Queue>> LockAll(db::Connection& c) const;
  absl::StatusOr<bool> Delete(db::Connection& c, const std::string& id) const;

  // The agent offered last, "" when there was none. Locks the queue until the transaction ends when
  // `for_update`, so that its callers choose one after another.
  absl::StatusOr<std::string> LastOffered(db::Connection& c, const std::string& id,
                                          bool for_update) const;
  // By queue.
  absl::StatusOr<std::map<std::string, std::string>> AllLastOffered(db::Connection& c) const;
  absl::Status SetLastOffered(db::Connection& c, const std::string& id,
                              const std::string& agent_id) const;

 private:
  base::TenantId tenant_;
};

}  // namespace ctc::routing
