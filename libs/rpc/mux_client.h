// The client's end of the multiplexing stream: queues calls, sends them in natural batches, keeps
// their deadlines, and reconnects. Inside libs/rpc only. Thread-safe.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>
#include <grpcpp/generic/generic_stub.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ctc/rpc/v1/mux_service.pb.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/rpc/channel.h"

namespace ctc::rpc {

class MuxClientStream;

// One call from its submission to its only completion.
struct MuxCall {
  v1::CallFrame frame;
  absl::Time deadline = absl::InfiniteFuture();
  absl::AnyInvocable<void(absl::StatusOr<std::string>)> done;  // the response's bytes

  // Below: the client's, under its lock.
  absl::Time give_up = absl::InfiniteFuture();  // end of the wait for a connection
  MuxClientStream* sent_on = nullptr;
  bool repeated = false;
};
using MuxCallPtr = std::shared_ptr<MuxCall>;

class MuxClient {
 public:
  explicit MuxClient(const RemoteOptions& options);
  ~MuxClient();  // ends every call with UNAVAILABLE

  // `call->done` runs once, on any thread, perhaps before Submit returns.
  void Submit(MuxCallPtr call);

 private:
  friend class MuxClientStream;
  using Ended = std::vector<std::pair<MuxCallPtr, absl::StatusOr<std::string>>>;

  // What the stream reports.
  void OnAccepted(MuxClientStream& stream);
  void OnReplies(MuxClientStream& stream, v1::ExchangeResponse replies);
  void OnWritten(MuxClientStream& stream, bool ok);
  void OnBroken(MuxClientStream& stream);
  void OnEnded(MuxClientStream& stream, const absl::Status& status);

  void Run();  // the thread of timers and connections
  void RunOnce(std::unique_lock<std::mutex>& lock);
  void Connect() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Time NextWake() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FireTimers(absl::Time now, Ended& ended) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddTimer(absl::Time at, uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Puts a call into the queue; it waits at most 2 s for a connection.
  void Enqueue(MuxCallPtr call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsUp() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The calls of a broken stream: repeated if they may be, else ended.
  void Release(MuxClientStream& stream, Ended& ended) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes the call out and notes how it ended.
  void End(uint64_t id, absl::StatusOr<std::string> result, Ended& ended)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndAll(const absl::Status& status, bool waiting_only, Ended& ended)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Starts the next write of the current stream if there is one to start.
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Tell(Ended ended);

  const std::string secret_;
  const std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;

  base::Mutex mutex_;
  std::condition_variable wake_;
  std::unordered_map<uint64_t, MuxCallPtr> calls_ ABSL_GUARDED_BY(mutex_);
  std::deque<MuxCallPtr> outbox_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<absl::Time, uint64_t>> timers_ ABSL_GUARDED_BY(mutex_);
  std::set<MuxClientStream*> streams_ ABSL_GUARDED_BY(mutex_);  // until their OnDone
  MuxClientStream* current_ ABSL_GUARDED_BY(mutex_) = nullptr;  // takes new calls
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time next_attempt_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Duration back_off_ ABSL_GUARDED_BY(mutex_);
  bool wanted_ ABSL_GUARDED_BY(mutex_) = false;  // connects at the first call
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace ctc::rpc
