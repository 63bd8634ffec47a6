#include "services/routing/store/queue_entry_store.h"

namespace ctc::routing {
namespace {

// A caller who waits asks more often.
constexpr absl::Duration kSeenWithin = absl::Seconds(60);
constexpr absl::Duration kSweptAfter = absl::Hours(1);

}  // namespace

absl::StatusOr<std::vector<StoredEntry>> QueueEntryStore::Live(db::Connection& c,
                                                               absl::Time now) const {
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      c.Query("SELECT session_id, queue_id, entered_at, offered_agent_id, offer_expires_at"
              " FROM queue_entry WHERE tenant_id = ?"
              " AND (last_seen_at >= ? OR offer_expires_at > ?) ORDER BY entered_at, session_id",
              {tenant_.value(), now - kSeenWithin, now}));
  std::vector<StoredEntry> entries;
  for (const db::Row& row : rows) {
    StoredEntry entry;
    entry.session_id = row.Text(0);
    entry.queue_id = row.Text(1);
    entry.entered_at = row.Time(2);
    entry.offered_agent_id = row.Text(3);
    entry.offer_expires_at = row.Time(4);
    entries.push_back(std::move(entry));
  }
  return entries;
}

absl::Status QueueEntryStore::Put(db::Connection& c, const StoredEntry& entry,
                                  absl::Time now) const {
  const bool offered = !entry.offered_agent_id.empty();
  if (offered) {
    // Whoever had the agent before talks to it by now, or is gone: waiting callers ask again.
    CTC_RETURN_IF_ERROR(
        c.Execute("DELETE FROM queue_entry WHERE tenant_id = ? AND offered_agent_id = ?"
                  " AND offer_expires_at <= ? AND session_id <> ?",
                  {tenant_.value(), entry.offered_agent_id, now, entry.session_id})
            .status());
  }
  const db::Value agent = db::TextOrNull(entry.offered_agent_id);
  const db::Value expiry = offered ? db::Value(entry.offer_expires_at) : db::Value(db::Null{});
  CTC_ASSIGN_OR_RETURN(
      const int64_t known,
      c.Execute("UPDATE queue_entry SET queue_id = ?, entered_at = ?, last_seen_at = ?,"
                " offered_agent_id = ?, offer_expires_at = ?"
                " WHERE session_id = ? AND tenant_id = ?",
                {entry.queue_id, entry.entered_at, now, agent, expiry, entry.session_id,
                 tenant_.value()}));
  if (known > 0) return absl::OkStatus();
  return c
      .Execute(
          "INSERT INTO queue_entry (session_id, tenant_id, queue_id, entered_at, last_seen_at,"
          " offered_agent_id, offer_expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
          {entry.session_id, tenant_.value(), entry.queue_id, entry.entered_at, now, agent, expiry})
      .status();
}

absl::Status QueueEntryStore::Remove(db::Connection& c, const std::string& session_id) const {
  return c
      .Execute("DELETE FROM queue_entry WHERE session_id = ? AND tenant_id = ?",
               {session_id, tenant_.value()})
      .status();
}

absl::Status QueueEntryStore::Sweep(db::Connection& c, absl::Time now) const {
  return c
      .Execute("DELETE FROM queue_entry WHERE tenant_id = ? AND last_seen_at < ?",
               {tenant_.value(), now - kSweptAfter})
      .status();
}

absl::StatusOr<bool> QueueEntryStore::AnyWaiting(db::Connection& c, const std::string& queue_id,
                                                 absl::Time now) const {
  CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                       c.Query("SELECT 1 FROM queue_entry WHERE tenant_id = ? AND queue_id = ?"
                               " AND (last_seen_at >= ? OR offer_expires_at > ?) LIMIT 1",
                               {tenant_.value(), queue_id, now - kSeenWithin, now}));
  return !rows.empty();
}

absl::StatusOr<std::set<std::string>> QueuedSessions(db::Connection& c) {
  CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                       c.Query("SELECT session_id FROM queue_entry LIMIT 10000"));
  std::set<std::string> sessions;
  for (const db::Row& row : rows) sessions.insert(row.Text(0));
  return sessions;
}

}  // namespace ctc::routing
