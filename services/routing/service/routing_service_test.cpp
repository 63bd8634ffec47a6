// Rules, routes and agents over a real database.
#include "services/routing/service/routing_world_for_test.h"

namespace ctc::routing {
namespace {

using testing::HasError;
using testing::NamesField;

}  // namespace

TEST_CASE_METHOD(RoutingWorld, "a rule decides as soon as it is written, for its tenant only") {
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

TEST_CASE_METHOD(RoutingWorld, "an update and a delete of a rule act at once") {
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

TEST_CASE_METHOD(RoutingWorld, "a rule reads back as it was written, and only by its tenant") {
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

TEST_CASE_METHOD(RoutingWorld, "a rule that would not act is refused by the field at fault") {
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

TEST_CASE_METHOD(RoutingWorld, "a simulation explains each rule") {
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

TEST_CASE_METHOD(RoutingWorld, "a route is chosen without the database once it is known") {
  Choose("", "stranger");
  const int before = database.runs;
  for (int i = 0; i < 10; ++i) CHECK_FALSE(Choose("", "stranger").agent_registered());
  CHECK(database.runs == before);
  clock.Advance(absl::Minutes(11));
  Choose("", "stranger");
  CHECK(database.runs > before);
}

TEST_CASE_METHOD(RoutingWorld, "a route tells what is known of the agent, at once after a change") {
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

TEST_CASE_METHOD(RoutingWorld, "agents are made, found by team and skill, and removed") {
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

TEST_CASE_METHOD(RoutingWorld, "a bad agent is refused by the field at fault") {
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

TEST_CASE_METHOD(RoutingWorld, "skills and teams that a change empties are gone") {
  REQUIRE(AddAgent("ann").ok());
  v1::UpdateAgentRequest update;
  update.set_id("ann");
  auto changed = io.Run(service.UpdateAgent(As(), update));
  CHECK(changed->agent().teams_size() == 1);
  update.add_emptied("teams");
  update.add_emptied("skills");
  changed = io.Run(service.UpdateAgent(As(), update));
  REQUIRE(changed.ok());
  CHECK(changed->agent().teams().empty());
  CHECK(changed->agent().skills().empty());
}

}  // namespace ctc::routing
