// Where an agent stands, from the lines of the agent's day; and the lines that follow from calls.
// Pure.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "ctc/routing/v1/routing.pb.h"
#include "ctc/session/v1/call_event.pb.h"

namespace ctc::routing {

// `lines`: oldest first, from at least the last login on. Without any the agent is OFFLINE.
v1::Presence FoldPresence(const std::string& agent_id, const std::vector<v1::AgentActivity>& lines);

// Whether an agent takes calls after this activity, when the line does not say.
bool AvailableByType(v1::AgentActivity::Type type);

// Whole seconds from one line to the next, 0 when they are out of order, a week at most.
int DurationBetween(absl::Time from, absl::Time to);

// The line that an event of the feed stands for: ON_CALL when a call connects, IDLE when one that
// had connected ends. Without id and duration.
std::optional<v1::AgentActivity> LineOf(const session::v1::CallEvent& event);

}  // namespace ctc::routing
