#include "services/routing/store/agent_store.h"

#include "libs/base/proto_time.h"
#include "services/routing/store/json_lists.h"

namespace ctc::routing {
namespace {

#define CTC_AGENT_COLUMNS                                                                        \
  "SELECT id, name, phone, skills_json, teams_json, capacity, is_active, created_at, updated_at" \
  " FROM agent "
#define CTC_AGENT_FILTER                                                      \
  "WHERE tenant_id = ?"                                                       \
  " AND (? = '' OR JSON_CONTAINS(COALESCE(teams_json, '[]'), JSON_QUOTE(?)))" \
  " AND (? = '' OR JSON_CONTAINS(JSON_KEYS(COALESCE(skills_json, '{}')), JSON_QUOTE(?)))"

v1::Agent FromRow(const db::Row& row) {
  v1::Agent agent;
  agent.set_id(row.Text(0));
  agent.set_name(row.Text(1));
  agent.set_phone(row.Text(2));
  ReadLevels(row.Text(3), *agent.mutable_skills());
  ReadTexts(row.Text(4), *agent.mutable_teams());
  agent.set_capacity(static_cast<int>(row.Int(5)));
  agent.set_is_active(row.Int(6) != 0);
  *agent.mutable_created_at() = base::ToProto(row.Time(7));
  *agent.mutable_updated_at() = base::ToProto(row.Time(8));
  return agent;
}

constexpr db::SortKey kSortKeys[] = {
    {"id", "id", 0}, {"name", "name", 1}, {"created_at", "created_at", 7}};

}  // namespace

const db::ListOrders kAgentOrders = {"agents", "id", kSortKeys};

absl::Status AgentStore::Insert(db::Connection& c, const v1::Agent& agent) const {
  return c
      .Execute(
          "INSERT INTO agent (tenant_id, id, name, phone, skills_json, teams_json, capacity,"
          " is_active, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {tenant_.value(), agent.id(), agent.name(), agent.phone(), LevelsJson(agent.skills()),
           TextsJson(agent.teams()), int64_t{agent.capacity()}, int64_t{agent.is_active()},
           base::FromProto(agent.created_at()), base::FromProto(agent.updated_at())})
      .status();
}

absl::Status AgentStore::Update(db::Connection& c, const v1::Agent& agent) const {
  return c
      .Execute(
          "UPDATE agent SET name = ?, phone = ?, skills_json = ?, teams_json = ?,"
          " capacity = ?, is_active = ?, updated_at = ? WHERE tenant_id = ? AND id = ?",
          {agent.name(), agent.phone(), LevelsJson(agent.skills()), TextsJson(agent.teams()),
           int64_t{agent.capacity()}, int64_t{agent.is_active()},
           base::FromProto(agent.updated_at()), tenant_.value(), agent.id()})
      .status();
}

absl::StatusOr<std::optional<v1::Agent>> AgentStore::Get(db::Connection& c, const std::string& id,
                                                         bool for_update) const {
  const db::Params params = {tenant_.value(), id};
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      for_update ? c.Query(CTC_AGENT_COLUMNS "WHERE tenant_id = ? AND id = ? FOR UPDATE", params)
                 : c.Query(CTC_AGENT_COLUMNS "WHERE tenant_id = ? AND id = ?", params));
  if (rows.empty()) return std::nullopt;
  return FromRow(rows[0]);
}

absl::StatusOr<AgentPage> AgentStore::List(db::Connection& c, const std::string& team,
                                           const std::string& skill,
                                           const db::ListPage& page) const {
  AgentPage found;
  db::Params params = {tenant_.value(), team, team, skill, skill};
  CTC_ASSIGN_OR_RETURN(const db::Rows count,
                       c.Query("SELECT COUNT(*) FROM agent " CTC_AGENT_FILTER, params));
  found.total = count[0].Int(0);
  CTC_ASSIGN_OR_RETURN(db::ListRows listed,
                       page.Select(c, CTC_AGENT_COLUMNS CTC_AGENT_FILTER, std::move(params)));
  for (const db::Row& row : listed.rows) found.agents.push_back(FromRow(row));
  found.next_cursor = std::move(listed.next_cursor);
  return found;
}

absl::StatusOr<std::vector<v1::Agent>> AgentStore::LoadAll(db::Connection& c) const {
  CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                       c.Query(CTC_AGENT_COLUMNS "WHERE tenant_id = ?", {tenant_.value()}));
  std::vector<v1::Agent> agents;
  for (const db::Row& row : rows) agents.push_back(FromRow(row));
  return agents;
}

absl::StatusOr<bool> AgentStore::Delete(db::Connection& c, const std::string& id) const {
  CTC_ASSIGN_OR_RETURN(
      const int64_t gone,
      c.Execute("DELETE FROM agent WHERE tenant_id = ? AND id = ?", {tenant_.value(), id}));
  return gone > 0;
}

}  // namespace ctc::routing
