// The service over a real database, with dispatch played by a handler, and what its tests do again
// and again.
#pragma once

#include <catch2/catch.hpp>

#include "ctc/dispatch/v1/dispatch_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/rpc/handler_map.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"
#include "services/routing/service/counting_database_for_test.h"
#include "services/routing/service/routing_service.h"

namespace ctc::routing {

inline constexpr char kFirst[] = "01890000-0000-7000-8000-00000000000a";
inline constexpr char kSecond[] = "01890000-0000-7000-8000-00000000000b";

class FakeDispatch {
 public:
  FakeDispatch() {
    AddRoute(kFirst, 1);
    AddRoute(kSecond, 2);
  }
  void AddRoute(const std::string& id, int priority) {
    auto* route = routes.add_routes();
    route->set_provider_id(id);
    route->set_priority(priority);
    route->set_retry_count(2);
    route->set_available(true);
    route->set_timeout_seconds(30);
  }
  Task<absl::StatusOr<dispatch::v1::ListRoutesResponse>> ListRoutes(
      rpc::Context, const dispatch::v1::ListRoutesRequest&) {
    co_return routes;
  }
  dispatch::v1::ListRoutesResponse routes;
};

struct RoutingWorld {
  RoutingWorld() { CTC_BIND(handlers, dispatch::v1::DispatchServiceRpc, dispatch, ListRoutes); }

  rpc::Context As(const std::string& tenant = "t1") const {
    return rpc::Context::ForService(base::TenantId(tenant),
                                    base::SystemClock().Now() + absl::Seconds(20));
  }

  absl::StatusOr<v1::CreateRoutingRuleResponse> AddRule(v1::RoutingRule::Type type,
                                                        const std::string& provider,
                                                        const std::string& campaign = "") {
    v1::CreateRoutingRuleRequest request;
    request.set_rule_name("rule");
    request.set_rule_type(type);
    if (!provider.empty()) request.set_provider_id(provider);
    if (!campaign.empty()) {
      auto& fields = *request.mutable_condition_json()->mutable_fields();
      fields["campaign_id"].set_string_value(campaign);
    }
    return io.Run(service.CreateRoutingRule(As(), request));
  }

  absl::StatusOr<v1::CreateAgentResponse> AddAgent(const std::string& id,
                                                   const std::string& phone = "PJSIP/ann") {
    v1::CreateAgentRequest request;
    request.set_id(id);
    request.set_name("Ann");
    request.set_phone(phone);
    (*request.mutable_skills())["es"] = 7;
    request.add_teams("sales");
    return io.Run(service.CreateAgent(As(), request));
  }

  v1::ChooseRouteResponse Choose(const std::string& campaign = "", const std::string& agent = "",
                                 const std::string& tenant = "t1") {
    v1::ChooseRouteRequest request;
    request.set_to_phone("+15550100");
    request.set_campaign_id(campaign);
    request.set_agent_id(agent);
    auto response = io.Run(service.ChooseRoute(As(tenant), request));
    REQUIRE(response.ok());
    return *response;
  }

  absl::StatusOr<v1::GetAgentResponse> GetAgent(const std::string& id) {
    v1::GetAgentRequest request;
    request.set_id(id);
    return io.Run(service.GetAgent(As(), request));
  }

  absl::Status RemoveAgent(const std::string& id) {
    v1::DeleteAgentRequest request;
    request.set_id(id);
    return io.Run(service.DeleteAgent(As(), request)).status();
  }

  absl::StatusOr<v1::LogAgentActivityResponse> Log(rpc::Context context,
                                                   v1::AgentActivity::Type type,
                                                   const std::string& session = "") {
    v1::LogAgentActivityRequest request;
    request.set_agent_id("ann");
    request.set_activity_type(type);
    request.set_session_id(session);
    return io.Run(service.LogAgentActivity(std::move(context), request));
  }

  absl::StatusOr<v1::GetPresenceResponse> Presence(rpc::Context context) {
    v1::GetPresenceRequest request;
    request.set_id("ann");
    return io.Run(service.GetPresence(std::move(context), request));
  }

  int Lines() {
    const v1::ListAgentActivityRequest all;
    return io.Run(service.ListAgentActivity(As(), all))->total();
  }

  FakeDispatch dispatch;
  rpc::HandlerMap handlers;
  std::unique_ptr<rpc::Channel> channel = rpc::MakeLocalChannel(handlers);
  testing::IoThreads io;  // outlives the database, whose threads resume on it
  CountingDatabase database{testing::MariaDb::Shared().OpenFresh()};
  // Stands still and leads the real clock, so that no deadline made from it ever passes.
  testing::FakeClock clock{base::SystemClock().Now() + absl::Hours(1)};
  Directory directory{database, clock};
  RoutingService service{database, directory, *channel, clock, base::SystemRandom()};
};

}  // namespace ctc::routing
