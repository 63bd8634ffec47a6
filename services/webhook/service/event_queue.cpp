// A queue under one lock, which is taken once for each commit.
#include "services/webhook/service/event_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ctc::webhook {

EventQueue::EventQueue(size_t limit)
    : limit_(limit),
      depth_(observability::MakeGauge("ctc_webhook_waiting_events",
                                      "Committed events in memory that are yet to be applied.")) {}

void EventQueue::SetListener(std::function<void()> on_news) {
  const base::MutexLock lock(mutex_);
  on_news_ = std::move(on_news);
}

void EventQueue::Push(std::vector<WaitingEvent> events) {
  const base::MutexLock lock(mutex_);
  const bool news = events_.empty() && !events.empty();
  for (WaitingEvent& event : events) {
    if (events_.size() >= limit_) break;
    events_.push_back(std::move(event));
  }
  depth_.Set(static_cast<double>(events_.size()));
  if (news && on_news_) on_news_();
}

std::vector<WaitingEvent> EventQueue::Take(size_t max) {
  const base::MutexLock lock(mutex_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(max, events_.size()));
  std::vector<WaitingEvent> out(std::make_move_iterator(events_.begin()),
                                std::make_move_iterator(events_.begin() + count));
  events_.erase(events_.begin(), events_.begin() + count);
  depth_.Set(static_cast<double>(events_.size()));
  return out;
}

void EventQueue::DropReceivedUpTo(absl::Time time) {
  const base::MutexLock lock(mutex_);
  while (!events_.empty() && events_.front().received_at <= time) events_.pop_front();
  depth_.Set(static_cast<double>(events_.size()));
}

size_t EventQueue::size() const {
  const base::MutexLock lock(mutex_);
  return events_.size();
}

}  // namespace ctc::webhook
