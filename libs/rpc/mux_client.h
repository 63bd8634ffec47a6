// The client's end of the connection between two processes: queues calls, hands them to the
// connection as it takes them, keeps their deadlines, and reconnects. Inside libs/rpc only.
// Thread-safe.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libs/base/asio.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/rpc/channel.h"

namespace ctc::rpc {

class MuxClientStream;

// One call from its submission to its only completion.
struct MuxCall {
  std::string path;
  std::string frame;  // kept until the answer, for a second attempt
  absl::Time deadline = absl::InfiniteFuture();
  absl::AnyInvocable<void(absl::StatusOr<std::string>)> done;  // the response's bytes

  // Below: the client's, under its lock.
  uint64_t id = 0;
  absl::Time give_up = absl::InfiniteFuture();  // end of the wait for a connection
  MuxClientStream* sent_on = nullptr;
  bool sent = false;  // ever, on whatever connection
  bool repeated = false;
};
using MuxCallPtr = std::shared_ptr<MuxCall>;

class MuxClient : public std::enable_shared_from_this<MuxClient> {
 public:
  MuxClient(const asio::any_io_executor& executor, const RemoteOptions& options);

  // `call->done` runs once, on any thread, perhaps before Submit returns.
  void Submit(MuxCallPtr call);
  // Ends every call with UNAVAILABLE, and the connections.
  void Close();

 private:
  friend class MuxClientStream;
  using Ended = std::vector<std::pair<MuxCallPtr, absl::StatusOr<std::string>>>;

  // What a stream asks and reports, from its strand. TakeCalls: false when it gets no more.
  bool TakeCalls(MuxClientStream& stream, std::string& out);
  void OnAccepted(MuxClientStream& stream);
  void OnAnswer(uint64_t call_id, absl::StatusOr<std::string> answer);
  void OnDraining(MuxClientStream& stream);
  void OnEnded(MuxClientStream& stream, const absl::Status& status);

  // Timers and connections; on the strand.
  void Tick();
  // Lets Tick run soon.
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Connect() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Time NextTick() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FireTimers(absl::Time now, Ended& ended) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddTimer(absl::Time at, uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Puts a call into the queue; it waits for a connection as long as the options say.
  void Enqueue(MuxCallPtr call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsUp() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The calls of a broken stream: repeated if they may be, else ended.
  void Release(MuxClientStream& stream, Ended& ended) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes the call out and notes how it ended; an error of one never sent gets the mark.
  void End(uint64_t id, absl::StatusOr<std::string> result, Ended& ended)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndAll(const absl::Status& status, bool waiting_only, Ended& ended)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Lets go of the ended calls at the front of the queue.
  void PruneOutbox() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Tell(Ended ended);

  const std::string secret_;
  const std::string address_;
  const absl::Duration connection_wait_;
  const asio::any_io_executor executor_;
  const asio::any_io_executor strand_;
  asio::steady_timer timer_;  // on the strand

  base::Mutex mutex_;
  std::unordered_map<uint64_t, MuxCallPtr> calls_ ABSL_GUARDED_BY(mutex_);
  std::deque<MuxCallPtr> outbox_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<absl::Time, uint64_t>> timers_ ABSL_GUARDED_BY(mutex_);
  std::set<std::shared_ptr<MuxClientStream>> streams_ ABSL_GUARDED_BY(mutex_);
  MuxClientStream* current_ ABSL_GUARDED_BY(mutex_) = nullptr;  // takes new calls
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time next_attempt_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time next_tick_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  absl::Duration back_off_ ABSL_GUARDED_BY(mutex_);
  bool wanted_ ABSL_GUARDED_BY(mutex_) = false;  // connects at the first call
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace ctc::rpc
