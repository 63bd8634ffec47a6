#include "services/routing/service/directory.h"

#include "libs/observability/log.h"
#include "services/routing/store/agent_store.h"
#include "services/routing/store/presence_store.h"
#include "services/routing/store/rule_store.h"

namespace ctc::routing {
namespace {

constexpr absl::Duration kTimeToLive = absl::Minutes(10);
constexpr absl::Duration kPresenceTimeToLive = absl::Seconds(1);
constexpr size_t kMaxTenants = 2000;
constexpr size_t kMaxAgents = 50000;

// Nothing for a rule that does not act: written by another release.
std::optional<Rule> ToDomain(const v1::RoutingRule& row) {
  Rule rule;
  if (row.rule_type() == v1::RoutingRule::FAILOVER) {
    rule.kind = Rule::Kind::kFailover;
  } else if (row.rule_type() == v1::RoutingRule::PRIORITY) {
    rule.kind = Rule::Kind::kPriority;
  } else {
    return std::nullopt;
  }
  auto conditions = Conditions::Parse(row.condition_json());
  if (!conditions.ok()) {
    observability::Warn("routing rule skipped: its conditions are not known to this release",
                        {{"rule_id", row.id()}, {"status", conditions.status()}});
    return std::nullopt;
  }
  rule.id = row.id();
  rule.name = row.rule_name();
  rule.conditions = *std::move(conditions);
  rule.provider_id = row.provider_id();
  rule.fallback_provider_id = row.fallback_provider_id();
  rule.priority = row.priority();
  return rule;
}

}  // namespace

Directory::Directory(db::Database& database, const base::Clock& clock)
    : database_(database),
      clock_(clock),
      rules_(clock, kTimeToLive, kMaxTenants),
      agents_(clock, kTimeToLive, kMaxAgents),
      all_agents_(clock, kTimeToLive, kMaxTenants),
      presence_(clock, kPresenceTimeToLive, kMaxTenants) {}

Task<absl::StatusOr<Directory::RulesPtr>> Directory::Rules(base::TenantId tenant,
                                                           absl::Time deadline) {
  if (auto kept = rules_.Find(tenant)) co_return *kept;
  const uint64_t generation = rules_.generation();
  std::vector<v1::RoutingRule> rows;
  const absl::Status status =
      co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(rows, RuleStore(tenant).ListActive(c));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  auto rules = std::make_shared<std::vector<Rule>>();
  for (const v1::RoutingRule& row : rows) {
    if (auto rule = ToDomain(row)) rules->push_back(*std::move(rule));
  }
  rules_.Keep(tenant, rules, generation);
  co_return rules;
}

Task<absl::StatusOr<std::optional<v1::Agent>>> Directory::Agent(base::TenantId tenant,
                                                                std::string id,
                                                                absl::Time deadline) {
  if (id.empty()) co_return std::optional<v1::Agent>();
  const auto key = std::make_pair(tenant, id);
  if (auto kept = agents_.Find(key)) co_return *std::move(kept);
  const uint64_t generation = agents_.generation();
  std::optional<v1::Agent> agent;
  const absl::Status status =
      co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(agent, AgentStore(tenant).Get(c, id, false));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  agents_.Keep(key, agent, generation);
  co_return agent;
}

Task<absl::StatusOr<Directory::AgentsPtr>> Directory::Agents(base::TenantId tenant,
                                                             absl::Time deadline) {
  if (auto kept = all_agents_.Find(tenant)) co_return *kept;
  const uint64_t generation = all_agents_.generation();
  auto agents = std::make_shared<std::vector<v1::Agent>>();
  const absl::Status status =
      co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(*agents, AgentStore(tenant).LoadAll(c));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  all_agents_.Keep(tenant, agents, generation);
  co_return agents;
}

absl::StatusOr<Directory::PresencePtr> Directory::ReadPresence(
    db::Connection& c, const base::TenantId& tenant, const std::vector<v1::Agent>& agents) {
  if (auto kept = presence_.Find(tenant)) return *kept;
  const uint64_t generation = presence_.generation();
  CTC_ASSIGN_OR_RETURN(auto standings, PresenceStore(tenant).All(c));
  const absl::Time now = clock_.Now();
  auto presence = std::make_shared<std::map<std::string, AgentNow>>();
  for (const v1::Agent& agent : agents) {
    presence->emplace(agent.id(), Assess(agent, At(standings[agent.id()], now)));
  }
  presence_.Keep(tenant, presence, generation);
  return presence;
}

}  // namespace ctc::routing
