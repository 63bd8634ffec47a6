// See mux_client.h.
#include "libs/rpc/mux_client.h"

#include <google/protobuf/descriptor.h>

#include <boost/asio/post.hpp>

#include <algorithm>

#include "ctc/common/v1/options.pb.h"
#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "libs/rpc/fault.h"
#include "libs/rpc/mux_client_stream.h"
#include "libs/rpc/unary_service.h"

namespace ctc::rpc {
namespace {

constexpr absl::Duration kFirstBackOff = absl::Milliseconds(10);
constexpr absl::Duration kLongestBackOff = absl::Milliseconds(500);
constexpr size_t kWriteBytes = 512 << 10;  // to one write, and what the call adds that passes it

absl::Time Now() { return base::SystemClock().Now(); }

// Clients of the edge see the texts, and addresses are none of theirs: they name the service.
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

}  // namespace

MuxClient::MuxClient(const asio::any_io_executor& executor, const RemoteOptions& options)
    : secret_(options.shared_secret),
      address_(options.address),
      connection_wait_(options.connection_wait),
      executor_(executor),
      strand_(NewStrand(executor)),
      timer_(strand_),
      back_off_(kFirstBackOff) {}

void MuxClient::Close() {
  Ended ended;
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    EndAll(Unreachable("the channel was closed"), false, ended);
    for (const auto& stream : streams_) stream->Close();
    Wake();
  }
  Tell(std::move(ended));
}

void MuxClient::Submit(MuxCallPtr call) {
  Ended ended;
  {
    base::MutexLock lock(mutex_);
    call->id = ++last_id_;
    SetCallId(call->id, call->frame);
    if (stopping_ || calls_.size() >= kMaxCallsInFlight) {
      absl::Status refused =
          stopping_
              ? Unreachable("the channel was closed")
              : base::MakeError(base::kOverloaded, "too many calls to " + ServiceOf(call->path));
      ended.emplace_back(call, NeverSent(std::move(refused)));
    } else {
      calls_.emplace(call->id, call);
      AddTimer(call->deadline, call->id);
      Enqueue(std::move(call));
    }
  }
  Tell(std::move(ended));
}

void MuxClient::Enqueue(MuxCallPtr call) {
  if (IsUp()) {
    current_->WantWrite();
  } else {
    call->give_up = std::min(call->deadline, Now() + connection_wait_);
    AddTimer(call->give_up, call->id);
    if (!wanted_) Wake();
    wanted_ = true;
  }
  outbox_.push_back(std::move(call));
}

bool MuxClient::IsUp() const { return current_ != nullptr && current_->up; }

void MuxClient::AddTimer(absl::Time at, uint64_t id) {
  if (at == absl::InfiniteFuture()) return;
  timers_.emplace(at, id);
  if (at < next_tick_) Wake();
}

bool MuxClient::TakeCalls(MuxClientStream& stream, std::string& out) {
  base::MutexLock lock(mutex_);
  if (&stream != current_ || !stream.up) return !stream.draining;
  const absl::Time now = Now();
  while (!outbox_.empty() && out.size() < kWriteBytes) {
    const MuxCallPtr call = std::move(outbox_.front());
    outbox_.pop_front();
    if (!calls_.contains(call->id)) continue;  // ended while it waited
    call->sent_on = &stream;
    call->sent = true;
    // It may have waited, or have been sent before.
    if (call->deadline != absl::InfiniteFuture()) SetTimeLeft(call->deadline - now, call->frame);
    out.append(call->frame);
  }
  return true;
}

void MuxClient::OnAccepted(MuxClientStream& stream) {
  base::MutexLock lock(mutex_);
  stream.up = true;
  back_off_ = kFirstBackOff;
  observability::Info("rpc peer connected", {{"address", address_}});
  stream.WantWrite();
}

void MuxClient::OnAnswer(uint64_t call_id, absl::StatusOr<std::string> answer) {
  Ended ended;
  {
    base::MutexLock lock(mutex_);
    End(call_id, std::move(answer), ended);
  }
  Tell(std::move(ended));
}

void MuxClient::OnDraining(MuxClientStream& stream) {
  base::MutexLock lock(mutex_);
  stream.draining = true;
  if (current_ == &stream) current_ = nullptr;  // new calls go to a new stream
  next_attempt_ = absl::InfinitePast();
  stream.WantWrite();
  Wake();
}

