// Writes an agent's ON_CALL and IDLE lines as the agent's calls connect and end, and where it
// stands by them: each exactly once, however many processes follow, since they and the cursor
// commit together. Callers whose call ended leave their queue. An event whose row the database will
// never take is left out, so that it does not stop all others.
#pragma once

#include <set>
#include <vector>

#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/events/feed_consumer.h"
#include "libs/observability/metrics.h"
#include "services/routing/service/directory.h"

namespace ctc::routing {

class ActivityFollower {
 public:
  ActivityFollower(db::Database& database, Directory& directory, const base::Clock& clock,
                   base::Random& random);

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
  // Those that change where an agent stands, by one look for all who are not registered.
  static absl::StatusOr<std::vector<const Pending*>> Concerned(db::Connection& c,
                                                               const std::vector<Pending>& news);
  // In a transaction. `at_work` is the one that was being written when it failed, else null.
  absl::Status Write(db::Connection& c, const std::vector<Pending>& news, int64_t last_seq,
                     const Pending*& at_work);
  void LeaveOut(const Pending& pending, const absl::Status& why);
  // A provider may tell a caller's end by an event alone, not as an answer to the caller's step.
  Task<absl::Status> LeaveQueues(const events::FeedConsumer::Batch& batch);

  db::Database& database_;
  Directory& directory_;
  const base::Clock& clock_;
  base::IdGenerator ids_;
  const observability::Counter left_out_count_;
  // Touched by the consumer's one task only.
  int64_t saved_seq_ = -1;
  std::set<int64_t> left_out_;    // of the batch at hand, which may come again
  absl::Duration look_again_at_;  // nobody was in a queue until then
};

}  // namespace ctc::routing
