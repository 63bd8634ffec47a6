// SQL of the counters.
#include "services/stats/store/rollup_store.h"

#include <absl/strings/str_cat.h>

#include "libs/base/error_catalogue.h"
#include "libs/events/event_cursor.h"

namespace ctc::stats {
namespace {

std::string NameOf(Dimension dimension) {
  switch (dimension) {
    case Dimension::kTenant:
      return "TENANT";
    case Dimension::kAgent:
      return "AGENT";
    case Dimension::kProvider:
      return "PROVIDER";
    case Dimension::kCampaign:
      return "CAMPAIGN";
  }
  return "";
}

std::string NameOf(Period period) {
  switch (period) {
    case Period::kAll:
      return "ALL";
    case Period::kDay:
      return "DAY";
    case Period::kHour:
      return "HOUR";
  }
  return "";
}

Cell CellOf(const db::Row& row, size_t at) { return Cell{row.Int(at), row.Int(at + 1)}; }

constexpr size_t kSegments = 3;  // of an interval at most: hours, days, hours

// Each segment is a range of idx_rollup_time, whose order has the period before the id.
std::string GroupsSql() {
  std::string sql =
      "SELECT dimension_id, COUNT(*) OVER (), SUM(duration_seconds), SUM(calls) AS all_calls";
  for (int status = 1; status < kStatuses; ++status) {
    sql += absl::StrCat(", SUM(IF(status = ", status, ", calls, 0))");
  }
  sql += " FROM (";
  for (size_t i = 0; i < kSegments; ++i) {
    if (i > 0) sql += " UNION ALL ";
    sql +=
        "SELECT dimension_id, status, calls, duration_seconds FROM call_stats_rollup"
        " WHERE dimension = ? AND period = ? AND tenant_id = ? AND bucket_start >= ?"
        " AND bucket_start < ?";
  }
  sql +=
      ") AS counted GROUP BY dimension_id HAVING all_calls > 0"
      " ORDER BY all_calls DESC, dimension_id LIMIT ?";
  return sql;
}

}  // namespace

absl::StatusOr<Snapshot> ReadSnapshot(db::Connection& connection, absl::Time now) {
  Snapshot snapshot;
  CTC_ASSIGN_OR_RETURN(snapshot.seq, events::LockCursor(connection, kConsumer, now));
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      connection.Query("SELECT tenant_id, status, calls, duration_seconds FROM call_stats_rollup "
                       "WHERE dimension = 'TENANT' AND period = 'ALL'"));
  for (const db::Row& row : rows) {
    snapshot.totals[row.Text(0)].Add(static_cast<int>(row.Int(1)), CellOf(row, 2));
  }
  return snapshot;
}

absl::StatusOr<WriteOutcome> WriteDeltas(db::Connection& connection, const Deltas& deltas,
                                         int64_t from, int64_t to, absl::Time now) {
  CTC_ASSIGN_OR_RETURN(const bool moved, events::MoveCursor(connection, kConsumer, from, to, now));
  if (!moved) {
    CTC_ASSIGN_OR_RETURN(const int64_t seq, events::LoadCursor(connection, kConsumer, -1));
    return seq == to ? WriteOutcome::kWrittenBefore : WriteOutcome::kConflict;
  }
  db::Params params;
  params.reserve(deltas.size() * 8);
  for (const auto& [key, cell] : deltas) {
    params.insert(params.end(),
                  {NameOf(key.dimension), NameOf(key.period), key.tenant, key.id, key.bucket,
                   int64_t{key.status}, cell.calls, cell.duration_seconds});
  }
  CTC_RETURN_IF_ERROR(
      connection
          .ExecuteRows("INSERT INTO call_stats_rollup (dimension, period, tenant_id, dimension_id, "
                       "bucket_start, status, calls, duration_seconds)",
                       8, params,
                       "ON DUPLICATE KEY UPDATE calls = calls + VALUES(calls), "
                       "duration_seconds = duration_seconds + VALUES(duration_seconds)")
          .status());
  return WriteOutcome::kWritten;
}

absl::StatusOr<Figures> ReadFigures(db::Connection& connection, const Subject& subject,
                                    const std::vector<Segment>& segments) {
  Figures figures;
  for (const Segment& segment : segments) {
    CTC_ASSIGN_OR_RETURN(
        const db::Rows rows,
        connection.Query("SELECT status, SUM(calls), SUM(duration_seconds) FROM call_stats_rollup "
                         "WHERE dimension = ? AND period = ? AND tenant_id = ? AND "
                         "dimension_id = ? AND bucket_start >= ? AND bucket_start < ? "
                         "GROUP BY status",
                         {NameOf(subject.dimension), NameOf(segment.period), subject.tenant.value(),
                          subject.id, segment.from, segment.to}));
    for (const db::Row& row : rows) {
      figures.Add(static_cast<int>(row.Int(0)), CellOf(row, 1));
    }
  }
  return figures;
}

absl::StatusOr<Groups> ReadGroups(db::Connection& connection, const Subject& subject,
                                  const std::vector<Segment>& segments, int limit) {
  static const std::string kSql = GroupsSql();
  if (segments.size() > kSegments) {
    return base::MakeError(base::kInternal, "an interval has three segments at most");
  }
  db::Params params;
  for (size_t i = 0; i < kSegments; ++i) {
    // What is missing is empty: no bucket is before itself.
    const Segment segment = i < segments.size()
                                ? segments[i]
                                : Segment{Period::kAll, absl::UnixEpoch(), absl::UnixEpoch()};
    params.insert(params.end(), {NameOf(subject.dimension), NameOf(segment.period),
                                 subject.tenant.value(), segment.from, segment.to});
  }
  params.emplace_back(int64_t{limit});
  CTC_ASSIGN_OR_RETURN(const db::Rows rows, connection.Query(kSql, params));
  Groups groups;
  for (const db::Row& row : rows) {
    groups.total = row.Int(1);
    Figures& figures = groups.by_id[row.Text(0)];
    figures.Add(0, Cell{0, row.Int(2)});
    for (int status = 1; status < kStatuses; ++status) {
      figures.Add(status, Cell{row.Int(static_cast<size_t>(status) + 3), 0});
    }
  }
  return groups;
}

absl::StatusOr<std::map<absl::Time, Figures>> ReadSeries(db::Connection& connection,
                                                         const Subject& subject,
                                                         const Segment& segment) {
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      connection.Query("SELECT bucket_start, status, calls, duration_seconds "
                       "FROM call_stats_rollup WHERE dimension = ? AND period = ? AND "
                       "tenant_id = ? AND dimension_id = ? AND bucket_start >= ? AND "
                       "bucket_start < ?",
                       {NameOf(subject.dimension), NameOf(segment.period), subject.tenant.value(),
                        subject.id, segment.from, segment.to}));
  std::map<absl::Time, Figures> series;
  for (const db::Row& row : rows) {
    series[row.Time(0)].Add(static_cast<int>(row.Int(1)), CellOf(row, 2));
  }
  return series;
}

}  // namespace ctc::stats
