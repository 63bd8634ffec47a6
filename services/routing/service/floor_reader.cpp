#include "services/routing/service/floor_reader.h"

#include <map>

#include "services/routing/store/activity_store.h"
#include "services/routing/store/queue_entry_store.h"

namespace ctc::routing {
namespace {

void Place(const StoredEntry& entry, const std::string& session_id, absl::Time now, Floor& floor) {
  if (entry.offered_agent_id.empty()) {
    floor.waiting.push_back(
        {entry.session_id, entry.queue_id, absl::ToUnixMillis(entry.entered_at)});
    return;
  }
  if (entry.offer_expires_at <= now) return;
  if (entry.session_id == session_id) {
    floor.reserved_for_caller = entry.offered_agent_id;
    return;
  }
  const auto agent = floor.agents.find(entry.offered_agent_id);
  if (agent != floor.agents.end()) agent->second.reserved = true;
}

}  // namespace

absl::Status ReadFloor(db::Connection& c, const base::TenantId& tenant,
                       const std::vector<v1::Agent>& agents, const std::string& session_id,
                       absl::Time now, Floor& floor) {
  CTC_ASSIGN_OR_RETURN(const auto lines, ActivityStore(tenant).OfAllAgents(c));
  CTC_ASSIGN_OR_RETURN(const auto entries, QueueEntryStore(tenant).Live(c, now));
  std::map<std::string, std::vector<v1::AgentActivity>> lines_of;
  for (const v1::AgentActivity& line : lines) lines_of[line.agent_id()].push_back(line);
  floor.agents.clear();
  floor.waiting.clear();
  floor.reserved_for_caller.clear();
  for (const v1::Agent& agent : agents) {
    floor.agents.emplace(agent.id(), Assess(agent, lines_of[agent.id()]));
  }
  for (const StoredEntry& entry : entries) Place(entry, session_id, now, floor);
  return absl::OkStatus();
}

}  // namespace ctc::routing
