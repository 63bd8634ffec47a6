#include "services/routing/store/activity_store.h"

#include <algorithm>

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

std::vector<v1::AgentActivity> FromRows(const db::Rows& rows) {
  std::vector<v1::AgentActivity> lines;
  for (const db::Row& row : rows) lines.push_back(FromRow(row));
  return lines;
}

}  // namespace

absl::Status ActivityStore::Insert(db::Connection& c, const v1::AgentActivity& line,
                                   int64_t feed_seq) const {
  const std::string source = feed_seq > 0 ? "FEED" : "CLIENT";
  return c
      .Execute(
          "INSERT INTO agent_activity_log (id, tenant_id, agent_id, activity_type, session_id,"
          " is_available, duration_seconds, reason, source, feed_seq, created_at)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {line.id(), tenant_.value(), line.agent_id(),
           v1::AgentActivity::Type_Name(line.activity_type()), db::TextOrNull(line.session_id()),
           int64_t{line.is_available()}, int64_t{line.duration_seconds()}, line.reason(), source,
           feed_seq > 0 ? db::Value(feed_seq) : db::Value(db::Null{}),
           base::FromProto(line.created_at())})
      .status();
}

absl::StatusOr<ActivityPage> ActivityStore::List(db::Connection& c, const std::string& agent_id,
                                                 int limit, int offset) const {
  ActivityPage page;
  db::Params params = {tenant_.value()};
  if (!agent_id.empty()) params.push_back(agent_id);
  CTC_ASSIGN_OR_RETURN(
      const db::Rows count,
      agent_id.empty()
          ? c.Query("SELECT COUNT(*) FROM agent_activity_log WHERE tenant_id = ?", params)
          : c.Query("SELECT COUNT(*) FROM agent_activity_log WHERE tenant_id = ? AND agent_id = ?",
                    params));
  page.total = static_cast<int>(count[0].Int(0));
  params.push_back(int64_t{limit});
  params.push_back(int64_t{offset});
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      agent_id.empty()
          ? c.Query(CTC_ACTIVITY_COLUMNS
                    "WHERE tenant_id = ? ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",
                    params)
          : c.Query(CTC_ACTIVITY_COLUMNS "WHERE tenant_id = ? AND agent_id = ?"
                                         " ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",
                    params));
  page.lines = FromRows(rows);
  return page;
}

absl::StatusOr<std::vector<v1::AgentActivity>> ActivityStore::Recent(db::Connection& c,
                                                                     const std::string& agent_id,
                                                                     int limit) const {
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      c.Query(CTC_ACTIVITY_COLUMNS
              "WHERE tenant_id = ? AND agent_id = ? ORDER BY created_at DESC, id DESC LIMIT ?",
              {tenant_.value(), agent_id, int64_t{limit}}));
  std::vector<v1::AgentActivity> lines = FromRows(rows);
  std::reverse(lines.begin(), lines.end());
  return lines;
}

absl::StatusOr<std::vector<v1::AgentActivity>> ActivityStore::OfAllAgents(db::Connection& c,
                                                                          absl::Time from) const {
  CTC_ASSIGN_OR_RETURN(const db::Rows recent,
                       c.Query(CTC_ACTIVITY_COLUMNS "WHERE tenant_id = ? AND created_at >= ?"
                                                    " ORDER BY created_at, id",
                               {tenant_.value(), from}));
  CTC_ASSIGN_OR_RETURN(
      const db::Rows last,
      c.Query("SELECT l.id, l.agent_id, l.activity_type, l.session_id, l.is_available,"
              " l.duration_seconds, l.reason, l.created_at"
              " FROM agent a JOIN agent_activity_log l ON l.id ="
              " (SELECT x.id FROM agent_activity_log x"
              " WHERE x.tenant_id = a.tenant_id AND x.agent_id = a.id"
              " ORDER BY x.created_at DESC, x.id DESC LIMIT 1)"
              " WHERE a.tenant_id = ? AND l.created_at < ?",
              {tenant_.value(), from}));
  std::vector<v1::AgentActivity> lines = FromRows(last);
  for (v1::AgentActivity& line : FromRows(recent)) lines.push_back(std::move(line));
  return lines;
}

}  // namespace ctc::routing
