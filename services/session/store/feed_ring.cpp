// The ring: a dense window of the feed ending at last_seq_.
#include "services/session/store/feed_ring.h"

#include <algorithm>
#include <utility>

namespace ctc::session::store {

std::optional<FeedRing::Page> FeedRing::Read(int64_t after, size_t limit,
                                             const std::string& tenant) const {
  const base::MutexLock lock(mutex_);
  if (last_seq_ < 0) return std::nullopt;
  Page page;
  page.last_seq = after;
  if (after >= last_seq_) return page;
  const int64_t first = last_seq_ - static_cast<int64_t>(events_.size()) + 1;
  if (after < first - 1) return std::nullopt;
  size_t i = static_cast<size_t>(after - first + 1);
  for (size_t looked = 0; i < events_.size() && looked < limit; ++i, ++looked) {
    const EventPtr& event = events_[i];
    if (tenant.empty() || event->tenant_id() == tenant) page.events.push_back(event);
    page.last_seq = event->seq();
  }
  return page;
}

int64_t FeedRing::last_seq() const {
  const base::MutexLock lock(mutex_);
  return last_seq_;
}

void FeedRing::Append(const std::vector<EventPtr>& events) {
  if (events.empty()) return;
  std::vector<Waiter> waiters;
  {
    const base::MutexLock lock(mutex_);
    if (events.front()->seq() != last_seq_ + 1) events_.clear();
    events_.insert(events_.end(), events.begin(), events.end());
    last_seq_ = events.back()->seq();
    while (events_.size() > capacity_) events_.pop_front();
    waiters.swap(waiters_);
  }
  WakeAll(std::move(waiters));
}

void FeedRing::SkipTo(int64_t last_seq) {
  std::vector<Waiter> waiters;
  {
    const base::MutexLock lock(mutex_);
    if (last_seq <= last_seq_) return;
    events_.clear();
    last_seq_ = last_seq;
    waiters.swap(waiters_);
  }
  WakeAll(std::move(waiters));
}

void FeedRing::OnNews(int64_t after, std::weak_ptr<void> alive, std::function<void()> wake) {
  {
    const base::MutexLock lock(mutex_);
    if (last_seq_ <= after) {
      std::erase_if(waiters_, [](const Waiter& waiter) { return waiter.alive.expired(); });
      waiters_.push_back({std::move(alive), std::move(wake)});
      return;
    }
  }
  wake();
}

void FeedRing::WakeAll(std::vector<Waiter> waiters) {
  for (const Waiter& waiter : waiters) {
    if (const auto alive = waiter.alive.lock()) waiter.wake();
  }
}

}  // namespace ctc::session::store
