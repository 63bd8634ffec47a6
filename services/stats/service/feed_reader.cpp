// Turns the feed's events into changes of figures.
#include "services/stats/service/feed_reader.h"

#include "libs/base/proto_time.h"

namespace ctc::stats {

std::vector<Change> ReadChanges(const events::FeedConsumer::Batch& events) {
  std::vector<Change> changes;
  for (const session::v1::CallEvent& event : events) {
    if (event.old_status() == event.new_status() && event.duration_delta_seconds() == 0) continue;
    Change& change = changes.emplace_back();
    change.seq = event.seq();
    change.tenant = event.tenant_id();
    change.agent = event.agent_id();
    change.provider = event.provider_id();
    change.campaign = event.campaign_id();
    change.old_status = event.old_status();
    change.new_status = event.new_status();
    change.duration_delta = event.duration_delta_seconds();
    const auto& created =
        event.has_session_created_at() ? event.session_created_at() : event.recorded_at();
    change.created_at = base::FromProto(created);
  }
  return changes;
}

}  // namespace ctc::stats
