// Counting an agent's calls.
#include "services/session/store/agent_load.h"

namespace ctc::session::store {
namespace {

// A bound, not a policy: beyond it the map starts anew.
constexpr size_t kMostAgents = 20000;

}  // namespace

absl::StatusOr<AgentLoad::Sessions*> AgentLoad::Of(db::Connection& connection,
                                                   const base::TenantId& tenant,
                                                   const std::string& agent_id,
                                                   const Records& uncommitted,
                                                   const Records& unwritten) {
  const std::string key = Key(tenant, agent_id);
  if (const auto found = agents_.find(key); found != agents_.end()) return &found->second;
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      connection.Query("SELECT id, session_id FROM click_to_call_session WHERE tenant_id = ?"
                       " AND agent_id = ? AND status IN"
                       " ('INITIATED', 'RINGING', 'CONNECTED', 'ON_HOLD')",
                       {tenant.value(), agent_id}));
  if (agents_.size() >= kMostAgents) agents_.clear();
  Sessions& sessions = agents_[key];
  for (const db::Row& row : rows) sessions[row.Text(0)] = row.Text(1);
  for (const Records* newer : {&uncommitted, &unwritten}) {
    for (const auto& [id, record] : *newer) {
      if (record == nullptr) continue;
      const bool is_theirs =
          record->session.has_agent_id() && Key(record->tenant, record->session.agent_id()) == key;
      if (is_theirs && domain::IsLive(record->session.status())) {
        sessions[id] = record->session.session_id();
      } else {
        sessions.erase(id);
      }
    }
  }
  return &sessions;
}

void AgentLoad::Note(const Record& record) {
  if (!record.session.has_agent_id()) return;
  const auto found = agents_.find(Key(record.tenant, record.session.agent_id()));
  if (found == agents_.end()) return;
  if (domain::IsLive(record.session.status())) {
    found->second[record.id()] = record.session.session_id();
  } else {
    found->second.erase(record.id());
  }
}

void AgentLoad::Forget(const Record& record) {
  const auto found = agents_.find(Key(record.tenant, record.session.agent_id()));
  if (found != agents_.end()) found->second.erase(record.id());
}

}  // namespace ctc::session::store
