#include "services/routing/service/floor_reader.h"

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

absl::Status ReadFloor(db::Connection& c, Directory& directory, const base::TenantId& tenant,
                       const std::vector<v1::Agent>& agents, const std::string& session_id,
                       absl::Time now, Floor& floor) {
  CTC_ASSIGN_OR_RETURN(const auto presence, directory.ReadPresence(c, tenant, agents));
  CTC_ASSIGN_OR_RETURN(const auto entries, QueueEntryStore(tenant).Live(c, now));
  floor.agents = *presence;
  floor.waiting.clear();
  floor.reserved_for_caller.clear();
  for (const StoredEntry& entry : entries) Place(entry, session_id, now, floor);
  return absl::OkStatus();
}

}  // namespace ctc::routing
