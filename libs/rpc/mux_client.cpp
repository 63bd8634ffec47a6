// See mux_client.h.
#include "libs/rpc/mux_client.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/create_channel.h>

#include <algorithm>

#include "ctc/common/v1/options.pb.h"
#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "libs/rpc/mux.h"
#include "libs/rpc/mux_client_stream.h"
#include "libs/rpc/wire.h"

namespace ctc::rpc {
namespace {

constexpr absl::Duration kConnectionWait = absl::Seconds(2);
constexpr absl::Duration kFirstBackOff = absl::Milliseconds(10);
constexpr absl::Duration kLongestBackOff = absl::Milliseconds(500);

absl::Time Now() { return base::SystemClock().Now(); }

absl::Status Unreachable(std::string_view detail) {
  base::ErrorDetail extra;
  extra.retry_after = absl::Seconds(1);
  return base::MakeError(base::kUnavailable, detail, extra);
}

// By the contract; an rpc that this process does not know is taken for one that must not be
// repeated.
bool IsIdempotent(std::string_view path) {
  std::string name(path.substr(1));
  std::replace(name.begin(), name.end(), '/', '.');
  const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
  return method != nullptr && method->options().GetExtension(common::v1::rpc).idempotent();
}

// Errors that waiting does not cure.
bool IsRefusal(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsUnimplemented(status) ||
         absl::IsPermissionDenied(status);
}

std::shared_ptr<grpc::Channel> MakeGrpcChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 10);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5000);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

MuxClient::MuxClient(const RemoteOptions& options)
    : secret_(options.shared_secret),
      address_(options.address),
      channel_(MakeGrpcChannel(options.address)),
      stub_(channel_),
      back_off_(kFirstBackOff),
      thread_([this] { Run(); }) {}

MuxClient::~MuxClient() {
  Ended ended;
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    EndAll(Unreachable("the channel was closed"), false, ended);
    for (MuxClientStream* stream : streams_) stream->Cancel();
  }
  wake_.notify_all();
  thread_.join();
  Tell(std::move(ended));
}

void MuxClient::Submit(MuxCallPtr call) {
  Ended ended;
  {
    base::MutexLock lock(mutex_);
    const uint64_t id = ++last_id_;
    call->frame.set_call_id(id);
    if (stopping_ || calls_.size() >= kMaxCallsInFlight) {
      ended.emplace_back(
          call, stopping_ ? Unreachable("the channel was closed")
                          : base::MakeError(base::kOverloaded, "too many calls to " + address_));
    } else {
      calls_.emplace(id, call);
      AddTimer(call->deadline, id);
      Enqueue(std::move(call));
      Pump();
    }
  }
  Tell(std::move(ended));
}

void MuxClient::Enqueue(MuxCallPtr call) {
  if (!IsUp()) {
    call->give_up = std::min(call->deadline, Now() + kConnectionWait);
    AddTimer(call->give_up, call->frame.call_id());
    if (!wanted_) {
      wanted_ = true;
      wake_.notify_all();
    }
  }
  outbox_.push_back(std::move(call));
}

bool MuxClient::IsUp() const { return current_ != nullptr && current_->up; }

void MuxClient::AddTimer(absl::Time at, uint64_t id) {
  if (at == absl::InfiniteFuture()) return;
  const bool earliest = timers_.empty() || at < timers_.begin()->first;
  timers_.emplace(at, id);
  if (earliest) wake_.notify_all();
}

void MuxClient::Pump() {
  if (!IsUp() || current_->writing) return;
  std::vector<MuxCallPtr> batch;
  size_t bytes = 0;
  while (!outbox_.empty() && bytes < kBatchBytes) {
    MuxCallPtr call = std::move(outbox_.front());
    outbox_.pop_front();
    if (!calls_.contains(call->frame.call_id())) continue;  // ended while it waited
    call->sent_on = current_;
    bytes += call->frame.request().size() + kFrameOverhead;
    batch.push_back(std::move(call));
  }
  if (batch.empty()) return;
  current_->writing = true;
  current_->Write(batch);
}

void MuxClient::OnAccepted(MuxClientStream& stream) {
  base::MutexLock lock(mutex_);
  stream.up = true;
  back_off_ = kFirstBackOff;
  observability::Info("rpc peer connected", {{"address", address_}});
  Pump();
}

void MuxClient::OnReplies(MuxClientStream& stream, v1::ExchangeResponse replies) {
  Ended ended;
  {
    base::MutexLock lock(mutex_);
    for (v1::ReplyFrame& reply : *replies.mutable_replies()) {
      if (reply.has_error()) {
        End(reply.call_id(), StatusFromProto(reply.error()), ended);
      } else {
        End(reply.call_id(), std::move(*reply.mutable_response()), ended);
      }
    }
    if (replies.draining() && !stream.draining && !stream.broken) {
      stream.draining = true;
      if (current_ == &stream) current_ = nullptr;  // new calls go to a new stream
      next_attempt_ = absl::InfinitePast();
      if (!stream.writing) stream.StartWritesDone();
      wake_.notify_all();
    }
  }
  Tell(std::move(ended));
}

