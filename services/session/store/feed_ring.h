// The newest events of the feed in memory, and who waits for the next ones. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/mutex.h"
#include "services/session/store/record.h"

namespace ctc::session::store {

class FeedRing {
 public:
  explicit FeedRing(size_t capacity) : capacity_(capacity) {}

  struct Page {
    std::vector<EventPtr> events;
    int64_t last_seq = 0;  // the last one looked at
  };
  // Events after `after`, at most `limit` looked at, of `tenant` or of all when it is empty. None
  // when the ring does not reach back that far: read the table.
  std::optional<Page> Read(int64_t after, size_t limit, const std::string& tenant) const;

  // The newest position known; -1 before the first.
  int64_t last_seq() const;

  // From the writer, after the commit. A gap (another process wrote) drops what is older.
  void Append(const std::vector<EventPtr>& events);
  // Another process wrote up to `last_seq`.
  void SkipTo(int64_t last_seq);

  // Calls `wake` once, from any thread, when there is something after `after`; at once when there
  // is already. Cancel by destroying the shared_ptr it is tied to.
  void OnNews(int64_t after, std::weak_ptr<void> alive, std::function<void()> wake);

 private:
  struct Waiter {
    std::weak_ptr<void> alive;
    std::function<void()> wake;
  };
  void WakeAll(std::vector<Waiter> waiters);

  const size_t capacity_;
  mutable base::Mutex mutex_;
  std::deque<EventPtr> events_ ABSL_GUARDED_BY(mutex_);  // dense by seq
  int64_t last_seq_ ABSL_GUARDED_BY(mutex_) = -1;
  std::vector<Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::session::store
