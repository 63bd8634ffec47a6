// See presence.h.
#include "services/routing/domain/presence.h"

#include <algorithm>

namespace ctc::routing {
namespace {

using Activity = v1::AgentActivity;

std::string StateOf(Activity::Type type) {
  switch (type) {
    case Activity::LOGIN:
    case Activity::IDLE:
      return "AVAILABLE";
    case Activity::ON_CALL:
      return "ON_CALL";
    case Activity::WRAP_UP:
      return "WRAP_UP";
    case Activity::ON_BREAK:
      return "BREAK";
    default:
      return "OFFLINE";
  }
}

// The sessions an agent is on after one more line.
void Follow(const Activity& line, std::vector<std::string>& sessions) {
  const auto known = std::find(sessions.begin(), sessions.end(), line.session_id());
  switch (line.activity_type()) {
    case Activity::ON_CALL:
      if (line.has_session_id() && known == sessions.end()) sessions.push_back(line.session_id());
      return;
    case Activity::LOGIN:
    case Activity::LOGOUT:
      sessions.clear();
      return;
    default:
      // A line without a session speaks of all of them: the agent is idle, pauses or wraps up.
      if (!line.has_session_id()) {
        sessions.clear();
      } else if (known != sessions.end()) {
        sessions.erase(known);
      }
  }
}

}  // namespace

v1::Presence FoldPresence(const std::string& agent_id, const std::vector<Activity>& lines) {
  v1::Presence presence;
  presence.set_agent_id(agent_id);
  presence.set_state("OFFLINE");
  std::vector<std::string> sessions;
  for (const Activity& line : lines) {
    Follow(line, sessions);
    const std::string state = sessions.empty() ? StateOf(line.activity_type()) : "ON_CALL";
    if (state != presence.state() || !presence.has_since())
      *presence.mutable_since() = line.created_at();
    presence.set_state(state);
    presence.set_is_available(line.is_available() && state == "AVAILABLE");
  }
  for (std::string& id : sessions) presence.add_session_ids(std::move(id));
  return presence;
}

bool AvailableByType(Activity::Type type) {
  return type == Activity::LOGIN || type == Activity::IDLE;
}

int DurationBetween(absl::Time from, absl::Time to) {
  const absl::Duration longest = absl::Hours(7 * 24);
  const absl::Duration between = std::clamp(to - from, absl::ZeroDuration(), longest);
  return static_cast<int>(absl::ToInt64Seconds(between));
}

std::optional<Activity> LineOf(const session::v1::CallEvent& event) {
  using session::v1::Session;
  if (event.agent_id().empty()) return std::nullopt;
  const bool talked =
      event.old_status() == Session::CONNECTED || event.old_status() == Session::ON_HOLD;
  Activity line;
  if (event.type() == "session.connected" && !talked) {
    line.set_activity_type(Activity::ON_CALL);
  } else if (event.type() == "session.ended" && talked) {
    line.set_activity_type(Activity::IDLE);
  } else {
    return std::nullopt;
  }
  line.set_agent_id(event.agent_id());
  line.set_session_id(event.session_id());
  line.set_is_available(AvailableByType(line.activity_type()));
  *line.mutable_created_at() = event.recorded_at();
  return line;
}

}  // namespace ctc::routing