void MuxClient::OnWritten(MuxClientStream& stream, bool ok) {
  if (!ok) OnBroken(stream);
  base::MutexLock lock(mutex_);
  stream.writing = false;
  if (stream.broken) {
    stream.LetGo();
  } else if (stream.draining) {
    stream.StartWritesDone();
  } else {
    Pump();
  }
}

void MuxClient::OnBroken(MuxClientStream& stream) {
  Ended ended;
  {
    base::MutexLock lock(mutex_);
    if (!stream.broken) {
      stream.broken = true;
      if (current_ == &stream) current_ = nullptr;
      Release(stream, ended);
    }
    if (!stream.writing) stream.LetGo();
  }
  Tell(std::move(ended));
}

void MuxClient::Release(MuxClientStream& stream, Ended& ended) {
  std::vector<MuxCallPtr> sent;
  for (const auto& [id, call] : calls_) {
    if (call->sent_on == &stream) sent.push_back(call);
  }
  for (MuxCallPtr& call : sent) {
    call->sent_on = nullptr;
    if (!stopping_ && !call->repeated && IsIdempotent(call->frame.path())) {
      call->repeated = true;
      Enqueue(std::move(call));
    } else {
      End(call->frame.call_id(), Unreachable("the connection to " + address_ + " broke"), ended);
    }
  }
  if (!stream.up) return;  // the wait of the calls in the queue goes on
  for (const MuxCallPtr& call : outbox_) {
    timers_.erase({call->give_up, call->frame.call_id()});
    call->give_up = std::min(call->deadline, Now() + kConnectionWait);
    AddTimer(call->give_up, call->frame.call_id());
  }
}

void MuxClient::OnEnded(MuxClientStream& stream, const absl::Status& status) {
  Ended ended;
  {
    base::MutexLock lock(mutex_);
    streams_.erase(&stream);
    stream.DropContext();
    if (current_ == &stream) current_ = nullptr;
    if (!stream.draining) {
      next_attempt_ = Now() + back_off_;
      back_off_ = std::min(back_off_ * 2, kLongestBackOff);
    }
    if (IsRefusal(status)) {
      observability::Error("rpc peer refuses us", {{"address", address_}, {"status", status}});
      EndAll(status, true, ended);
    } else if (stream.up && !stream.draining) {
      observability::Warn("rpc peer lost", {{"address", address_}, {"status", status}});
    }
    wake_.notify_all();
  }
  Tell(std::move(ended));
}

void MuxClient::End(uint64_t id, absl::StatusOr<std::string> result, Ended& ended) {
  const auto it = calls_.find(id);
  if (it == calls_.end()) return;  // it had ended already, by its deadline
  MuxCallPtr call = std::move(it->second);
  calls_.erase(it);
  timers_.erase({call->deadline, id});
  timers_.erase({call->give_up, id});
  ended.emplace_back(std::move(call), std::move(result));
}

void MuxClient::EndAll(const absl::Status& status, bool waiting_only, Ended& ended) {
  std::vector<uint64_t> ids;
  for (const auto& [id, call] : calls_) {
    if (!waiting_only || call->sent_on == nullptr) ids.push_back(id);
  }
  for (const uint64_t id : ids) End(id, status, ended);
}

void MuxClient::Tell(Ended ended) {
  for (auto& [call, result] : ended) call->done(std::move(result));
}

void MuxClient::FireTimers(absl::Time now, Ended& ended) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const uint64_t id = timers_.begin()->second;
    timers_.erase(timers_.begin());
    const auto it = calls_.find(id);
    if (it == calls_.end()) continue;
    const MuxCall& call = *it->second;
    if (call.deadline <= now) {
      End(id, base::MakeError(base::kDeadlineExceeded, "no answer from " + address_), ended);
    } else if (call.sent_on == nullptr && !IsUp() && call.give_up <= now) {
      End(id, Unreachable("no connection to " + address_), ended);
    }
  }
}

absl::Time MuxClient::NextWake() const {
  absl::Time next = timers_.empty() ? absl::InfiniteFuture() : timers_.begin()->first;
  if (wanted_ && current_ == nullptr) next = std::min(next, next_attempt_);
  return next;
}

void MuxClient::Connect() {
  current_ = new MuxClientStream(*this);
  streams_.insert(current_);
  current_->Open(stub_, secret_);
}

void MuxClient::RunOnce(std::unique_lock<std::mutex>& lock) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  Ended ended;
  const absl::Time now = Now();
  FireTimers(now, ended);
  if (wanted_ && !stopping_ && current_ == nullptr && now >= next_attempt_) Connect();
  if (!ended.empty()) {
    lock.unlock();
    Tell(std::move(ended));
    lock.lock();
    return;
  }
  const absl::Time next = NextWake();
  if (next == absl::InfiniteFuture() || stopping_) {
    wake_.wait(lock);
  } else if (next > now) {
    wake_.wait_for(lock, absl::ToChronoNanoseconds(next - now));
  }
}

void MuxClient::Run() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  std::unique_lock<std::mutex> lock(mutex_.native());
  while (!stopping_ || !streams_.empty()) RunOnce(lock);
}

}  // namespace ctc::rpc
