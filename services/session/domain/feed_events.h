// What the feed says when a fact changed a session. Figures made by summing the events' deltas
// equal figures made by counting sessions, corrections included.
#pragma once

#include <vector>

#include "ctc/session/v1/call_event.pb.h"
#include "services/session/domain/state.h"

namespace ctc::session::domain {

// The events for the step from `before` to `after`, in the order they belong into the feed: legs,
// then the session, then the recording. At least one for every fact, since the timeline shows each.
// Only what the step tells is set; position, tenant, ids and context are the writer's.
std::vector<v1::CallEvent> DiffEvents(const SessionState& before, const SessionState& after,
                                      const Fact& fact, bool late);

// The first event of a session.
v1::CallEvent InitiatedEvent(absl::Time at);

}  // namespace ctc::session::domain
