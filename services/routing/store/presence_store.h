// Rows of agent_presence of one tenant: where each agent stands. Written together with the line of
// the agent's day that it follows from.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "services/routing/domain/presence.h"

namespace ctc::routing {

class PresenceStore {
 public:
  explicit PresenceStore(base::TenantId tenant) : tenant_(std::move(tenant)) {}

  // Nothing for an agent of whom nothing was ever told.
  absl::StatusOr<std::optional<Standing>> Get(db::Connection& c, const std::string& agent_id) const;
  absl::StatusOr<std::map<std::string, Standing>> All(db::Connection& c) const;
  // For Put in the same transaction, until whose end nobody else changes the agent's row.
  absl::StatusOr<Standing> Lock(db::Connection& c, const std::string& agent_id) const;
  absl::Status Put(db::Connection& c, const std::string& agent_id, const Standing& standing) const;

 private:
  base::TenantId tenant_;
};

using AgentOfTenant = std::pair<base::TenantId, std::string>;
// Those of `agents` of whom anything was ever told, by one look for each 64 of them.
absl::StatusOr<std::map<AgentOfTenant, Standing>> StandingsOf(
    db::Connection& c, const std::vector<AgentOfTenant>& agents);

}  // namespace ctc::routing
