// See mux_server.h.
#include "libs/rpc/mux_server.h"

#include <boost/asio/ip/tcp.hpp>

#include "ctc/rpc/v1/mux.pb.h"
#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "libs/rpc/fault.h"
#include "libs/rpc/invoke.h"
#include "libs/rpc/wire.h"

namespace ctc::rpc {
namespace {

constexpr auto kHelloLimit = std::chrono::seconds(10);

bool Parse(std::string_view bytes, google::protobuf::MessageLite& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void LogLost(std::exception_ptr lost) {
  if (lost) observability::Error("rpc coroutine ended with an exception");
}

}  // namespace

// One client's connection; kept by its reader and by the calls in flight on it.
class MuxStream : public FrameStream {
 public:
  MuxStream(std::shared_ptr<MuxServer> server, Socket socket)
      : FrameStream(std::move(socket)),
        server_(std::move(server)),
        hello_limit_(socket_.get_executor()) {}
  ~MuxStream() override { server_->Remove(this); }

  void Start() {
    asio::co_spawn(socket_.get_executor(), Run(),
                   [self = shared_from_this()](std::exception_ptr lost) { LogLost(lost); });
  }

  void Drain() {
    {
      base::MutexLock lock(mutex_);
      AppendFrame(FrameKind::kDraining, 0, "", outbox_);
    }
    WantWrite();
  }

 private:
  Task<void> Run();
  bool OnFrame(const Frame& frame) override;
  bool TakeOutgoing(std::string& out) override;
  void OnShut() override { CloseNow(); }

  bool OnHello(std::string_view secret);
  void Begin(uint64_t call_id, std::string body);
  Task<void> Serve(uint64_t call_id, std::string body);
  Task<absl::StatusOr<MessagePtr>> Answer(std::string_view body);
  void Reply(uint64_t call_id, const absl::StatusOr<MessagePtr>& answer);

