// The counters as this process knows them.
#include "services/stats/store/ledger.h"

#include "libs/base/error_catalogue.h"

namespace ctc::stats {
namespace {

// Counters that may wait to be written; beyond it the feed waits for the database.
constexpr size_t kMaxPending = 20000;
constexpr absl::Duration kWriteLimit = absl::Seconds(20);

absl::Status Conflict() {
  return base::MakeError(base::kConflict, "another process writes the counters");
}

}  // namespace

Ledger::Ledger(db::Database& database, const base::Clock& clock)
    : database_(database),
      clock_(clock),
      writer_(
          database, db::BatchOptions{.name = "stats"},
          [this](db::Connection& c, std::vector<Nothing>& items, Writer::Results& results) {
            return Write(c, items, results);
          },
          [this](std::vector<Nothing>&, Writer::Results& results) { Settle(results); }) {}

Task<absl::StatusOr<int64_t>> Ledger::Load() {
  {
    const base::MutexLock lock(mutex_);
    if (loaded_) co_return taken_;
  }
  Snapshot snapshot;
  const absl::Time now = clock_.Now();
  absl::Status status =
      co_await database_.Run(now + kWriteLimit, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(snapshot, ReadSnapshot(c, now));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  const int64_t seq = snapshot.seq;
  TakeOver(std::move(snapshot));
  co_return seq;
}

void Ledger::TakeOver(Snapshot snapshot) {
  const base::MutexLock lock(mutex_);
  pending_.clear();
  writing_.clear();
  is_writing_ = false;
  taken_ = written_ = snapshot.seq;
  totals_ = std::move(snapshot.totals);
  loaded_ = served_ = true;
}

Task<absl::Status> Ledger::Apply(std::vector<Change> changes, int64_t last_seq) {
  bool full = false;
  {
    const base::MutexLock lock(mutex_);
    if (!loaded_) co_return Conflict();
    for (const Change& change : changes) {
      if (change.seq <= taken_) continue;
      Fold(change, pending_);
      Fold(change, totals_[change.tenant]);
    }
    taken_ = std::max(taken_, last_seq);
    full = pending_.size() > kMaxPending;
  }
  if (full) co_return co_await Flush(clock_.Now() + kWriteLimit);
  co_return absl::OkStatus();
}

Task<absl::Status> Ledger::Flush(absl::Time deadline) {
  int64_t target = 0;
  {
    const base::MutexLock lock(mutex_);
    target = taken_;
  }
  // One write does, or two when an earlier one is still to be settled.
  while (!Holds(target)) {
    absl::StatusOr<Nothing> written = co_await writer_.Write(Nothing(), deadline);
    CTC_CO_RETURN_IF_ERROR(written.status());
  }
  co_return absl::OkStatus();
}

// Whether the table has the changes up to `seq`. While memory does not continue the table, there is
// nothing to write.
bool Ledger::Holds(int64_t seq) const {
  const base::MutexLock lock(mutex_);
  return !loaded_ || written_ >= seq;
}

// On the writer's thread. May run again for the same changes: they stay in writing_ until Settle.
absl::Status Ledger::Write(db::Connection& connection, std::vector<Nothing>& items,
                           Writer::Results& results) {
  Deltas deltas;
  int64_t from = 0, to = 0;
  {
    const base::MutexLock lock(mutex_);
    if (!is_writing_) {
      writing_ = std::move(pending_);
      pending_.clear();
      writing_to_ = taken_;
      is_writing_ = true;
    }
    deltas = writing_;
    from = written_;
    to = writing_to_;
  }
  CTC_ASSIGN_OR_RETURN(const WriteOutcome outcome,
                       WriteDeltas(connection, deltas, from, to, clock_.Now()));
  if (outcome == WriteOutcome::kConflict) {
    results.assign(items.size(), Conflict());
  } else {
    results.assign(items.size(), Nothing());
  }
  return absl::OkStatus();
}

// On the writer's thread, when it is known how a write ended. After UNAVAILABLE it is not known:
// the next write finds out by the cursor.
void Ledger::Settle(const Writer::Results& results) {
  bool ok = false, conflict = false;
  for (const auto& result : results) {
    ok |= result.ok();
    conflict |= base::IsError(result.status(), base::kConflict);
  }
  const base::MutexLock lock(mutex_);
  if (ok && is_writing_) {
    written_ = writing_to_;
    writing_.clear();
    is_writing_ = false;
  } else if (conflict) {
    loaded_ = false;
  }
}

absl::StatusOr<Figures> Ledger::Totals(const base::TenantId& tenant) const {
  const base::MutexLock lock(mutex_);
  if (!served_) return base::MakeError(base::kUnavailable, "the figures are being loaded");
  const auto it = totals_.find(tenant.value());
  return it == totals_.end() ? Figures() : it->second;
}

}  // namespace ctc::stats
