// Live sessions of registered agents, so that a capacity is checked without a query. Filled on
// demand by the writer's batches and kept current by them. Not thread-safe: for whoever has the
// turn.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "libs/db/database.h"
#include "services/session/store/record.h"

namespace ctc::session::store {

class AgentLoad {
 public:
  // id -> sess_ id
  using Sessions = std::map<std::string, std::string>;
  using Records = std::unordered_map<std::string, RecordPtr>;  // by UUID

  // The agent's live sessions; asks the database the first time, which may not have `uncommitted`
  // (of the batch before) and does not have `unwritten` (newer, of this one).
  absl::StatusOr<Sessions*> Of(db::Connection& connection, const base::TenantId& tenant,
                               const std::string& agent_id, const Records& uncommitted,
                               const Records& unwritten);
  // Notes a session's new state for an agent that is known here.
  void Note(const Record& record);
  // Notes that a session is no longer its agent's, or not for now.
  void Forget(const Record& record);
  void Clear() { agents_.clear(); }

 private:
  static std::string Key(const base::TenantId& tenant, const std::string& agent_id) {
    return tenant.value() + '\n' + agent_id;
  }
  std::unordered_map<std::string, Sessions> agents_;
};

}  // namespace ctc::session::store
