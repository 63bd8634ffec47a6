// Turns the feed's events into changes of figures. Pure.
#pragma once

#include <vector>

#include "libs/events/feed_consumer.h"
#include "services/stats/domain/figures.h"

namespace ctc::stats {

// The events that change figures, in order.
std::vector<Change> ReadChanges(const events::FeedConsumer::Batch& events);

}  // namespace ctc::stats
