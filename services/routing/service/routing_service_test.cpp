// The service over a real database, with dispatch played by a handler.
#include "services/routing/service/routing_service.h"

#include <catch2/catch.hpp>

#include "ctc/dispatch/v1/dispatch_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/rpc/handler_map.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"
#include "services/routing/service/activity_follower.h"
#include "services/routing/service/counting_database_for_test.h"

namespace ctc::routing {
namespace {

using testing::HasError;
using testing::NamesField;

constexpr char kFirst[] = "01890000-0000-7000-8000-00000000000a";
constexpr char kSecond[] = "01890000-0000-7000-8000-00000000000b";

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

struct Fixture {
  Fixture() { CTC_BIND(handlers, dispatch::v1::DispatchServiceRpc, dispatch, ListRoutes); }

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

  absl::StatusOr<v1::LogAgentActivityResponse> Log(rpc::Context context,
                                                   v1::AgentActivity::Type type) {
    v1::LogAgentActivityRequest request;
    request.set_agent_id("ann");
    request.set_activity_type(type);
    return io.Run(service.LogAgentActivity(std::move(context), request));
  }

  absl::StatusOr<v1::GetPresenceResponse> Presence(rpc::Context context) {
    v1::GetPresenceRequest request;
    request.set_id("ann");
    return io.Run(service.GetPresence(std::move(context), request));
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

session::v1::CallEvent Event(int64_t seq, const std::string& type,
                             session::v1::Session::Status before, int64_t at) {
  session::v1::CallEvent event;
  event.set_seq(seq);
  event.set_tenant_id("t1");
  event.set_type(type);
  event.set_old_status(before);
  event.set_agent_id("ann");
  event.set_session_id("sess_1");
  event.mutable_recorded_at()->set_seconds(at);
  return event;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a rule decides as soon as it is written, for its tenant only") {
  CHECK(Choose().candidates(0).provider_id() == kFirst);
  const auto rule = AddRule(v1::RoutingRule::FAILOVER, kSecond);
  REQUIRE(rule.ok());
  const auto choice = Choose();
  REQUIRE(choice.candidates_size() == 1);
  CHECK(choice.candidates(0).provider_id() == kSecond);
  CHECK(choice.candidates(0).reason() == "rule \"rule\": its provider");
  CHECK(choice.candidates(0).timeout_seconds() == 30);
  CHECK(Choose("", "", "t2").candidates(0).provider_id() == kFirst);
}

TEST_CASE_METHOD(Fixture, "an update and a delete of a rule act at once") {
  const auto rule = AddRule(v1::RoutingRule::FAILOVER, kSecond);
  REQUIRE(rule.ok());
  v1::UpdateRoutingRuleRequest update;
  update.set_id(rule->rule().id());
  update.set_provider_id(kFirst);
  update.set_fallback_provider_id(kSecond);
  const auto updated = io.Run(service.UpdateRoutingRule(As(), update));
  REQUIRE(updated.ok());
  CHECK(updated->rule().rule_name() == "rule");
  CHECK(Choose().candidates(0).provider_id() == kFirst);
  CHECK(Choose().candidates_size() == 2);
  v1::DeleteRoutingRuleRequest remove;
  remove.set_id(rule->rule().id());
  CHECK_THAT(io.Run(service.DeleteRoutingRule(As("t2"), remove)).status(),
             HasError(base::kNotFound));
  CHECK(io.Run(service.DeleteRoutingRule(As(), remove)).ok());
  CHECK(Choose().candidates(0).reason() == "by its priority (1)");
}

TEST_CASE_METHOD(Fixture, "a rule reads back as it was written, and only by its tenant") {
  const auto rule = AddRule(v1::RoutingRule::PRIORITY, "", "c1");
  REQUIRE(rule.ok());
  v1::GetRoutingRuleRequest get;
  get.set_id(rule->rule().id());
  const auto read = io.Run(service.GetRoutingRule(As(), get));
  REQUIRE(read.ok());
  CHECK(read->rule().SerializeAsString() == rule->rule().SerializeAsString());
  CHECK_THAT(io.Run(service.GetRoutingRule(As("t2"), get)).status(), HasError(base::kNotFound));
  const v1::ListRoutingRulesRequest list;
  CHECK(io.Run(service.ListRoutingRules(As(), list))->total() == 1);
  CHECK(io.Run(service.ListRoutingRules(As("t2"), list))->total() == 0);
}

TEST_CASE_METHOD(Fixture, "a rule that would not act is refused by the field at fault") {
  CHECK(NamesField(AddRule(v1::RoutingRule::SKILL_BASED, kFirst).status(), "rule_type"));
  CHECK(NamesField(AddRule(v1::RoutingRule::FAILOVER, "").status(), "provider_id"));
  CHECK(NamesField(AddRule(v1::RoutingRule::FAILOVER, "no-such-account").status(), "provider_id"));
  v1::CreateRoutingRuleRequest request;
  request.set_rule_name("rule");
  request.set_rule_type(v1::RoutingRule::PRIORITY);
  request.set_priority(0);
  CHECK(NamesField(io.Run(service.CreateRoutingRule(As(), request)).status(), "priority"));
  request.set_priority(1);
  (*request.mutable_action_json()->mutable_fields())["route"].set_string_value("x");
  CHECK(NamesField(io.Run(service.CreateRoutingRule(As(), request)).status(), "action_json"));
  request.clear_action_json();
  (*request.mutable_condition_json()->mutable_fields())["skills"].set_string_value("es");
  CHECK(NamesField(io.Run(service.CreateRoutingRule(As(), request)).status(),
                   "condition_json.skills"));
}

TEST_CASE_METHOD(Fixture, "a simulation explains each rule") {
  REQUIRE(AddRule(v1::RoutingRule::FAILOVER, kSecond, "c1").ok());
  v1::SimulateRoutingRequest request;
  request.set_to_phone("+1 (555) 0100");
  const auto other = io.Run(service.SimulateRouting(As(), request));
  REQUIRE(other.ok());
  REQUIRE(other->rules_size() == 1);
  CHECK_FALSE(other->rules(0).matched());
  CHECK(other->rules(0).explanation() == "it does not apply: it is for another campaign_id");
  request.set_campaign_id("c1");
  CHECK(io.Run(service.SimulateRouting(As(), request))->rules(0).matched());
  request.set_provider_id("unknown");
  CHECK(NamesField(io.Run(service.SimulateRouting(As(), request)).status(), "provider_id"));
  request.set_to_phone("nonsense");
  CHECK(NamesField(io.Run(service.SimulateRouting(As(), request)).status(), "to_phone"));
}

TEST_CASE_METHOD(Fixture, "a route is chosen without the database once it is known") {
  Choose("", "stranger");
  const int before = database.runs;
  for (int i = 0; i < 10; ++i) CHECK_FALSE(Choose("", "stranger").agent_registered());
  CHECK(database.runs == before);
  clock.Advance(absl::Minutes(11));
  Choose("", "stranger");
  CHECK(database.runs > before);
}

TEST_CASE_METHOD(Fixture, "a route tells what is known of the agent, at once after a change") {
  CHECK_FALSE(Choose("", "ann").agent_registered());
  REQUIRE(AddAgent("ann").ok());
  CHECK(Choose("", "ann").agent_registered());
  CHECK(Choose("", "ann").agent_phone() == "PJSIP/ann");
  v1::UpdateAgentRequest update;
  update.set_id("ann");
  update.set_capacity(3);
  update.set_is_active(false);
  REQUIRE(io.Run(service.UpdateAgent(As(), update)).ok());
  const auto choice = Choose("", "ann");
  CHECK(choice.agent_capacity() == 3);
  CHECK_FALSE(choice.agent_active());
  CHECK_FALSE(Choose("", "ann", "t2").agent_registered());
}

TEST_CASE_METHOD(Fixture, "agents are made, found by team and skill, and removed") {
  REQUIRE(AddAgent("ann", "+1 (555) 0123").ok());
  CHECK_THAT(AddAgent("ann").status(), HasError(base::kAlreadyExists));
  v1::ListAgentsRequest list;
  list.set_team("sales");
  list.set_skill("es");
  const auto found = io.Run(service.ListAgents(As(), list));
  REQUIRE(found.ok());
  REQUIRE(found->total() == 1);
  CHECK(found->agents(0).phone() == "+15550123");
  CHECK(found->agents(0).skills().at("es") == 7);
  list.set_skill("fr");
  CHECK(io.Run(service.ListAgents(As(), list))->total() == 0);
  v1::DeleteAgentRequest remove;
  remove.set_id("ann");
  CHECK_THAT(io.Run(service.DeleteAgent(As("t2"), remove)).status(), HasError(base::kNotFound));
  CHECK(io.Run(service.DeleteAgent(As(), remove)).ok());
  v1::GetAgentRequest get;
  get.set_id("ann");
  CHECK_THAT(io.Run(service.GetAgent(As(), get)).status(), HasError(base::kNotFound));
}

TEST_CASE_METHOD(Fixture, "a bad agent is refused by the field at fault") {
  CHECK(NamesField(AddAgent("ann", "call me, maybe").status(), "phone"));
  CHECK(NamesField(AddAgent("ann", "").status(), "phone"));
  CHECK(NamesField(AddAgent("").status(), "id"));
  v1::CreateAgentRequest request;
  request.set_name("Ann");
  request.set_phone("1001");
  request.set_capacity(21);
  CHECK(NamesField(io.Run(service.CreateAgent(As(), request)).status(), "capacity"));
  request.set_capacity(1);
  (*request.mutable_skills())["es"] = 11;
  CHECK(NamesField(io.Run(service.CreateAgent(As(), request)).status(), "skills.es"));
}

TEST_CASE_METHOD(Fixture, "activity is logged with the time since the line before") {
  REQUIRE(Log(As(), v1::AgentActivity::LOGIN).ok());
  clock.Advance(absl::Seconds(90));
  const auto line = Log(As(), v1::AgentActivity::ON_BREAK);
  REQUIRE(line.ok());
  CHECK(line->success());
  CHECK(line->activity().duration_seconds() == 90);
  CHECK_FALSE(line->activity().is_available());
  CHECK(Presence(As())->presence().state() == "BREAK");
  CHECK_THAT(Presence(As("t2")).status(), HasError(base::kNotFound));
  CHECK(NamesField(Log(As(), v1::AgentActivity::TYPE_UNSPECIFIED).status(), "activity_type"));
}

TEST_CASE_METHOD(Fixture, "an agent's token sees that agent only") {
  REQUIRE(Log(As(), v1::AgentActivity::LOGIN).ok());
  rpc::Context bob = As();
  bob.principal.role = rpc::Role::kAgent;
  bob.principal.agent_id = "bob";
  CHECK_THAT(Log(bob, v1::AgentActivity::LOGOUT).status(), HasError(base::kNotFound));
  CHECK_THAT(Presence(bob).status(), HasError(base::kNotFound));
  const v1::ListAgentActivityRequest all;
  CHECK(io.Run(service.ListAgentActivity(bob, all))->total() == 0);
  CHECK(io.Run(service.ListAgentActivity(As(), all))->total() == 1);
}

TEST_CASE_METHOD(Fixture, "calls of a registered agent become activity exactly once") {
  using session::v1::Session;
  REQUIRE(AddAgent("ann").ok());
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  CHECK(*io.Run(follower.LoadPosition()) == -1);
  REQUIRE(io.Run(follower.Apply({}, 10)).ok());  // begins at the newest event
  const std::vector<session::v1::CallEvent> told = {
      Event(11, "session.ringing", Session::INITIATED, 1000),
      Event(12, "session.connected", Session::RINGING, 1005),
      Event(13, "session.ended", Session::CONNECTED, 1065)};
  const events::FeedConsumer::Batch batch(told.begin(), told.end());
  REQUIRE(io.Run(follower.Apply(batch, 13)).ok());
  ActivityFollower after_crash(database, directory, clock, base::SystemRandom());
  CHECK(*io.Run(after_crash.LoadPosition()) == 13);
  const v1::ListAgentActivityRequest all;
  const auto lines = io.Run(service.ListAgentActivity(As(), all));
  REQUIRE(lines->total() == 2);
  CHECK(lines->activities(0).activity_type() == v1::AgentActivity::IDLE);
  CHECK(lines->activities(0).duration_seconds() == 60);
  CHECK(lines->activities(1).session_id() == "sess_1");
  CHECK(Presence(As())->presence().state() == "AVAILABLE");
}

TEST_CASE_METHOD(Fixture, "calls of an agent who is not registered leave no line") {
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  events::FeedConsumer::Batch batch;
  *batch.Add() = Event(1, "session.connected", session::v1::Session::RINGING, 1000);
  REQUIRE(io.Run(follower.Apply(batch, 1)).ok());
  const v1::ListAgentActivityRequest all;
  CHECK(io.Run(service.ListAgentActivity(As(), all))->total() == 0);
}

}  // namespace ctc::routing
