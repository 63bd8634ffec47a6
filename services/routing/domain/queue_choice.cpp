#include "services/routing/domain/queue_choice.h"

#include <algorithm>
#include <tuple>

namespace ctc::routing {
namespace {

bool Holds(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

int LevelOf(const v1::Agent& agent, const std::string& skill) {
  const auto found = agent.skills().find(skill);
  return found == agent.skills().end() ? 0 : found->second;
}

int SumOfLevels(const v1::Queue& queue, const v1::Agent& agent) {
  int sum = 0;
  for (const auto& [skill, level] : queue.required_skills()) sum += LevelOf(agent, skill);
  return sum;
}

// An agent on a call is not idle, though it may take another one.
bool IdleLonger(const AgentNow& a, const AgentNow& b) {
  const auto key = [](const AgentNow& x) {
    return std::make_tuple(x.load > 0, x.idle_since, x.agent.id());
  };
  return key(a) < key(b);
}

bool LessOccupied(const AgentNow& a, const AgentNow& b) {
  // load / capacity, without a division.
  const int left = a.load * b.agent.capacity();
  const int right = b.load * a.agent.capacity();
  return left != right ? left < right : IdleLonger(a, b);
}

void Sort(const v1::Queue& queue, const std::string& last_offered,
          std::vector<const AgentNow*>& agents) {
  const auto by = [&](auto before) {
    std::sort(agents.begin(), agents.end(),
              [&](const AgentNow* a, const AgentNow* b) { return before(*a, *b); });
  };
  switch (queue.strategy()) {
    case v1::Queue::ROUND_ROBIN:
      return by([&](const AgentNow& a, const AgentNow& b) {
        const auto key = [&](const AgentNow& x) {
          return std::make_tuple(x.agent.id() <= last_offered, x.agent.id());
        };
        return key(a) < key(b);
      });
    case v1::Queue::LEAST_OCCUPIED:
      return by(LessOccupied);
    case v1::Queue::SKILL_PRIORITY:
      return by([&](const AgentNow& a, const AgentNow& b) {
        const int left = SumOfLevels(queue, a.agent);
        const int right = SumOfLevels(queue, b.agent);
        return left != right ? left > right : IdleLonger(a, b);
      });
    default:
      return by(IdleLonger);
  }
}

}  // namespace

AgentNow Assess(v1::Agent agent, const Standing& standing) {
  AgentNow now;
  const auto named = std::count_if(standing.calls.begin(), standing.calls.end(),
                                   [](const OpenCall& call) { return !call.session_id.empty(); });
  now.has_chosen = !standing.chosen.empty();
  now.takes_calls = standing.takes_calls;
  // A client may say ON_CALL without naming the session: one of those that are named, if any.
  now.load = std::max(static_cast<int>(named), standing.calls.empty() ? 0 : 1);
  now.idle_since = standing.since;
  now.agent = std::move(agent);
  return now;
}

bool IsFree(const AgentNow& agent) {
  return agent.agent.is_active() && agent.takes_calls && !agent.reserved &&
         agent.load < agent.agent.capacity();
}

bool Qualifies(const v1::Queue& queue, const v1::Agent& agent) {
  const auto& teams = agent.teams();
  const bool of_team =
      queue.teams().empty() ||
      std::any_of(queue.teams().begin(), queue.teams().end(), [&](const std::string& team) {
        return std::find(teams.begin(), teams.end(), team) != teams.end();
      });
  return of_team &&
         std::all_of(queue.required_skills().begin(), queue.required_skills().end(),
                     [&](const auto& need) { return LevelOf(agent, need.first) >= need.second; });
}

std::vector<std::string> OrderOf(const v1::Queue& queue, const Floor& floor) {
  std::vector<const AgentNow*> agents;
  for (const auto& [id, agent] : floor.agents) {
    if (IsFree(agent) && Qualifies(queue, agent.agent)) agents.push_back(&agent);
  }
  const auto last = floor.last_offered.find(queue.id());
  Sort(queue, last == floor.last_offered.end() ? "" : last->second, agents);
  std::vector<std::string> ids;
  for (const AgentNow* agent : agents) ids.push_back(agent->agent.id());
  return ids;
}

int CountOthers(const v1::Queue& queue, const Floor& floor, const WaitingCaller& caller) {
  return static_cast<int>(
      std::count_if(floor.waiting.begin(), floor.waiting.end(), [&](const WaitingCaller& other) {
        return other.queue_id == queue.id() && other.session_id != caller.session_id;
      }));
}

int CountAhead(const v1::Queue& queue, const Floor& floor, const WaitingCaller& caller) {
  const auto place = [](const WaitingCaller& one) {
    return std::tie(one.entered_at_ms, one.session_id);
  };
  return static_cast<int>(
      std::count_if(floor.waiting.begin(), floor.waiting.end(), [&](const WaitingCaller& other) {
        return other.queue_id == queue.id() && other.session_id != caller.session_id &&
               place(other) < place(caller);
      }));
}

std::string PickAgent(const v1::Queue& queue, const Floor& floor, const WaitingCaller& caller,
                      const std::vector<std::string>& missed, MissedAgents rule) {
  const std::vector<std::string> all = OrderOf(queue, floor);
  std::vector<std::string> fresh;
  std::copy_if(all.begin(), all.end(), std::back_inserter(fresh),
               [&](const std::string& id) { return !Holds(missed, id); });
  if (Holds(fresh, floor.reserved_for_caller)) return floor.reserved_for_caller;
  const auto& choice = fresh.empty() && rule == MissedAgents::kIfNoOther ? all : fresh;
  const auto index = static_cast<size_t>(CountAhead(queue, floor, caller));
  return index < choice.size() ? choice[index] : "";
}

const v1::Queue& QueueOfEveryAgent() {
  static const v1::Queue queue = [] {
    v1::Queue made;
    made.set_id("00000000-0000-0000-0000-000000000000");
    made.set_queue_name("every agent");
    made.set_strategy(v1::Queue::LONGEST_IDLE);
    made.set_max_wait_seconds(300);
    made.set_ring_seconds(20);
    made.set_overflow("HANG_UP");
    made.set_is_active(true);
    return made;
  }();
  return queue;
}

}  // namespace ctc::routing
