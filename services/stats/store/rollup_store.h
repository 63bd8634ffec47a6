// The counters' table: call_stats_rollup, and the cursor that moves with it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "services/stats/domain/figures.h"
#include "services/stats/domain/interval.h"

namespace ctc::stats {

inline constexpr std::string_view kConsumer = "stats";

// Figures of one tenant, or of one agent, account or campaign of it.
struct Subject {
  base::TenantId tenant;
  Dimension dimension = Dimension::kTenant;
  std::string id;
};

// Everything a process needs to go on: the cursor and each tenant's figures as of it.
struct Snapshot {
  int64_t seq = 0;
  std::unordered_map<std::string, Figures> totals;
};
// Keeps other writers out until the transaction ends, so that both parts belong together.
absl::StatusOr<Snapshot> ReadSnapshot(db::Connection& connection, absl::Time now);

enum class WriteOutcome { kWritten, kWrittenBefore, kConflict };
// Adds `deltas` to the counters and moves the cursor `from` -> `to` in the open transaction.
// kWrittenBefore: the cursor is at `to` already, from an attempt whose answer was lost. kConflict:
// another process moved it; nothing was written.
absl::StatusOr<WriteOutcome> WriteDeltas(db::Connection& connection, const Deltas& deltas,
                                         int64_t from, int64_t to, absl::Time now);

// The figures of `subject` in the segments.
absl::StatusOr<Figures> ReadFigures(db::Connection& connection, const Subject& subject,
                                    const std::vector<Segment>& segments);
// The figures of the ids of one dimension.
struct Groups {
  int64_t total = 0;  // ids with calls; by_id has those with the most, by id where equal
  std::map<std::string, Figures> by_id;  // talk seconds as of all statuses together
};
// Of subject.dimension, at most `limit`. The segments are those of an interval: three at most.
absl::StatusOr<Groups> ReadGroups(db::Connection& connection, const Subject& subject,
                                  const std::vector<Segment>& segments, int limit);
// The figures of each bucket of one segment.
absl::StatusOr<std::map<absl::Time, Figures>> ReadSeries(db::Connection& connection,
                                                         const Subject& subject,
                                                         const Segment& segment);

}  // namespace ctc::stats
