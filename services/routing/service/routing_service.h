// The rpcs of ctc.routing.v1.RoutingService. Thread-safe.
#pragma once

#include "ctc/routing/v1/routing_service.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/rpc/channel.h"
#include "services/routing/service/directory.h"

namespace ctc::routing {

class RoutingService {
 public:
  // `dispatch` tells of the tenant's accounts. All outlive it.
  RoutingService(db::Database& database, Directory& directory, rpc::Channel& dispatch,
                 const base::Clock& clock, base::Random& random)
      : database_(database),
        directory_(directory),
        dispatch_(dispatch),
        clock_(clock),
        ids_(clock, random) {}

  template <class Response>
  using Result = Task<absl::StatusOr<Response>>;

  // routing_rules.cpp
  Result<v1::CreateRoutingRuleResponse> CreateRoutingRule(
      rpc::Context context, const v1::CreateRoutingRuleRequest& request);
  Result<v1::ListRoutingRulesResponse> ListRoutingRules(rpc::Context context,
                                                        const v1::ListRoutingRulesRequest& request);
  Result<v1::GetRoutingRuleResponse> GetRoutingRule(rpc::Context context,
                                                    const v1::GetRoutingRuleRequest& request);
  Result<v1::UpdateRoutingRuleResponse> UpdateRoutingRule(
      rpc::Context context, const v1::UpdateRoutingRuleRequest& request);
  Result<v1::DeleteRoutingRuleResponse> DeleteRoutingRule(
      rpc::Context context, const v1::DeleteRoutingRuleRequest& request);

  // agents.cpp
  Result<v1::CreateAgentResponse> CreateAgent(rpc::Context context,
                                              const v1::CreateAgentRequest& request);
  Result<v1::ListAgentsResponse> ListAgents(rpc::Context context,
                                            const v1::ListAgentsRequest& request);
  Result<v1::GetAgentResponse> GetAgent(rpc::Context context, const v1::GetAgentRequest& request);
  Result<v1::UpdateAgentResponse> UpdateAgent(rpc::Context context,
                                              const v1::UpdateAgentRequest& request);
  Result<v1::DeleteAgentResponse> DeleteAgent(rpc::Context context,
                                              const v1::DeleteAgentRequest& request);

  // agent_activity.cpp
  Result<v1::GetPresenceResponse> GetPresence(rpc::Context context,
                                              const v1::GetPresenceRequest& request);
  Result<v1::LogAgentActivityResponse> LogAgentActivity(rpc::Context context,
                                                        const v1::LogAgentActivityRequest& request);
  Result<v1::ListAgentActivityResponse> ListAgentActivity(
      rpc::Context context, const v1::ListAgentActivityRequest& request);

  // choose_route.cpp
  Result<v1::ChooseRouteResponse> ChooseRoute(rpc::Context context,
                                              const v1::ChooseRouteRequest& request);
  Result<v1::SimulateRoutingResponse> SimulateRouting(rpc::Context context,
                                                      const v1::SimulateRoutingRequest& request);

 private:
  // The tenant's accounts as dispatch knows them now.
  Result<Accounts> AccountsOf(rpc::Context context);
  Result<Decision> DecideFor(rpc::Context context, Question question);
  // What of a rule needs more than the rule: that its accounts exist.
  Task<absl::Status> CheckRule(rpc::Context context, const v1::RoutingRule& rule);

  db::Database& database_;
  Directory& directory_;
  rpc::Channel& dispatch_;
  const base::Clock& clock_;
  base::IdGenerator ids_;
};

}  // namespace ctc::routing
