// Writes an agent's ON_CALL and IDLE lines as the agent's calls connect and end: each exactly once,
// since the lines and the cursor commit together.
#pragma once

#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/events/feed_consumer.h"
#include "services/routing/service/directory.h"

namespace ctc::routing {

class ActivityFollower {
 public:
  ActivityFollower(db::Database& database, Directory& directory, const base::Clock& clock,
                   base::Random& random)
      : database_(database), directory_(directory), clock_(clock), ids_(clock, random) {}

  Task<absl::StatusOr<int64_t>> LoadPosition();
  Task<absl::Status> Apply(const events::FeedConsumer::Batch& batch, int64_t last_seq);

 private:
  struct Pending {
    base::TenantId tenant;
    int64_t seq = 0;
    v1::AgentActivity line;
  };
  // The lines of registered agents that a batch stands for.
  Task<absl::StatusOr<std::vector<Pending>>> LinesOf(const events::FeedConsumer::Batch& batch);
  absl::Status Write(db::Connection& c, Pending& pending);

  db::Database& database_;
  Directory& directory_;
  const base::Clock& clock_;
  base::IdGenerator ids_;
  int64_t saved_seq_ = -1;  // touched by the consumer's one task only
};

}  // namespace ctc::routing
