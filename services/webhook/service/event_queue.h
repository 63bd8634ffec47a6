// Committed events on their way to the session service: a bounded queue in memory that spares
// reading them back. What does not fit, or is in it when the process dies, is in the log and is
// claimed from there. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "ctc/session/v1/session_service.pb.h"
#include "libs/base/mutex.h"
#include "libs/observability/metrics.h"

namespace ctc::webhook {

struct WaitingEvent {
  std::string id;  // of its line in the log
  absl::Time received_at;
  int attempts = 0;
  session::v1::ApplyFactsRequest facts;
};

class EventQueue {
 public:
  explicit EventQueue(size_t limit);
  // `on_news` is called, on the caller's thread, when something was put into the empty queue.
  void SetListener(std::function<void()> on_news);
  // Events that do not fit are left to the log.
  void Push(std::vector<WaitingEvent> events);
  std::vector<WaitingEvent> Take(size_t max);
  // Leaves to the log what was received up to `time`: it is claimed from there.
  void DropReceivedUpTo(absl::Time time);
  size_t size() const;
  bool empty() const { return size() == 0; }

 private:
  const size_t limit_;
  const observability::Gauge depth_;
  mutable base::Mutex mutex_;
  std::deque<WaitingEvent> events_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> on_news_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::webhook
