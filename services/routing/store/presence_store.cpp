#include "services/routing/store/presence_store.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace ctc::routing {
namespace {

#define CTC_PRESENCE_VALUES                                                          \
  "SELECT agent_id, state, chosen, is_available, reason, since, live_sessions_json," \
  " updated_at"
#define CTC_PRESENCE_COLUMNS CTC_PRESENCE_VALUES " FROM agent_presence "
#define CTC_PRESENCE_COLUMNS_AND_TENANT CTC_PRESENCE_VALUES ", tenant_id FROM agent_presence "

std::string CallsJson(const std::vector<OpenCall>& calls) {
  nlohmann::json json = nlohmann::json::array();
  for (const OpenCall& call : calls) {
    json.push_back({{"id", call.session_id},
                    {"uuid", call.uuid},
                    {"since_ms", absl::ToUnixMillis(call.since)},
                    {"talks", call.talks},
                    {"by_client", call.by_client}});
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// What another release wrote there and we do not know is left out.
std::vector<OpenCall> ReadCalls(const std::string& text) {
  std::vector<OpenCall> calls;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return calls;
  for (const auto& member : json) {
    if (!member.is_object() || !member.contains("id") || !member["id"].is_string()) continue;
    const auto flag = [&](const char* name, bool otherwise) {
      return member.contains(name) && member[name].is_boolean() ? member[name].get<bool>()
                                                                : otherwise;
    };
    OpenCall& call = calls.emplace_back();
    call.session_id = member["id"].get<std::string>();
    const bool named = member.contains("uuid") && member["uuid"].is_string();
    if (named) call.uuid = member["uuid"].get<std::string>();
    const bool timed = member.contains("since_ms") && member["since_ms"].is_number_integer();
    call.since = absl::FromUnixMillis(timed ? member["since_ms"].get<int64_t>() : 0);
    call.talks = flag("talks", true);
    call.by_client = flag("by_client", false);
  }
  return calls;
}

Standing FromRow(const db::Row& row) {
  Standing standing;
  standing.state = row.Text(1);
  standing.chosen = row.Text(2);
  standing.takes_calls = row.Int(3) != 0;
  standing.reason = row.Text(4);
  // The epoch stands for never.
  const auto time = [&](size_t at) {
    return row.Time(at) == absl::UnixEpoch() ? absl::InfinitePast() : row.Time(at);
  };
  standing.since = time(5);
  if (!row.IsNull(6)) standing.calls = ReadCalls(row.Text(6));
  standing.last_line = time(7);
  return standing;
}

// For so many agents, in few sizes, so that few texts are prepared.
struct SizedLook {
  size_t agents;
  std::string sql;
};

SizedLook LookAt(size_t agents) {
  SizedLook look{agents, CTC_PRESENCE_COLUMNS_AND_TENANT "WHERE (tenant_id = ? AND agent_id = ?)"};
  for (size_t i = 1; i < agents; ++i) {
    absl::StrAppend(&look.sql, " OR (tenant_id = ? AND agent_id = ?)");
  }
  return look;
}

absl::Time Stored(absl::Time time) {
  return time == absl::InfinitePast() ? absl::UnixEpoch() : time;
}

}  // namespace

absl::StatusOr<std::optional<Standing>> PresenceStore::Get(db::Connection& c,
                                                           const std::string& agent_id) const {
  CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                       c.Query(CTC_PRESENCE_COLUMNS "WHERE tenant_id = ? AND agent_id = ?",
                               {tenant_.value(), agent_id}));
  if (rows.empty()) return std::nullopt;
  return FromRow(rows[0]);
}

absl::StatusOr<std::map<std::string, Standing>> PresenceStore::All(db::Connection& c) const {
  CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                       c.Query(CTC_PRESENCE_COLUMNS "WHERE tenant_id = ?", {tenant_.value()}));
  std::map<std::string, Standing> all;
  for (const db::Row& row : rows) all.emplace(row.Text(0), FromRow(row));
  return all;
}

absl::StatusOr<Standing> PresenceStore::Lock(db::Connection& c, const std::string& agent_id) const {
  const db::Params params = {tenant_.value(), agent_id};
  constexpr char kLock[] = CTC_PRESENCE_COLUMNS "WHERE tenant_id = ? AND agent_id = ? FOR UPDATE";
  CTC_ASSIGN_OR_RETURN(const db::Rows known, c.Query(kLock, params));
  if (!known.empty()) return FromRow(known[0]);
  // A row that is not there cannot be locked.
  CTC_RETURN_IF_ERROR(
      c.Execute("INSERT IGNORE INTO agent_presence (tenant_id, agent_id, state, since, updated_at)"
                " VALUES (?, ?, 'OFFLINE', ?, ?)",
                {tenant_.value(), agent_id, absl::UnixEpoch(), absl::UnixEpoch()})
          .status());
  CTC_ASSIGN_OR_RETURN(const db::Rows made, c.Query(kLock, params));
  return FromRow(made.at(0));
}

absl::Status PresenceStore::Put(db::Connection& c, const std::string& agent_id,
                                const Standing& standing) const {
  return c
      .Execute(
          "UPDATE agent_presence SET state = ?, chosen = ?, is_available = ?, reason = ?,"
          " since = ?, live_sessions_json = ?, updated_at = ?"
          " WHERE tenant_id = ? AND agent_id = ?",
          {standing.state, standing.chosen, int64_t{standing.takes_calls}, standing.reason,
           Stored(standing.since), CallsJson(standing.calls), Stored(standing.last_line),
           tenant_.value(), agent_id})
      .status();
}

absl::StatusOr<std::map<AgentOfTenant, Standing>> StandingsOf(
    db::Connection& c, const std::vector<AgentOfTenant>& agents) {
  static const std::array<SizedLook, 3> kLooks = {LookAt(1), LookAt(8), LookAt(64)};
  std::map<AgentOfTenant, Standing> standings;
  for (size_t done = 0; done < agents.size();) {
    const size_t left = agents.size() - done;
    const auto fitting = std::find_if(kLooks.begin(), kLooks.end(),
                                      [&](const SizedLook& look) { return look.agents >= left; });
    const SizedLook& look = fitting == kLooks.end() ? kLooks.back() : *fitting;
    db::Params params;
    for (size_t i = 0; i < look.agents; ++i) {  // the last one fills the places left over
      const auto& [tenant, agent] = agents[std::min(done + i, agents.size() - 1)];
      params.emplace_back(tenant.value());
      params.emplace_back(agent);
    }
    CTC_ASSIGN_OR_RETURN(const db::Rows rows, c.Query(look.sql, params));
    for (const db::Row& row : rows) {
      standings.emplace(AgentOfTenant(base::TenantId(row.Text(8)), row.Text(0)), FromRow(row));
    }
    done += look.agents;
  }
  return standings;
}

}  // namespace ctc::routing
