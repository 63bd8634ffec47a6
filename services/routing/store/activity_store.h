// Rows of agent_activity_log of one tenant.
#pragma once

#include <vector>

#include "ctc/routing/v1/routing.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"

namespace ctc::routing {

enum class LineSource { kClient, kFeed, kQueue };

struct ActivityPage {
  int total = 0;
  std::vector<v1::AgentActivity> lines;
};

class ActivityStore {
 public:
  explicit ActivityStore(base::TenantId tenant) : tenant_(std::move(tenant)) {}

  // `feed_seq` is the event behind a line of the feed, else 0.
  absl::Status Insert(db::Connection& c, const v1::AgentActivity& line, LineSource source,
                      int64_t feed_seq) const;
  // Newest first; an empty agent means all.
  absl::StatusOr<ActivityPage> List(db::Connection& c, const std::string& agent_id, int limit,
                                    int offset) const;

 private:
  base::TenantId tenant_;
};

}  // namespace ctc::routing
