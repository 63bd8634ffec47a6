#include "services/routing/service/agent_day.h"

#include <algorithm>

#include "libs/base/proto_time.h"
#include "services/routing/store/activity_store.h"
#include "services/routing/store/presence_store.h"

namespace ctc::routing {
namespace {

constexpr char kMissed[] = "MISSED";

// Counts the line into `standing`.
void Close(v1::AgentActivity& line, bool has_duration, Standing& standing) {
  const absl::Time at = base::FromProto(line.created_at());
  if (!has_duration) {
    const bool first = standing.last_line == absl::InfinitePast();
    line.set_duration_seconds(first ? 0 : DurationBetween(standing.last_line, at));
  }
  standing.last_line = std::max(standing.last_line, at);
}

}  // namespace

absl::Status AgentDay::Say(db::Connection& c, v1::AgentActivity& line, bool has_duration) const {
  const PresenceStore presence(tenant_);
  CTC_ASSIGN_OR_RETURN(Standing standing, presence.Lock(c, line.agent_id()));
  standing = At(std::move(standing), base::FromProto(line.created_at()));
  line.set_id(ids_.Uuid());
  Choose(line, standing);
  Close(line, has_duration, standing);
  CTC_RETURN_IF_ERROR(ActivityStore(tenant_).Insert(c, line, LineSource::kClient, 0));
  return presence.Put(c, line.agent_id(), standing);
}

absl::Status AgentDay::Miss(db::Connection& c, const std::string& agent_id, absl::Time now) const {
  const PresenceStore presence(tenant_);
  CTC_ASSIGN_OR_RETURN(Standing standing, presence.Lock(c, agent_id));
  // A question that is asked again finds the break, and who talks by now did not fail to answer.
  standing = At(std::move(standing), now);
  if (!standing.takes_calls || !standing.calls.empty()) return absl::OkStatus();
  v1::AgentActivity line;
  line.set_id(ids_.Uuid());
  line.set_agent_id(agent_id);
  line.set_activity_type(v1::AgentActivity::ON_BREAK);
  line.set_reason(kMissed);
  *line.mutable_created_at() = base::ToProto(now);
  Choose(line, standing);
  Close(line, false, standing);
  CTC_RETURN_IF_ERROR(ActivityStore(tenant_).Insert(c, line, LineSource::kQueue, 0));
  return presence.Put(c, agent_id, standing);
}

absl::Status AgentDay::Follow(db::Connection& c, const CallNews& news, int64_t feed_seq) const {
  const PresenceStore presence(tenant_);
  CTC_ASSIGN_OR_RETURN(Standing standing, presence.Lock(c, news.agent_id));
  standing = At(std::move(standing), news.at);
  routing::Follow(news, standing);
  if (std::optional<v1::AgentActivity> line = LineOf(news)) {
    line->set_id(ids_.Uuid());
    line->set_is_available(PresenceOf(news.agent_id, standing).is_available());
    Close(*line, false, standing);
    CTC_RETURN_IF_ERROR(ActivityStore(tenant_).Insert(c, *line, LineSource::kFeed, feed_seq));
  }
  return presence.Put(c, news.agent_id, standing);
}

}  // namespace ctc::routing
