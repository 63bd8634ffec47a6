// Which agent is offered to a caller of a queue. Pure: the agents and the line come as values.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ctc/routing/v1/queue_service.pb.h"
#include "ctc/routing/v1/routing.pb.h"
#include "services/routing/domain/presence.h"

namespace ctc::routing {

// A registered agent as it stands now.
struct AgentNow {
  v1::Agent agent;
  bool has_chosen = false;   // has ever told whether it takes calls
  bool takes_calls = false;  // chose to, and is not in wrap-up
  int load = 0;              // calls under way, those that are being placed too
  bool reserved = false;     // rings for another caller
  absl::Time idle_since;
};

AgentNow Assess(v1::Agent agent, const Standing& standing);

// Could take a call now.
bool IsFree(const AgentNow& agent);

// A caller in a queue for whom no phone rings.
struct WaitingCaller {
  std::string session_id;
  std::string queue_id;
  int64_t entered_at_ms = 0;
};

// Agents and callers at one moment, as one caller's step sees them.
struct Floor {
  std::map<std::string, AgentNow> agents;  // registered ones, by id
  std::vector<WaitingCaller> waiting;      // of all queues, this caller too
  // Agent offered last, by id of the queues that were looked up.
  std::map<std::string, std::string> last_offered;
  std::string reserved_for_caller;  // agent whose phone rings for this very caller
};

// Of the queue's teams and with its skills.
bool Qualifies(const v1::Queue& queue, const v1::Agent& agent);

// The free agents who qualify, in the order in which they are asked. Ties: who is idle longest,
// then the agent's id, so that a decision can be repeated.
std::vector<std::string> OrderOf(const v1::Queue& queue, const Floor& floor);

// Callers of the queue who wait beside this one; and those of them before it.
int CountOthers(const v1::Queue& queue, const Floor& floor, const WaitingCaller& caller);
int CountAhead(const v1::Queue& queue, const Floor& floor, const WaitingCaller& caller);

enum class MissedAgents { kLeaveOut, kIfNoOther };

// The agent to offer to `caller`, or "". Callers before this one have the first choice each. Agents
// in `missed` did not take this call before.
std::string PickAgent(const v1::Queue& queue, const Floor& floor, const WaitingCaller& caller,
                      const std::vector<std::string>& missed, MissedAgents rule);

// The queue of callers whose number has no menu: every registered agent, longest idle first.
const v1::Queue& QueueOfEveryAgent();

}  // namespace ctc::routing
