#include "services/routing/domain/queue_choice.h"

#include <catch2/catch.hpp>

namespace ctc::routing {
namespace {

using Ids = std::vector<std::string>;

struct Choice {
  AgentNow& Add(const std::string& id, int idle_since, int load = 0, int capacity = 1) {
    AgentNow now;
    now.agent.set_id(id);
    now.agent.set_capacity(capacity);
    now.agent.set_is_active(true);
    now.takes_calls = true;
    now.load = load;
    now.idle_since = absl::FromUnixSeconds(idle_since);
    return floor.agents.emplace(id, std::move(now)).first->second;
  }
  Ids Order(v1::Queue::Strategy strategy) {
    queue.set_strategy(strategy);
    return OrderOf(queue, floor);
  }
  std::string Pick(MissedAgents rule, const Ids& missed = {}) {
    queue.set_strategy(v1::Queue::LONGEST_IDLE);
    return PickAgent(queue, floor, caller, missed, rule);
  }

  Choice() { queue.set_id("q"); }
  v1::Queue queue;
  Floor floor;
  WaitingCaller caller{"me", "q", 5000};
};

// An agent who said these one after another, a second each.
Standing Said(const std::vector<v1::AgentActivity::Type>& types) {
  Standing standing;
  for (size_t i = 0; i < types.size(); ++i) {
    v1::AgentActivity line;
    line.set_activity_type(types[i]);
    line.set_is_available(AvailableByType(types[i]));
    line.mutable_created_at()->set_seconds(static_cast<int64_t>(i) + 1);
    Choose(line, standing);
  }
  return standing;
}

Standing With(Standing standing, CallNews::Stage stage, int at) {
  CallNews news;
  news.stage = stage;
  news.agent_id = "ann";
  news.session_id = "s1";
  news.at = absl::FromUnixSeconds(at);
  news.talked = true;
  Follow(news, standing);
  return standing;
}

v1::Agent Ann(int capacity = 1) {
  v1::Agent agent;
  agent.set_id("ann");
  agent.set_capacity(capacity);
  agent.set_is_active(true);
  return agent;
}

}  // namespace

TEST_CASE_METHOD(Choice, "longest idle: ties go to the lower id, an agent on a call comes last") {
  Add("dan", 10, 1, 3);
  Add("cem", 20);
  Add("bob", 10);
  Add("ann", 10);
  CHECK(Order(v1::Queue::LONGEST_IDLE) == Ids{"ann", "bob", "cem", "dan"});
}

TEST_CASE_METHOD(Choice, "round robin goes on after the agent offered last") {
  for (const char* id : {"ann", "bob", "cem"}) Add(id, 10);
  CHECK(Order(v1::Queue::ROUND_ROBIN) == Ids{"ann", "bob", "cem"});
  floor.last_offered["q"] = "ann";
  CHECK(Order(v1::Queue::ROUND_ROBIN) == Ids{"bob", "cem", "ann"});
  floor.last_offered["q"] = "cem";
  CHECK(Order(v1::Queue::ROUND_ROBIN) == Ids{"ann", "bob", "cem"});
  floor.last_offered["q"] = "bea";  // not here now
  CHECK(Order(v1::Queue::ROUND_ROBIN) == Ids{"bob", "cem", "ann"});
}

TEST_CASE_METHOD(Choice, "least occupied compares shares of the capacity") {
  Add("ann", 10, 1, 2);
  Add("bob", 20, 1, 4);
  Add("cem", 30, 2, 4);
  Add("dan", 40, 0, 1);
  CHECK(Order(v1::Queue::LEAST_OCCUPIED) == Ids{"dan", "bob", "ann", "cem"});
}

TEST_CASE_METHOD(Choice, "skill priority takes the highest sum of the required skills only") {
  (*queue.mutable_required_skills())["es"] = 3;
  (*queue.mutable_required_skills())["tax"] = 1;
  const auto add = [&](const char* id, int es, int tax, int golf) {
    auto& skills = *Add(id, 10).agent.mutable_skills();
    skills["es"] = es;
    skills["tax"] = tax;
    skills["golf"] = golf;
  };
  add("ann", 3, 2, 10);
  add("bob", 5, 5, 1);
  add("cem", 3, 2, 1);
  add("dan", 2, 9, 1);  // too little of es
  add("eva", 9, 0, 1);  // has no tax
  CHECK(Order(v1::Queue::SKILL_PRIORITY) == Ids{"bob", "ann", "cem"});
}

TEST_CASE_METHOD(Choice, "an agent of one of the teams qualifies") {
  queue.add_teams("sales");
  queue.add_teams("support");
  Add("ann", 10).agent.add_teams("support");
  Add("bob", 10).agent.add_teams("finance");
  Add("cem", 10);
  CHECK(Order(v1::Queue::LONGEST_IDLE) == Ids{"ann"});
}

TEST_CASE_METHOD(Choice, "who is inactive, away, full or reserved is not asked") {
  Add("ann", 10).agent.set_is_active(false);
  Add("bob", 10).takes_calls = false;
  Add("cem", 10, 2, 2);
  Add("dan", 10).reserved = true;
  CHECK(Order(v1::Queue::LONGEST_IDLE).empty());
}

TEST_CASE_METHOD(Choice, "callers ahead take the first agents, those of other queues none") {
  Add("ann", 10);
  Add("bob", 20);
  floor.waiting = {
      {"other", "q", 4000}, {"me", "q", 5000}, {"later", "q", 6000}, {"elsewhere", "x", 1000}};
  CHECK(CountAhead(queue, floor, caller) == 1);
  CHECK(CountOthers(queue, floor, caller) == 2);
  CHECK(Pick(MissedAgents::kLeaveOut) == "bob");
  floor.waiting.push_back({"also", "q", 4500});
  CHECK(Pick(MissedAgents::kLeaveOut).empty());
}

TEST_CASE_METHOD(Choice, "of two who came at once the lower id is before") {
  floor.waiting = {{"abe", "q", 5000}, {"zoe", "q", 5000}};
  CHECK(CountAhead(queue, floor, caller) == 1);
}

TEST_CASE_METHOD(Choice, "who missed the call is asked again only when nobody else is free") {
  Add("ann", 10);
  Add("bob", 20);
  CHECK(Pick(MissedAgents::kIfNoOther, {"ann"}) == "bob");
  CHECK(Pick(MissedAgents::kIfNoOther, {"ann", "bob"}) == "ann");
  CHECK(Pick(MissedAgents::kLeaveOut, {"ann", "bob"}).empty());
}

TEST_CASE_METHOD(Choice,
                 "an agent reserved for the caller stays reserved, unless it missed the call") {
  Add("ann", 10);
  Add("bob", 20);
  floor.reserved_for_caller = "bob";
  CHECK(Pick(MissedAgents::kLeaveOut) == "bob");
  CHECK(Pick(MissedAgents::kLeaveOut, {"bob"}) == "ann");
}

TEST_CASE("an agent is free from login on, and idle since its last call ended") {
  using Type = v1::AgentActivity;
  using Stage = CallNews::Stage;
  CHECK_FALSE(Assess(Ann(), {}).has_chosen);
  CHECK_FALSE(IsFree(Assess(Ann(), {})));
  const Standing here = Said({Type::LOGIN});
  CHECK(IsFree(Assess(Ann(), here)));
  const Standing talking = With(here, Stage::kTalks, 200);
  CHECK_FALSE(IsFree(Assess(Ann(), talking)));
  const AgentNow after = Assess(Ann(), With(talking, Stage::kOver, 300));
  CHECK(IsFree(after));
  CHECK(after.idle_since == absl::FromUnixSeconds(300));
}

TEST_CASE("an agent who never logged in is not free after a call, nor one who left during it") {
  using Type = v1::AgentActivity;
  using Stage = CallNews::Stage;
  const AgentNow clicked = Assess(Ann(), With(With({}, Stage::kTalks, 1), Stage::kOver, 2));
  CHECK_FALSE(IsFree(clicked));
  CHECK_FALSE(clicked.has_chosen);
  const Standing away = Said({Type::LOGIN, Type::LOGOUT});
  CHECK_FALSE(IsFree(Assess(Ann(2), With(away, Stage::kTalks, 9))));
  CHECK_FALSE(IsFree(Assess(Ann(), With(With(away, Stage::kTalks, 9), Stage::kOver, 10))));
}

TEST_CASE("an agent's own call counts while it is being placed") {
  const Standing placing = With(Said({v1::AgentActivity::LOGIN}), CallNews::Stage::kPlaced, 5);
  CHECK(Assess(Ann(), placing).load == 1);
  CHECK_FALSE(IsFree(Assess(Ann(), placing)));
  CHECK(IsFree(Assess(Ann(2), placing)));
  CHECK(IsFree(Assess(Ann(), With(placing, CallNews::Stage::kOver, 6))));
}

TEST_CASE("an agent is not free while it is away or its capacity is used up") {
  using Type = v1::AgentActivity;
  CHECK_FALSE(IsFree(Assess(Ann(), Said({Type::LOGIN, Type::ON_BREAK}))));
  CHECK_FALSE(IsFree(Assess(Ann(), Said({Type::LOGIN, Type::WRAP_UP}))));
  CHECK_FALSE(IsFree(Assess(Ann(), Said({Type::LOGIN, Type::LOGOUT}))));
  const Standing talking = With(Said({Type::LOGIN}), CallNews::Stage::kTalks, 2);
  CHECK(IsFree(Assess(Ann(2), talking)));
  // A client that does not name the call uses up one all the same, but no second one.
  CHECK(Assess(Ann(2), Said({Type::LOGIN, Type::ON_CALL})).load == 1);
  CHECK(Assess(Ann(2), With(Said({Type::LOGIN, Type::ON_CALL}), CallNews::Stage::kTalks, 9)).load ==
        1);
}

}  // namespace ctc::routing
