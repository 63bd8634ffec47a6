// The tasks that run beside the rpcs, all on one strand: started by name, stopped together, waited
// for.
#pragma once

#include <absl/time/time.h>

#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "libs/base/asio.h"

namespace ctc::host {

class Background {
 public:
  explicit Background(asio::any_io_executor executor) : strand_(asio::make_strand(executor)) {}

  // Thread-safe. `task` begins on the strand, unless Stop came first. Its end by an exception is
  // logged.
  void Spawn(std::string name, std::function<Task<void>()> task);
  // On the strand. False when stopping: the task shall end.
  Task<bool> Sleep(absl::Duration duration);
  bool stopping() const { return stopping_; }  // on the strand
  // Calls `wake` when Stop begins, for what waits on something else than Sleep. On the strand.
  int OnStop(std::function<void()> wake);
  void RemoveOnStop(int id);
  const asio::any_io_executor& strand() const { return strand_; }

  // Wakes all sleepers and returns when the last task ended. From any executor.
  Task<void> Stop();

 private:
  asio::any_io_executor strand_;
  bool stopping_ = false;
  std::atomic<int> running_ = 0;       // changed on the strand, read by Stop
  std::atomic<bool> stopped_ = false;  // no task begins any more
  int next_id_ = 0;
  std::set<asio::steady_timer*> timers_;
  std::map<int, std::function<void()>> wakers_;
};

}  // namespace ctc::host
