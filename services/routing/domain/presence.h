// Where an agent stands: what it chose, from the lines of its day, and what its calls make of it,
// from the feed. Neither undoes the other. Pure.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "ctc/routing/v1/routing.pb.h"
#include "ctc/session/v1/call_event.pb.h"

namespace ctc::routing {

// A call that has gone on for longer is over.
inline constexpr absl::Duration kLongestCall = absl::Hours(24);
// Of one agent at once: those that clients alone told of, and all. The oldest give way, so that
// nobody fills the row, which the feed must be able to write.
inline constexpr size_t kMaxClaims = 20;
inline constexpr size_t kMaxCalls = 100;

struct OpenCall {
  std::string session_id;  // as a client gave it, "" when it did not; the feed's sess_ id
  std::string uuid;        // the session's other id, once the feed told of it
  absl::Time since;        // when it was last told of
  bool talks = true;       // else it is being placed
  bool by_client = false;  // the feed has not told of it
};

struct Standing {
  std::string state = "OFFLINE";  // as shown
  absl::Time since = absl::InfinitePast();
  std::string chosen;        // the state between calls; "" when the agent never said any
  bool takes_calls = false;  // by choice, calls aside
  std::string reason;        // of the choice
  std::vector<OpenCall> calls;
  absl::Time last_line = absl::InfinitePast();
};

// A line that a client or a queue wrote, at `created_at`. It changes what is chosen, an ON_CALL
// aside; calls that clients told of end with it, those of the feed do not.
void Choose(const v1::AgentActivity& line, Standing& standing);

struct CallNews {
  enum class Stage { kPlaced, kTalks, kOver } stage = Stage::kPlaced;
  std::string agent_id;
  std::string session_id;  // sess_ id
  std::string uuid;        // of the session; clients name it by either
  absl::Time at;
  bool talked = false;     // with kOver
  bool registered = true;  // else its end alone counts, for a call that is still known
};

// What an event of the feed means for the call's agent.
std::optional<CallNews> NewsOf(const session::v1::CallEvent& event);
// Changes the calls, never what is chosen.
void Follow(const CallNews& news, Standing& standing);
// The call is among those that are known.
bool Knows(const Standing& standing, const CallNews& news);
// The line of a registered agent's day that it stands for: ON_CALL when a call connects, IDLE when
// one that had connected ends. Without id, duration and availability.
std::optional<v1::AgentActivity> LineOf(const CallNews& news);

// Without calls that are over by their age.
Standing At(Standing standing, absl::Time now);

v1::Presence PresenceOf(const std::string& agent_id, const Standing& standing);

// Whether an agent takes calls after this activity, when the line does not say.
bool AvailableByType(v1::AgentActivity::Type type);

// Whole seconds from one line to the next, 0 when they are out of order, a week at most.
int DurationBetween(absl::Time from, absl::Time to);

}  // namespace ctc::routing
