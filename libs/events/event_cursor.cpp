// The SQL of event_cursor.
#include "libs/events/event_cursor.h"

#include <string>

namespace ctc::events {

absl::StatusOr<int64_t> LoadCursor(db::Connection& connection, std::string_view consumer,
                                   int64_t first) {
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      connection.Query("SELECT seq FROM event_cursor WHERE consumer = ?", {std::string(consumer)}));
  return rows.empty() ? first : rows[0].Int(0);
}

absl::Status SaveCursor(db::Connection& connection, std::string_view consumer, int64_t seq,
                        absl::Time now) {
  return connection
      .Execute(
          "INSERT INTO event_cursor (consumer, seq, updated_at) VALUES (?, ?, ?)"
          " ON DUPLICATE KEY UPDATE seq = GREATEST(seq, VALUES(seq)),"
          " updated_at = VALUES(updated_at)",
          {std::string(consumer), seq, now})
      .status();
}

absl::StatusOr<int64_t> LockCursor(db::Connection& connection, std::string_view consumer,
                                   absl::Time now) {
  CTC_RETURN_IF_ERROR(
      connection
          .Execute("INSERT IGNORE INTO event_cursor (consumer, seq, updated_at) VALUES (?, 0, ?)",
                   {std::string(consumer), now})
          .status());
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      connection.Query("SELECT seq FROM event_cursor WHERE consumer = ? FOR UPDATE",
                       {std::string(consumer)}));
  return rows.at(0).Int(0);
}

absl::StatusOr<bool> MoveCursor(db::Connection& connection, std::string_view consumer, int64_t from,
                                int64_t to, absl::Time now) {
  CTC_ASSIGN_OR_RETURN(
      const int64_t moved,
      connection.Execute(
          "UPDATE event_cursor SET seq = ?, updated_at = ? WHERE consumer = ? AND seq = ?",
          {to, now, std::string(consumer), from}));
  return moved > 0;
}

}  // namespace ctc::events
