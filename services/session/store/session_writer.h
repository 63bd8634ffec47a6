// The one writer of sessions in this process: creates, submission steps and facts, in natural
// batches. Keeps the session cache and the feed ring current. Thread-safe.
#pragma once

#include <atomic>
#include <memory>

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/db/batch_writer.h"
#include "services/session/store/agent_load.h"
#include "services/session/store/changes.h"
#include "services/session/store/feed_ring.h"
#include "services/session/store/session_batch.h"
#include "services/session/store/session_cache.h"

namespace ctc::session::store {

class SessionWriter {
 public:
  SessionWriter(db::Database& database, const base::Clock& clock, base::Random& random,
                SessionCache& cache, FeedRing& ring);

  // Makes a session and its first event. Errors: CALL_ALREADY_RUNNING and AGENT_BUSY with
  // metadata.session_id; the database's. A repeated Idempotency-Key gives the session there is.
  Task<absl::StatusOr<CreateOutcome>> Create(NewSession create, absl::Time deadline);

  // Changes one session. Errors: NOT_FOUND, the refusal of Change.decide, the database's.
  Task<absl::StatusOr<RecordPtr>> Apply(Change change, absl::Time deadline,
                                        db::Urgency urgency = db::Urgency::kNow);

  // Several at once, in one transaction; each has its own outcome.
  Task<absl::StatusOr<std::vector<ChangeOutcome>>> ApplyAll(
      std::vector<Change> changes, absl::Time deadline, db::Urgency urgency = db::Urgency::kNow);

  // The session as accepted: readers see it so from now on, and the next change writes it along.
  // For what a crash may undo, since it can be found out again. nullptr, and nothing done, when
  // `record` is not the newest: somebody may wait for what is to be written then.
  RecordPtr Foretell(const RecordPtr& record, const std::string& provider_call_id);
  // The changes that write acceptances for themselves, at most `limit`: see Foretold::Take.
  std::vector<Change> TakeForetold(Foretold::Which which, size_t limit);
  bool has_foretold() const { return !cache_.foretold().empty(); }
  // Whether another process wrote since this was asked last.
  bool OthersWrote() { return others_wrote_.exchange(false); }

  // Notices what other processes wrote, when this one wrote nothing since the last time.
  Task<absl::Status> Refresh(absl::Time deadline);

 private:
  using Results = std::vector<absl::StatusOr<Written>>;
  absl::Status Write(db::Connection& connection, std::vector<Item>& items, Results& results,
                     db::Turn& turn);
  void AfterCommit(std::vector<Item>& items, Results& results);
  void Publish(const Written& written);
  void Keep(const RecordPtr& written);
  void Forget(const Item& item);
  void Count(const Written& written) const;

  const base::Clock& clock_;
  SessionCache& cache_;
  FeedRing& ring_;
  const observability::Gauge feed_seq_;
  // Of the batch that has the turn:
  AgentLoad load_;
  Newest newest_;
  int64_t stamp_;  // of the newest batch that was made
  // Set when `load_` may tell of what was not committed.
  std::atomic<bool> doubtful_ = false;
  // After the newest batch that is published; of the batch that is being published.
  Position known_;
  std::atomic<bool> others_wrote_ = false;
  // Batches since the last Refresh.
  std::atomic<int64_t> batches_ = 0;
  std::unique_ptr<db::BatchWriter<Item, Written>> queue_;  // last: its threads use all of the above
};

}  // namespace ctc::session::store