void MuxClient::Release(MuxClientStream& stream, Ended& ended) {
  std::vector<MuxCallPtr> sent;
  for (const auto& [id, call] : calls_) {
    if (call->sent_on == &stream) sent.push_back(call);
  }
  for (MuxCallPtr& call : sent) {
    call->sent_on = nullptr;
    if (!stopping_ && !call->repeated && IsIdempotent(call->path)) {
      call->repeated = true;
      Enqueue(std::move(call));
    } else {
      End(call->id, Unreachable("the connection to " + ServiceOf(call->path) + " broke"), ended);
    }
  }
  if (!stream.up || IsUp()) return;  // the wait of the calls in the queue goes on
  for (const MuxCallPtr& call : outbox_) {
    if (!calls_.contains(call->id)) continue;
    timers_.erase({call->give_up, call->id});
    call->give_up = std::min(call->deadline, Now() + connection_wait_);
    AddTimer(call->give_up, call->id);
  }
}

void MuxClient::OnEnded(MuxClientStream& stream, const absl::Status& status) {
  Ended ended;
  {
    base::MutexLock lock(mutex_);
    if (current_ == &stream) current_ = nullptr;
    Release(stream, ended);
    if (!stream.draining) {
      next_attempt_ = Now() + back_off_;
      back_off_ = std::min(back_off_ * 2, kLongestBackOff);
    }
    if (IsRefusal(status)) {
      observability::Error("rpc peer refuses us", {{"address", address_}, {"status", status}});
      // Of ours, not of the client's token.
      EndAll(WiringFault(status.code(), std::string(status.message())), true, ended);
    } else if (stream.up && !stream.draining && !stopping_) {
      observability::Warn("rpc peer lost", {{"address", address_}, {"status", status}});
    }
    std::erase_if(streams_, [&stream](const auto& each) { return each.get() == &stream; });
    Wake();
  }
  Tell(std::move(ended));
}

void MuxClient::End(uint64_t id, absl::StatusOr<std::string> result, Ended& ended) {
  const auto it = calls_.find(id);
  if (it == calls_.end()) return;  // it had ended already, by its deadline
  MuxCallPtr call = std::move(it->second);
  calls_.erase(it);
  if (!result.ok() && !call->sent) result = NeverSent(std::move(result).status());
  timers_.erase({call->deadline, id});
  if (call->give_up != absl::InfiniteFuture()) timers_.erase({call->give_up, id});
  ended.emplace_back(std::move(call), std::move(result));
  PruneOutbox();
}

// While nothing is sent, calls end in nearly the order they came in: none stays long behind the
// first one alive.
void MuxClient::PruneOutbox() {
  while (!outbox_.empty() && !calls_.contains(outbox_.front()->id)) outbox_.pop_front();
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
      End(id, base::MakeError(base::kDeadlineExceeded, "no answer from " + ServiceOf(call.path)),
          ended);
    } else if (call.sent_on == nullptr && !IsUp() && call.give_up <= now) {
      End(id, Unreachable("no connection to " + ServiceOf(call.path)), ended);
    }
  }
}

absl::Time MuxClient::NextTick() const {
  absl::Time next = timers_.empty() ? absl::InfiniteFuture() : timers_.begin()->first;
  if (wanted_ && current_ == nullptr) next = std::min(next, next_attempt_);
  return stopping_ ? absl::InfiniteFuture() : next;
}

void MuxClient::Connect() {
  const auto stream = std::make_shared<MuxClientStream>(shared_from_this(), NewStrand(executor_));
  streams_.insert(stream);
  current_ = stream.get();
  stream->Start(address_, secret_);
}

void MuxClient::Wake() {
  if (woken_) return;
  woken_ = true;
  asio::post(strand_, [self = shared_from_this()] { self->Tick(); });
}

void MuxClient::Tick() {
  Ended ended;
  absl::Duration wait = absl::InfiniteDuration();
  {
    base::MutexLock lock(mutex_);
    woken_ = false;
    const absl::Time now = Now();
    FireTimers(now, ended);
    if (wanted_ && !stopping_ && current_ == nullptr && now >= next_attempt_) Connect();
    next_tick_ = NextTick();
    wait = next_tick_ - now;
  }
  timer_.cancel();
  if (wait != absl::InfiniteDuration()) {
    timer_.expires_after(absl::ToChronoNanoseconds(std::max(wait, absl::ZeroDuration())));
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->Tick();
    });
  }
  Tell(std::move(ended));
}

}  // namespace ctc::rpc
