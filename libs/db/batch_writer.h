// Natural batching: while one transaction commits, the next batch collects; then one transaction
// commits for all that wait. No timer, so an idle system adds no latency; under load one fsync
// serves many. Each caller gets its own result, and one bad item does not fail its neighbours.
// With two lanes (connections, each with its thread) a batch is made while the one before it is
// being committed. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/asio.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/db/database.h"
#include "libs/observability/metrics.h"

namespace ctc::db {

struct BatchOptions {
  std::string name;  // label of the metrics
  size_t max_batch = 256;
  size_t queue_limit = 4096;  // more is refused with kOverloaded
  // A batch may be committed twice without harm: see Database::MakeRepeatableWorker.
  bool repeatable = false;
  // 2 for a WriteBatch that passes its turn.
  int lanes = 1;
  // Items written kSoon gather until there are so many, or for so long.
  size_t gather = 64;
  absl::Duration patience = absl::Milliseconds(100);
};

enum class Urgency {
  kNow,   // somebody waits: in the next batch
  kSoon,  // nobody waits: with others like it, so that a batch of kNow is not kept from its commit
};

// Batches are made one at a time, and AfterCommit is called in the order they were made in.
class Turn {
 public:
  virtual ~Turn() = default;
  // True when AfterCommit was called for all batches made before.
  virtual bool alone() const = 0;
  // The next batch may be made. What batches share must not be touched afterwards.
  virtual void Pass() = 0;
};

// Item: what one caller wants written. Result: what it gets back.
template <class Item, class Result>
class BatchWriter {
 public:
  using Results = std::vector<absl::StatusOr<Result>>;
  // Writes all items in the transaction that `connection` has open and fills one result for each,
  // in order: `results` comes empty, push one for each item. An error status rolls the transaction
  // back: then each item is tried again alone (unless the error is UNAVAILABLE), so that only the
  // bad one fails. May run more than once for an item.
  using WriteBatch = std::function<absl::Status(Connection& connection, std::vector<Item>& items,
                                                Results& results)>;
  // The same for two lanes: what it does before turn.Pass() no other batch does meanwhile. A batch
  // that failed after it passed is made again when it is alone.
  using WriteInTurn = std::function<absl::Status(Connection& connection, std::vector<Item>& items,
                                                 Results& results, Turn& turn)>;
  // Called on a writer's thread after the commit and before callers resume, for one batch at a
  // time: the place to update caches and to publish.
  using AfterCommit = std::function<void(std::vector<Item>& items, Results& results)>;

  BatchWriter(Database& database, BatchOptions options, WriteInTurn write,
              AfterCommit after_commit = nullptr);
  BatchWriter(Database& database, BatchOptions options, WriteBatch write,
              AfterCommit after_commit = nullptr);
  ~BatchWriter();  // finishes what is queued, then stops

  // Queues `item`, waits for its commit, resumes on the caller's executor.
  // Errors: the item's own; kOverloaded; DEADLINE_EXCEEDED before it began; UNAVAILABLE.
  Task<absl::StatusOr<Result>> Write(Item item, absl::Time deadline,
                                     Urgency urgency = Urgency::kNow);

 private:
  struct Pending;
  struct Making;
  using Batch = std::vector<Pending>;

  void Enqueue(Pending pending, Urgency urgency);
  bool Collect(Batch& batch, Making& turn);
  void Loop(Worker& worker);
  void WriteBatchOnce(Worker& worker, Batch batch, Making& turn);
  absl::Status Attempt(Worker& worker, std::vector<Item>& items, Results& results, Making& turn);
  void WriteAgain(Worker& worker, std::vector<Item>& items, Results& results, Making& turn,
                  const absl::Status& why);
  void WriteAlone(Worker& worker, std::vector<Item>& items, Results& results, Making& turn);

  struct State;  // see batch_writer_impl.h
  std::unique_ptr<State> state_;
};

}  // namespace ctc::db

#include "libs/db/batch_writer_impl.h"
