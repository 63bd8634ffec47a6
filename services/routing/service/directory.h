// Rules, agents and what agents do now, as the hot path needs them: from memory while it holds,
// else from the database. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ctc/routing/v1/routing.pb.h"
#include "libs/base/asio.h"
#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/db/database.h"
#include "services/routing/domain/decision.h"
#include "services/routing/domain/queue_choice.h"
#include "services/routing/service/ttl_cache.h"

namespace ctc::routing {

class Directory {
 public:
  Directory(db::Database& database, const base::Clock& clock);

  using RulesPtr = std::shared_ptr<const std::vector<Rule>>;  // shared with decisions under way
  // The tenant's active rules that act in this release.
  Task<absl::StatusOr<RulesPtr>> Rules(base::TenantId tenant, absl::Time deadline);
  // The agent, or nothing when it is not registered with us, which is remembered too.
  Task<absl::StatusOr<std::optional<v1::Agent>>> Agent(base::TenantId tenant, std::string id,
                                                       absl::Time deadline);
  using AgentsPtr = std::shared_ptr<const std::vector<v1::Agent>>;  // shared, as the rules are
  // All agents that are registered.
  Task<absl::StatusOr<AgentsPtr>> Agents(base::TenantId tenant, absl::Time deadline);
  using PresencePtr = std::shared_ptr<const std::map<std::string, AgentNow>>;  // shared, as above
  // What each of `agents` does; within a transaction. Many callers who wait share one look: another
  // process's line is seen a second later, one of this process at once.
  absl::StatusOr<PresencePtr> ReadPresence(db::Connection& c, const base::TenantId& tenant,
                                           const std::vector<v1::Agent>& agents);
  void ForgetPresence(const base::TenantId& tenant) { presence_.Forget(tenant); }
  void ForgetRules(const base::TenantId& tenant) { rules_.Forget(tenant); }
  void ForgetAgent(const base::TenantId& tenant, const std::string& id) {
    agents_.Forget({tenant, id});
    all_agents_.Forget(tenant);
    presence_.Forget(tenant);
  }

 private:
  db::Database& database_;
  const base::Clock& clock_;
  TtlCache<base::TenantId, RulesPtr> rules_;
  TtlCache<std::pair<base::TenantId, std::string>, std::optional<v1::Agent>> agents_;
  TtlCache<base::TenantId, AgentsPtr> all_agents_;
  TtlCache<base::TenantId, PresencePtr> presence_;
};

}  // namespace ctc::routing
