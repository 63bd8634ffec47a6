// Rows of agent_activity_log of one tenant.
#pragma once

#include <optional>
#include <vector>

#include "ctc/routing/v1/routing.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"

namespace ctc::routing {

struct ActivityPage {
  int total = 0;
  std::vector<v1::AgentActivity> lines;
};

class ActivityStore {
 public:
  explicit ActivityStore(base::TenantId tenant) : tenant_(std::move(tenant)) {}

  // `feed_seq` is the event behind the line; 0 when a client wrote it.
  absl::Status Insert(db::Connection& c, const v1::AgentActivity& line, int64_t feed_seq) const;
  // Newest first; an empty agent means all.
  absl::StatusOr<ActivityPage> List(db::Connection& c, const std::string& agent_id, int limit,
                                    int offset) const;
  // The last lines of one agent, oldest first: enough to tell the presence.
  absl::StatusOr<std::vector<v1::AgentActivity>> Recent(db::Connection& c,
                                                        const std::string& agent_id,
                                                        int limit) const;
  // What tells the presence of all agents: every line since `from`, and of each registered agent
  // the last one, oldest first. Reads no further back, however long an agent has been with us.
  absl::StatusOr<std::vector<v1::AgentActivity>> OfAllAgents(db::Connection& c,
                                                             absl::Time from) const;

 private:
  base::TenantId tenant_;
};

}  // namespace ctc::routing
