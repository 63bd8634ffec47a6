// See mux_client_stream.h.
#include "libs/rpc/mux_client_stream.h"

#include <boost/asio/ip/tcp.hpp>

#include "google/rpc/status.pb.h"
#include "libs/rpc/mux_client.h"
#include "libs/rpc/wire.h"

namespace ctc::rpc {
namespace {

// A server that says nothing for one to three of these is taken for gone.
constexpr auto kWatch = std::chrono::seconds(5);

absl::Status StatusFromBody(std::string_view body) {
  google::rpc::Status proto;
  if (!proto.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return absl::InternalError("the error is not a google.rpc.Status");
  }
  absl::Status status = StatusFromProto(proto);
  return status.ok() ? absl::InternalError("an error without a code") : status;
}

}  // namespace

MuxClientStream::MuxClientStream(std::shared_ptr<MuxClient> client, asio::any_io_executor strand)
    : FrameStream(Socket(strand)), client_(std::move(client)), watch_(strand) {}

std::shared_ptr<MuxClientStream> MuxClientStream::Self() {
  return std::static_pointer_cast<MuxClientStream>(shared_from_this());
}

void MuxClientStream::Start(std::string address, std::string secret) {
  first_ = kGreeting;
  AppendFrame(FrameKind::kHello, 0, secret, first_);
  const auto strand = socket_.get_executor();
  asio::co_spawn(strand, Run(std::move(address)), [self = Self()](std::exception_ptr) {});
  asio::co_spawn(strand, Watch(), [self = Self()](std::exception_ptr) {});
}

Task<void> MuxClientStream::Run(std::string address) {
  status_ = co_await Connect(std::move(address));
  if (status_.ok()) {
    set_body_limit(kLargestAnswer + kBodySlack);
    WantWrite();
    const bool orderly = co_await ReadFrames();
    if (status_.ok()) {
      status_ = absl::UnavailableError(orderly ? "the server ended the connection"
                                               : "the connection broke");
    }
  }
  ended_ = true;
  watch_.cancel();
  CloseNow();
  client_->OnEnded(*this, status_);
}

Task<absl::Status> MuxClientStream::Connect(std::string text) {
  const auto address = ParseAddress(text);
  if (!address) co_return absl::UnavailableError("not an address");
  boost::system::error_code error;
  const auto found = co_await Resolve(*address, error);
  for (const SocketAddress& each : found) {
    boost::system::error_code ignored;
    if (closed()) break;
    socket_.close(ignored);
    co_await socket_.async_connect(each, asio::redirect_error(asio::use_awaitable, error));
    if (error) continue;
    socket_.non_blocking(true, error);
    if (address->path.empty()) socket_.set_option(asio::ip::tcp::no_delay(true), error);
    break;
  }
  if (closed()) co_return absl::UnavailableError("given up");
  if (error || found.empty()) co_return absl::UnavailableError(error.message());
  co_return absl::OkStatus();
}

// The first turn limits connecting and the answer to the hello.
Task<void> MuxClientStream::Watch() {
  bool asked = true;
  boost::system::error_code ignored;
  while (!ended_) {
    heard_ = false;
    watch_.expires_after(kWatch);
    co_await watch_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (ended_) co_return;
    if (asked && !heard_) {
      CloseNow();
      co_return;
    }
    asked = !heard_;
    if (!asked) continue;
    ping_ = true;
    WantWrite();
  }
}

bool MuxClientStream::OnFrame(const Frame& frame) {
  heard_ = true;
  switch (frame.kind) {
    case FrameKind::kAccepted:
      client_->OnAccepted(*this);
      return true;
    case FrameKind::kRefused:
      status_ = StatusFromBody(frame.body);
      return false;
    case FrameKind::kReply:
      client_->OnAnswer(frame.call_id, std::string(frame.body));
      return true;
    case FrameKind::kError:
      client_->OnAnswer(frame.call_id, StatusFromBody(frame.body));
      return true;
    case FrameKind::kDraining:
      client_->OnDraining(*this);
      return true;
    case FrameKind::kPong:
      return true;
    default:
      return false;
  }
}

bool MuxClientStream::TakeOutgoing(std::string& out) {
  out.append(first_);
  first_.clear();
  if (std::exchange(ping_, false)) AppendFrame(FrameKind::kPing, 0, "", out);
  return client_->TakeCalls(*this, out);
}

}  // namespace ctc::rpc
