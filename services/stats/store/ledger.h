// The counters as this process knows them: the table, plus what the feed told since it was last
// written. Changes are taken in memory at once and written together a little later, with the cursor
// of the last one in the same transaction; after a crash the feed tells the rest again. So each
// change is counted exactly once, and a busy system writes each counter a few times a second, not
// for each call. Thread-safe.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/mutex.h"
#include "libs/db/batch_writer.h"
#include "services/stats/store/rollup_store.h"

namespace ctc::stats {

class Ledger {
 public:
  Ledger(db::Database& database, const base::Clock& clock);

  // Reads the table when needed; the seq of the last change taken.
  Task<absl::StatusOr<int64_t>> Load();
  // Takes the changes up to `last_seq`; those taken before are skipped. kConflict: another process
  // writes the counters too; Load tells where to go on.
  Task<absl::Status> Apply(std::vector<Change> changes, int64_t last_seq);
  // Writes what is not written yet. OK means that the table holds all that was taken before.
  Task<absl::Status> Flush(absl::Time deadline);
  // A tenant's figures of all times, without the database. UNAVAILABLE before the first Load.
  absl::StatusOr<Figures> Totals(const base::TenantId& tenant) const;

 private:
  struct Nothing {};
  using Writer = db::BatchWriter<Nothing, Nothing>;

  absl::Status Write(db::Connection& connection, std::vector<Nothing>& items,
                     Writer::Results& results);
  bool Holds(int64_t seq) const;
  void Settle(const Writer::Results& results);
  void TakeOver(Snapshot snapshot);

  db::Database& database_;
  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  bool served_ ABSL_GUARDED_BY(mutex_) = false;  // totals_ were read at least once
  bool loaded_ ABSL_GUARDED_BY(mutex_) = false;  // memory continues the table
  int64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;    // seq up to which changes are in memory
  int64_t written_ ABSL_GUARDED_BY(mutex_) = 0;  // seq of the cursor in the database
  Deltas pending_ ABSL_GUARDED_BY(mutex_);       // not being written yet
  Deltas writing_ ABSL_GUARDED_BY(mutex_);       // being written: written_ -> writing_to_
  int64_t writing_to_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  std::unordered_map<std::string, Figures> totals_ ABSL_GUARDED_BY(mutex_);
  Writer writer_;  // serialises the writes on a thread of its own; goes first
};

}  // namespace ctc::stats
