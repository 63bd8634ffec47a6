// SQL of the watchdog.
#include "services/session/store/watchdog_rows.h"

namespace ctc::session::store {
namespace {

absl::StatusOr<std::vector<std::string>> Ids(const absl::StatusOr<db::Rows>& rows) {
  if (!rows.ok()) return rows.status();
  std::vector<std::string> ids;
  for (const db::Row& row : *rows) ids.push_back(row.Text(0));
  return ids;
}

}  // namespace

absl::StatusOr<Lease> HoldLease(db::Connection& connection, const std::string& name,
                                const std::string& holder, absl::Time now, absl::Duration length) {
  CTC_ASSIGN_OR_RETURN(const int64_t kept,
                       connection.Execute("UPDATE lease SET expires_at = ? WHERE name = ?"
                                          " AND holder = ?",
                                          {now + length, name, holder}));
  if (kept > 0) return Lease{true, false};
  CTC_ASSIGN_OR_RETURN(
      const int64_t taken,
      connection.Execute("UPDATE lease SET fencing_token = fencing_token + 1, holder = ?,"
                         " expires_at = ? WHERE name = ? AND expires_at < ?",
                         {holder, now + length, name, now}));
  if (taken > 0) return Lease{true, true};
  CTC_ASSIGN_OR_RETURN(const int64_t made,
                       connection.Execute("INSERT IGNORE INTO lease (name, holder, fencing_token,"
                                          " expires_at) VALUES (?, ?, 1, ?)",
                                          {name, holder, now + length}));
  return Lease{made > 0, made > 0};
}

absl::Status ReleaseLease(db::Connection& connection, const std::string& name,
                          const std::string& holder) {
  return connection
      .Execute(
          "UPDATE lease SET holder = '', expires_at = '1970-01-02' WHERE name = ?"
          " AND holder = ?",
          {name, holder})
      .status();
}

absl::StatusOr<bool> IsHeld(db::Connection& connection, const std::string& name,
                            const std::string& not_by, absl::Time now) {
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      connection.Query("SELECT 1 FROM lease WHERE name = ? AND holder <> ? AND expires_at >= ?",
                       {name, not_by, now}));
  return !rows.empty();
}

absl::StatusOr<std::vector<std::string>> SelectDue(db::Connection& connection, bool closely,
                                                   absl::Time now, int limit) {
  return Ids(
      connection.Query("SELECT id FROM click_to_call_session WHERE watched_closely = ?"
                       " AND watchdog_at <= ? ORDER BY watchdog_at LIMIT ?",
                       {int64_t{closely ? 1 : 0}, now, int64_t{limit}}));
}

absl::StatusOr<std::vector<std::string>> SelectUnanswered(db::Connection& connection) {
  return Ids(
      connection.Query("SELECT id FROM click_to_call_session WHERE watched_closely = 0"
                       " AND watchdog_at IS NOT NULL AND submission IN ('SENT', 'UNKNOWN_OUTCOME')"
                       " ORDER BY watchdog_at LIMIT 100000"));
}

absl::StatusOr<int64_t> CountLive(db::Connection& connection) {
  CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                       connection.Query("SELECT COUNT(*) FROM click_to_call_session"
                                        " WHERE watched_closely IN (0, 1)"
                                        " AND watchdog_at IS NOT NULL"));
  return rows.at(0).Int(0);
}

}  // namespace ctc::session::store
