// Turns the feed's events into changes of figures. Pure.
#pragma once

#include <vector>

#include "ctc/session/v1/call_event.pb.h"
#include "services/stats/domain/figures.h"

namespace ctc::stats {

// The events that change figures, in order.
std::vector<Change> ReadChanges(const std::vector<session::v1::CallEvent>& events);

}  // namespace ctc::stats