  const std::shared_ptr<MuxServer> server_;
  asio::steady_timer hello_limit_;
  bool accepted_ = false;
  base::Mutex mutex_;
  std::string outbox_ ABSL_GUARDED_BY(mutex_);
  size_t in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  bool reads_done_ ABSL_GUARDED_BY(mutex_) = false;
};

Task<void> MuxStream::Run() {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);  // no effect on a unix socket
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  hello_limit_.expires_after(kHelloLimit);
  hello_limit_.async_wait(
      [self = shared_from_this(), this](const boost::system::error_code& error) {
        if (!error && !accepted_) CloseNow();
      });
  bool orderly = co_await ReadGreeting();
  if (orderly) orderly = co_await ReadFrames();
  hello_limit_.cancel();
  {
    base::MutexLock lock(mutex_);
    reads_done_ = true;
  }
  if (orderly || !accepted_) {
    WantWrite();  // ends when the calls have, or after the refusal
  } else {
    CloseNow();
  }
}

bool MuxStream::OnFrame(const Frame& frame) {
  if (!accepted_) return frame.kind == FrameKind::kHello && OnHello(frame.body);
  if (frame.kind == FrameKind::kCall) {
    Begin(frame.call_id, std::string(frame.body));
    return true;
  }
  if (frame.kind != FrameKind::kPing) return false;
  base::MutexLock lock(mutex_);
  AppendFrame(FrameKind::kPong, 0, "", outbox_);
  WantWrite();
  return true;
}

bool MuxStream::OnHello(std::string_view secret) {
  const ServingLimits& limits = server_->limits;
  accepted_ = IsTrusted(secret, limits);
  base::MutexLock lock(mutex_);
  if (accepted_) {
    set_body_limit(limits.max_message_bytes + kBodySlack);
    hello_limit_.cancel();
    AppendFrame(FrameKind::kAccepted, 0, "", outbox_);
  } else {
    AppendFrame(FrameKind::kRefused, 0, StatusToProto(NotTrusted()), outbox_);
  }
  WantWrite();
  return accepted_;
}

void MuxStream::Begin(uint64_t call_id, std::string body) {
  bool full = false;
  {
    base::MutexLock lock(mutex_);
    full = ++in_flight_ > kMaxCallsInFlight;
  }
  if (full) {
    Reply(call_id, base::MakeError(base::kOverloaded, "too many calls in flight"));
    return;
  }
  asio::co_spawn(NewStrand(server_->executor), Serve(call_id, std::move(body)),
                 [self = shared_from_this()](std::exception_ptr lost) { LogLost(lost); });
}

Task<void> MuxStream::Serve(uint64_t call_id, std::string body) {
  absl::StatusOr<MessagePtr> answer = co_await Answer(body);
  if (answer.ok() && (*answer)->ByteSizeLong() > kLargestAnswer) {
    answer = WiringFault(absl::StatusCode::kResourceExhausted,
                         "the response is larger than this server sends");
  }
  Reply(call_id, answer);
}

Task<absl::StatusOr<MessagePtr>> MuxStream::Answer(std::string_view body) {
  CallBody call;
  v1::CallContext context_frame;
  if (!ReadCall(body, call) || !Parse(call.context, context_frame)) {
    co_return WiringFault(absl::StatusCode::kInvalidArgument, "the frame is not a call");
  }
  const Endpoint* endpoint = server_->handlers.Find(call.path);
  if (endpoint == nullptr) co_return NotServed(call.path);
  if (call.request.size() > server_->limits.max_message_bytes) {
    co_return WiringFault(absl::StatusCode::kResourceExhausted,
                          "the request is larger than this server takes");
  }
  const MessagePtr request(endpoint->request_prototype->New());
  if (!Parse(call.request, *request)) {
    co_return WiringFault(absl::StatusCode::kInvalidArgument,
                          "the request is not a message of this rpc");
  }
  Context context = ContextFromFrame(std::move(context_frame), base::SystemClock().Now());
  co_return co_await Invoke(*endpoint, std::move(context), *request);
}

void MuxStream::Reply(uint64_t call_id, const absl::StatusOr<MessagePtr>& answer) {
  {
    base::MutexLock lock(mutex_);
    --in_flight_;
    if (answer.ok()) {
      AppendFrame(FrameKind::kReply, call_id, **answer, outbox_);
    } else {
      AppendFrame(FrameKind::kError, call_id, StatusToProto(answer.status()), outbox_);
    }
  }
  WantWrite();
}

bool MuxStream::TakeOutgoing(std::string& out) {
  base::MutexLock lock(mutex_);
  if (out.empty()) {
    out.swap(outbox_);
  } else {
    out.append(outbox_);
    outbox_.clear();
  }
  return !reads_done_ || in_flight_ > 0;
}

void MuxServer::Serve(FrameStream::Socket socket) {
  auto stream = std::make_shared<MuxStream>(shared_from_this(), std::move(socket));
  bool draining = false;
  {
    base::MutexLock lock(mutex_);
    streams_.emplace(stream.get(), stream);
    draining = draining_;
  }
  stream->Start();
  if (draining) stream->Drain();
}

void MuxServer::Remove(const MuxStream* stream) {
  {
    base::MutexLock lock(mutex_);
    streams_.erase(stream);
  }
  removed_.notify_all();
}

std::vector<std::shared_ptr<MuxStream>> MuxServer::All() {
  std::vector<std::shared_ptr<MuxStream>> all;
  base::MutexLock lock(mutex_);
  for (const auto& [key, weak] : streams_) {
    if (auto stream = weak.lock()) all.push_back(std::move(stream));
  }
  return all;
}

void MuxServer::Drain() {
  {
    base::MutexLock lock(mutex_);
    draining_ = true;
  }
  for (const auto& stream : All()) stream->Drain();
}

void MuxServer::Finish(absl::Duration limit) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  {
    std::unique_lock<std::mutex> lock(mutex_.native());
    const absl::Duration end = base::SystemClock().Monotonic() + limit;
    absl::Duration left = limit;
    while (!streams_.empty() && left > absl::ZeroDuration()) {
      removed_.wait_for(lock, absl::ToChronoNanoseconds(left));
      left = end - base::SystemClock().Monotonic();
    }
  }
  for (const auto& stream : All()) stream->Close();
}

}  // namespace ctc::rpc
