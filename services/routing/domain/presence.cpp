// See presence.h.
#include "services/routing/domain/presence.h"

#include <algorithm>

#include "libs/base/proto_time.h"

namespace ctc::routing {
namespace {

using Activity = v1::AgentActivity;

constexpr char kAvailable[] = "AVAILABLE";
constexpr char kOnCall[] = "ON_CALL";

std::string ChoiceOf(Activity::Type type) {
  switch (type) {
    case Activity::LOGIN:
    case Activity::IDLE:
      return kAvailable;
    case Activity::WRAP_UP:
      return "WRAP_UP";
    case Activity::ON_BREAK:
      return "BREAK";
    default:
      return "OFFLINE";
  }
}

std::string Shown(const Standing& standing) {
  const bool talks = std::any_of(standing.calls.begin(), standing.calls.end(),
                                 [](const OpenCall& call) { return call.talks; });
  if (talks) return kOnCall;
  if (!standing.chosen.empty()) return standing.chosen;
  // Who never said anything was seen to be there by its call.
  return standing.state == kOnCall ? kAvailable : standing.state;
}

void Show(absl::Time at, Standing& standing) {
  std::string state = Shown(standing);
  if (state == standing.state && standing.since != absl::InfinitePast()) return;
  standing.state = std::move(state);
  standing.since = std::max(standing.since, at);  // lines and events may cross
}

// By either id of its session.
bool Names(const std::string& id, const OpenCall& call) {
  return id == call.session_id || (!id.empty() && id == call.uuid);
}

bool IsOf(const CallNews& news, const OpenCall& call) {
  return Names(news.session_id, call) || (!news.uuid.empty() && Names(news.uuid, call));
}

void ClaimCall(const Activity& line, Standing& standing) {
  const absl::Time at = base::FromProto(line.created_at());
  const auto known =
      std::find_if(standing.calls.begin(), standing.calls.end(),
                   [&](const OpenCall& call) { return Names(line.session_id(), call); });
  if (known != standing.calls.end()) {
    known->talks = true;
    if (known->by_client) known->since = std::max(known->since, at);
    return;
  }
  OpenCall& call = standing.calls.emplace_back();
  call.session_id = line.session_id();
  call.since = at;
  call.by_client = true;
}

// Of the calls that `counts` holds for, no more than the `most` newest.
template <class Counts>
void KeepNewest(size_t most, const Counts& counts, std::vector<OpenCall>& calls) {
  auto count = static_cast<size_t>(std::count_if(calls.begin(), calls.end(), counts));
  for (; count > most; --count) {
    auto oldest = calls.end();
    for (auto call = calls.begin(); call != calls.end(); ++call) {
      if (!counts(*call)) continue;
      if (oldest == calls.end() || call->since < oldest->since) oldest = call;
    }
    calls.erase(oldest);
  }
}

void Bound(Standing& standing) {
  KeepNewest(kMaxClaims, [](const OpenCall& call) { return call.by_client; }, standing.calls);
  KeepNewest(kMaxCalls, [](const OpenCall&) { return true; }, standing.calls);
}

bool Talks(session::v1::Session::Status status) {
  return status == session::v1::Session::CONNECTED || status == session::v1::Session::ON_HOLD;
}

}  // namespace

void Choose(const Activity& line, Standing& standing) {
  const absl::Time at = base::FromProto(line.created_at());
  if (line.activity_type() == Activity::ON_CALL) {
    ClaimCall(line, standing);
  } else {
    std::erase_if(standing.calls, [&](const OpenCall& call) {
      // A line without a session speaks of all of them; a call without one may be the line's.
      return call.by_client && (!line.has_session_id() || call.session_id.empty() ||
                                line.session_id() == call.session_id);
    });
    standing.chosen = ChoiceOf(line.activity_type());
    standing.takes_calls = line.is_available() && standing.chosen == kAvailable;
    standing.reason = line.reason();
  }
  Bound(standing);
  Show(at, standing);
}

std::optional<CallNews> NewsOf(const session::v1::CallEvent& event) {
  if (event.agent_id().empty()) return std::nullopt;
  CallNews news;
  news.agent_id = event.agent_id();
  news.session_id = event.session_id();
  news.uuid = event.id();
  news.at = base::FromProto(event.recorded_at());
  news.talked = Talks(event.old_status());
  if (event.type() == "session.initiated") {
    news.stage = CallNews::Stage::kPlaced;
  } else if (event.type() == "session.ended") {
    news.stage = CallNews::Stage::kOver;
  } else if (Talks(event.new_status()) && !news.talked) {
    news.stage = CallNews::Stage::kTalks;
  } else {
    return std::nullopt;
  }
  return news;
}

void Follow(const CallNews& news, Standing& standing) {
  // Clients may have named one call by each of its ids: from here on it is one.
  std::erase_if(standing.calls, [&](const OpenCall& call) { return IsOf(news, call); });
  if (news.stage != CallNews::Stage::kOver) {
    OpenCall& call = standing.calls.emplace_back();
    call.session_id = news.session_id;
    call.uuid = news.uuid;
    call.talks = news.stage == CallNews::Stage::kTalks;
    call.since = news.at;
  }
  Bound(standing);
  Show(news.at, standing);
}

bool Knows(const Standing& standing, const CallNews& news) {
  return std::any_of(standing.calls.begin(), standing.calls.end(),
                     [&](const OpenCall& call) { return IsOf(news, call); });
}

std::optional<Activity> LineOf(const CallNews& news) {
  Activity line;
  if (!news.registered) return std::nullopt;
  if (news.stage == CallNews::Stage::kTalks) {
    line.set_activity_type(Activity::ON_CALL);
  } else if (news.stage == CallNews::Stage::kOver && news.talked) {
    line.set_activity_type(Activity::IDLE);
  } else {
    return std::nullopt;
  }
  line.set_agent_id(news.agent_id);
  line.set_session_id(news.session_id);
  *line.mutable_created_at() = base::ToProto(news.at);
  return line;
}

Standing At(Standing standing, absl::Time now) {
  absl::Time ended = absl::InfinitePast();
  std::erase_if(standing.calls, [&](const OpenCall& call) {
    const absl::Time end = call.since + kLongestCall;
    if (end > now) return false;
    ended = std::max(ended, end);
    return true;
  });
  if (ended != absl::InfinitePast()) Show(ended, standing);
  return standing;
}

v1::Presence PresenceOf(const std::string& agent_id, const Standing& standing) {
  v1::Presence presence;
  presence.set_agent_id(agent_id);
  presence.set_state(standing.state);
  if (standing.since != absl::InfinitePast()) {
    *presence.mutable_since() = base::ToProto(standing.since);
  }
  presence.set_is_available(standing.takes_calls && standing.state == kAvailable);
  if (!standing.reason.empty() && standing.state == standing.chosen) {
    presence.set_reason(standing.reason);
  }
  for (const OpenCall& call : standing.calls) {
    if (call.talks && !call.session_id.empty()) presence.add_session_ids(call.session_id);
  }
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

}  // namespace ctc::routing
