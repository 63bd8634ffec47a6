// See mux_server.h.
#include "libs/rpc/mux_server.h"

#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/support/server_callback.h>

#include <deque>

#include "ctc/rpc/v1/mux_service.pb.h"
#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "libs/rpc/invoke.h"
#include "libs/rpc/mux.h"
#include "libs/rpc/wire.h"

namespace ctc::rpc {

using FramePtr = std::unique_ptr<v1::CallFrame>;

// One client's stream. It belongs to gRPC until OnDone, and to the calls in flight on it.
class MuxStream : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                  public std::enable_shared_from_this<MuxStream> {
 public:
  MuxStream(MuxService& service, asio::any_io_executor executor)
      : service_(service),
        handlers_(service.handlers_),
        executor_(std::move(executor)),
        max_message_bytes_(service.limits_.max_message_bytes) {}

  void Open() {
    self_ = shared_from_this();
    StartSendInitialMetadata();
    StartRead(&in_);
  }

  void Drain() {
    base::MutexLock lock(mutex_);
    tell_draining_ = true;
    Pump();
  }

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void Begin(FramePtr frame);
  void Reply(v1::ReplyFrame reply);
  Task<void> Serve(FramePtr frame);
  Task<absl::StatusOr<MessagePtr>> Answer(v1::CallFrame& frame);
  // Starts the next write, or ends the stream when nothing is left to do.
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::ExchangeResponse TakeBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  MuxService& service_;  // only until OnDone
  const HandlerMap& handlers_;
  const asio::any_io_executor executor_;
  const size_t max_message_bytes_;
  grpc::ByteBuffer in_;
  grpc::ByteBuffer out_;
  base::Mutex mutex_;
  std::deque<v1::ReplyFrame> outbox_ ABSL_GUARDED_BY(mutex_);
  size_t in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool reads_done_ ABSL_GUARDED_BY(mutex_) = false;
  bool gone_ ABSL_GUARDED_BY(mutex_) = false;  // nobody reads answers any more
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool tell_draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<MuxStream> self_;
};

void MuxStream::OnReadDone(bool ok) {
  v1::ExchangeRequest batch;
  if (!ok || !FromBuffer(in_, batch)) {
    base::MutexLock lock(mutex_);
    reads_done_ = true;
    if (ok) gone_ = true;  // not our protocol
    Pump();
    return;
  }
  in_.Clear();
  for (v1::CallFrame& frame : *batch.mutable_calls()) {
    Begin(std::make_unique<v1::CallFrame>(std::move(frame)));
  }
  StartRead(&in_);
}

void MuxStream::Begin(FramePtr frame) {
  bool full = false;
  {
    base::MutexLock lock(mutex_);
    full = ++in_flight_ > kMaxCallsInFlight;
  }
  if (full) {
    v1::ReplyFrame reply;
    reply.set_call_id(frame->call_id());
    *reply.mutable_error() =
        StatusToProto(base::MakeError(base::kOverloaded, "too many calls in flight"));
    Reply(std::move(reply));
    return;
  }
  asio::co_spawn(asio::make_strand(executor_), Serve(std::move(frame)),
                 [self = shared_from_this()](std::exception_ptr lost) {
                   if (lost) observability::Error("rpc coroutine ended with an exception");
                 });
}

Task<void> MuxStream::Serve(FramePtr frame) {
  absl::StatusOr<MessagePtr> answer = co_await Answer(*frame);
  v1::ReplyFrame reply;
  reply.set_call_id(frame->call_id());
  if (answer.ok() && (*answer)->ByteSizeLong() > max_message_bytes_) {
    answer = absl::ResourceExhaustedError("the response is larger than this server sends");
  }
  if (answer.ok()) {
    (*answer)->SerializeToString(reply.mutable_response());
  } else {
    *reply.mutable_error() = StatusToProto(answer.status());
  }
  Reply(std::move(reply));
}

Task<absl::StatusOr<MessagePtr>> MuxStream::Answer(v1::CallFrame& frame) {
  const Endpoint* endpoint = handlers_.Find(frame.path());
  if (endpoint == nullptr) co_return NotServed(frame.path());
  if (frame.request().size() > max_message_bytes_) {
    co_return absl::ResourceExhaustedError("the request is larger than this server takes");
  }
  const MessagePtr request(endpoint->request_prototype->New());
  if (!request->ParseFromString(frame.request())) {
    co_return absl::InvalidArgumentError("the request is not a message of this rpc");
  }
  Context context =
      ContextFromFrame(std::move(*frame.mutable_context()), base::SystemClock().Now());
  co_return co_await Invoke(*endpoint, std::move(context), *request);
}

void MuxStream::Reply(v1::ReplyFrame reply) {
  base::MutexLock lock(mutex_);
  --in_flight_;
  if (gone_ || finished_) return;
  outbox_.push_back(std::move(reply));
  Pump();
}

v1::ExchangeResponse MuxStream::TakeBatch() {
  v1::ExchangeResponse batch;
  size_t bytes = 0;
  while (!outbox_.empty() && bytes < kBatchBytes) {
    bytes += outbox_.front().response().size() + kFrameOverhead;
    *batch.add_replies() = std::move(outbox_.front());
    outbox_.pop_front();
  }
  batch.set_draining(tell_draining_);
  tell_draining_ = false;
  return batch;
}

void MuxStream::Pump() {
  if (writing_ || finished_) return;
  if (!gone_ && (!outbox_.empty() || tell_draining_)) {
    writing_ = true;
    out_ = ToBuffer(TakeBatch());
    StartWrite(&out_);
    return;
  }
  if (gone_ || (reads_done_ && in_flight_ == 0)) {
    finished_ = true;
    Finish(grpc::Status::OK);
  }
}

void MuxStream::OnWriteDone(bool ok) {
  base::MutexLock lock(mutex_);
  writing_ = false;
  if (!ok) gone_ = true;
  Pump();
}

void MuxStream::OnCancel() {
  base::MutexLock lock(mutex_);
  gone_ = true;
  outbox_.clear();
  Pump();
}

void MuxStream::OnDone() {
  {
    base::MutexLock lock(service_.mutex_);
    service_.streams_.erase(this);
  }
  self_.reset();
}

namespace {

// For a caller without the secret.
class RefusedStream : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit RefusedStream(const absl::Status& status) { Finish(StatusToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

MuxService::MuxService(const HandlerMap& handlers, asio::any_io_executor executor,
                       const ServingLimits& limits)
    : handlers_(handlers), executor_(std::move(executor)), limits_(limits) {
  using Handler = grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, grpc::ByteBuffer>;
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;
  AddMethod(new grpc::internal::RpcServiceMethod(
      kMuxPath, grpc::internal::RpcMethod::BIDI_STREAMING, nullptr));
  const auto open = [this](grpc::CallbackServerContext* context) -> Reactor* {
    if (!IsTrusted(context->client_metadata(), limits_)) {
      return new RefusedStream(
          base::MakeError(base::kUnauthenticated, "x-ctc-secret is missing or wrong"));
    }
    context->AddInitialMetadata(kMuxMetadata, "1");
    auto stream = std::make_shared<MuxStream>(*this, executor_);
    bool draining = false;
    {
      base::MutexLock lock(mutex_);
      streams_.insert(stream.get());
      draining = draining_;
    }
    stream->Open();
    if (draining) stream->Drain();
    return stream.get();
  };
  MarkMethodRawCallback(0, new Handler(open));
}

void MuxService::Drain() {
  base::MutexLock lock(mutex_);
  draining_ = true;
  for (MuxStream* stream : streams_) stream->Drain();
}

}  // namespace ctc::rpc
