// Writes an agent's ON_CALL and IDLE lines as the agent's calls connect and end, and where it
// stands by them: each exactly once, however many processes follow, since they and the cursor
// commit together. Callers whose call ended leave their queue.
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
    CallNews news;
  };
  // What a batch tells of registered agents, and the ends of others' calls: somebody may have been
  // registered when the call began, or is by now and another process knows.
  Task<absl::StatusOr<std::vector<Pending>>> NewsIn(const events::FeedConsumer::Batch& batch);
  Task<absl::StatusOr<bool>> ConcernAnybody(const std::vector<Pending>& news);
  // A provider may tell a caller's end by an event alone, not as an answer to the caller's step.
  Task<absl::Status> LeaveQueues(const events::FeedConsumer::Batch& batch);

  db::Database& database_;
  Directory& directory_;
  const base::Clock& clock_;
  base::IdGenerator ids_;
  // Touched by the consumer's one task only.
  int64_t saved_seq_ = -1;
  absl::Duration look_again_at_;  // nobody was in a queue until then
};

}  // namespace ctc::routing
