#include "services/routing/store/activity_store.h"

#include "libs/base/proto_time.h"

namespace ctc::routing {
namespace {

#define CTC_ACTIVITY_COLUMNS                                                                \
  "SELECT id, agent_id, activity_type, session_id, is_available, duration_seconds, reason," \
  " created_at FROM agent_activity_log "

v1::AgentActivity FromRow(const db::Row& row) {
  v1::AgentActivity line;
  line.set_id(row.Text(0));
  line.set_agent_id(row.Text(1));
  v1::AgentActivity::Type type = v1::AgentActivity::TYPE_UNSPECIFIED;
  v1::AgentActivity::Type_Parse(row.Text(2), &type);
  line.set_activity_type(type);
  if (!row.IsNull(3)) line.set_session_id(row.Text(3));
  line.set_is_available(row.Int(4) != 0);
  line.set_duration_seconds(static_cast<int>(row.Int(5)));
  line.set_reason(row.Text(6));
  *line.mutable_created_at() = base::ToProto(row.Time(7));
  return line;
}

std::string NameOf(LineSource source) {
  switch (source) {
    case LineSource::kClient:
      return "CLIENT";
    case LineSource::kFeed:
      return "FEED";
    case LineSource::kQueue:
      return "QUEUE";
  }
  return "";
}

constexpr db::SortKey kSortKeys[] = {{"created_at", "created_at", 7}};

}  // namespace

const db::ListOrders kActivityOrders = {"agent_activity", "-created_at", kSortKeys};

absl::Status ActivityStore::Insert(db::Connection& c, const v1::AgentActivity& line,
                                   LineSource source, int64_t feed_seq) const {
  return c
      .Execute(
          "INSERT INTO agent_activity_log (id, tenant_id, agent_id, activity_type, session_id,"
          " is_available, duration_seconds, reason, source, feed_seq, created_at)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {line.id(), tenant_.value(), line.agent_id(),
           v1::AgentActivity::Type_Name(line.activity_type()), db::TextOrNull(line.session_id()),
           int64_t{line.is_available()}, int64_t{line.duration_seconds()}, line.reason(),
           NameOf(source), feed_seq > 0 ? db::Value(feed_seq) : db::Value(db::Null{}),
           base::FromProto(line.created_at())})
      .status();
}

absl::StatusOr<ActivityPage> ActivityStore::List(db::Connection& c, const std::string& agent_id,
                                                 const db::ListPage& page) const {
  ActivityPage found;
  db::Params params = {tenant_.value()};
  if (!agent_id.empty()) params.push_back(agent_id);
  CTC_ASSIGN_OR_RETURN(
      const db::Rows count,
      agent_id.empty()
          ? c.Query("SELECT COUNT(*) FROM agent_activity_log WHERE tenant_id = ?", params)
          : c.Query("SELECT COUNT(*) FROM agent_activity_log WHERE tenant_id = ? AND agent_id = ?",
                    params));
  found.total = count[0].Int(0);
  CTC_ASSIGN_OR_RETURN(
      db::ListRows listed,
      page.Select(c,
                  agent_id.empty() ? CTC_ACTIVITY_COLUMNS
                      "FORCE INDEX (idx_activity_time) WHERE tenant_id = ?"
                                   : CTC_ACTIVITY_COLUMNS
                      "FORCE INDEX (idx_activity_agent) WHERE tenant_id = ? AND agent_id = ?",
                  std::move(params)));
  for (const db::Row& row : listed.rows) found.lines.push_back(FromRow(row));
  found.next_cursor = std::move(listed.next_cursor);
  return found;
}

}  // namespace ctc::routing
