// The feed of session changes for browsers: one reader in the process, a ring of what was read
// last, and a place to wait for more. Subscribers keep their own position, so a slow one costs no
// memory: what has left the ring it reads from the session service. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "ctc/session/v1/session_service.pb.h"
#include "libs/base/asio.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/observability/metrics.h"
#include "libs/rpc/channel.h"

namespace ctc::gateway {

// What a subscriber may see and wants to.
struct FeedFilter {
  std::string tenant;
  std::string agent_id;  // empty: all of the tenant
};

// One event, ready to be sent.
struct LiveEvent {
  int64_t seq = 0;
  std::string tenant;
  std::string agent_id;
  std::string type;
  std::string json;
};
using LiveEventPtr = std::shared_ptr<const LiveEvent>;

class LiveFeed {
 public:
  LiveFeed(rpc::Channel& session, const base::Clock& clock, asio::any_io_executor executor);
  ~LiveFeed();

  // Reads the feed while anyone listens. Spawn it once, on `executor()`; it returns after Stop.
  Task<void> Run();
  asio::any_io_executor executor() const { return executor_; }
  // Ends Run and wakes all subscribers; they see `stopped`.
  void Stop();
  bool stopped() const;

  // Position of the newest event.
  Task<absl::StatusOr<int64_t>> NewestSeq();

  // A place to wait, on the executor it is made on.
  class Subscription {
   public:
    Subscription(LiveFeed& feed, FeedFilter filter, int64_t after_seq,
                 asio::any_io_executor executor);
    ~Subscription();
    // Events after the position, which moves on; empty when `limit` passed, Wake was called or the
    // feed stopped.
    Task<std::vector<LiveEventPtr>> Next(absl::Duration limit);
    // Goes on from another position. On the subscription's executor only.
    void MoveTo(int64_t after_seq);
    // Waits for a wake-up, at most so long.
    Task<void> WaitForWake(absl::Duration limit);
    // Ends a Next or a WaitForWake that waits. On the subscription's executor only.
    void Wake();
    int64_t position() const { return after_seq_; }

   private:
    friend class LiveFeed;
    struct Waiter;
    Task<void> ReadBack(std::vector<LiveEventPtr>& events);

    LiveFeed& feed_;
    const FeedFilter filter_;
    int64_t after_seq_;
    std::shared_ptr<Waiter> waiter_;
  };

 private:
  // Copies what the ring has for a subscriber; false when it does not reach back that far.
  bool FromRing(const FeedFilter& filter, int64_t& after_seq, std::vector<LiveEventPtr>& events);
  Task<void> Pause(absl::Duration time);
  Task<void> ReadOnce(int64_t& position, int& failures);
  void Publish(const session::v1::ReadFeedResponse& batch);
  void Reset(int64_t position);

  static constexpr size_t kRingEvents = 4096;

  rpc::Channel& session_;
  const base::Clock& clock_;
  const asio::any_io_executor executor_;  // a strand: the reader's
  asio::steady_timer pause_;
  observability::Gauge subscribers_gauge_;

  mutable base::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t ring_from_ ABSL_GUARDED_BY(mutex_) = -1;  // the ring holds (ring_from_, ring_to_]
  int64_t ring_to_ ABSL_GUARDED_BY(mutex_) = -1;    // -1: nothing was read yet
  std::deque<LiveEventPtr> ring_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Subscription::Waiter>> waiters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::gateway
