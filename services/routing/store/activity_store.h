// Rows of agent_activity_log of one tenant.
#pragma once

#include <vector>

#include "ctc/routing/v1/routing.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/db/list_page.h"

namespace ctc::routing {

enum class LineSource { kClient, kFeed, kQueue };

// Newest first unless asked otherwise.
extern const db::ListOrders kActivityOrders;

struct ActivityPage {
  int64_t total = 0;
  std::vector<v1::AgentActivity> lines;
  std::string next_cursor;
};

class ActivityStore {
 public:
  explicit ActivityStore(base::TenantId tenant) : tenant_(std::move(tenant)) {}

  // `feed_seq` is the event behind a line of the feed, else 0.
  absl::Status Insert(db::Connection& c, const v1::AgentActivity& line, LineSource source,
                      int64_t feed_seq) const;
  // An empty agent means all.
  absl::StatusOr<ActivityPage> List(db::Connection& c, const std::string& agent_id,
                                    const db::ListPage& page) const;

 private:
  base::TenantId tenant_;
};

}  // namespace ctc::routing
