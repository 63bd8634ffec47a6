// The life of a server connection. Small answers are written at once without a round through the
// event loop, which is a good part of the cost of a request.
#include "libs/http/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <array>

#include "libs/http/connection_stream.h"
#include "libs/http/server_websocket.h"
#include "libs/http/text.h"

namespace ctc::http {
namespace {

constexpr size_t kReadBytes = 4 << 10;
constexpr size_t kBodyReadBytes = 16 << 10;
constexpr size_t kCopyBodyUpTo = 16 << 10;  // below, head and body go out as one buffer
constexpr size_t kSmallHold = 16 << 10;     // max_connections bounds what these take together
constexpr absl::Duration kDrainGrace = absl::Seconds(1);
constexpr absl::Duration kLinger = absl::Seconds(2);
constexpr size_t kLingerBytes = 4 << 20;

std::chrono::steady_clock::duration Tick(const ServerOptions& options) {
  const absl::Duration shortest =
      std::min({options.first_byte_timeout, options.header_timeout, options.body_timeout,
                options.idle_timeout, options.write_timeout});
  return absl::ToChronoNanoseconds(
      std::clamp(shortest / 4, absl::Milliseconds(20), absl::Milliseconds(2500)));
}

bool HasNoBody(int status) { return status == 204 || status == 304; }

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, std::shared_ptr<ServerState> state)
    : socket_(std::move(socket)),
      state_(std::move(state)),
      timer_(socket_.get_executor()),
      tick_(Tick(state_->options)),
      held_body_(state_->held_bodies) {
  boost::system::error_code ignored;
  const auto peer = socket_.remote_endpoint(ignored);
  if (!ignored) remote_address_ = peer.address().to_string();
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
}

void Connection::Start() {
  asio::co_spawn(socket_.get_executor(), Run(), [self = shared_from_this()](std::exception_ptr) {
    self->stopped_ = true;
    self->timer_.cancel();
    boost::system::error_code ignored;
    self->socket_.close(ignored);
    self->state_->Remove(self.get());
  });
}

void Connection::StartRefusing() {
  asio::co_spawn(socket_.get_executor(), Refuse(), [self = shared_from_this()](std::exception_ptr) {
    self->stopped_ = true;
    self->timer_.cancel();
  });
}

Task<void> Connection::Refuse() {
  Watch();
  co_await Fail(503, "OVERLOADED", "too many connections");
  co_await Linger();
}

Task<void> Connection::Run() {
  Watch();
  bool more = true;
  while (more && !stopped_) {
    more = co_await ReadHead();
  }
  if (websocket_ == nullptr) co_await Linger();
}

Task<bool> Connection::ReadHead() {
  request_ = Request();
  HeadScanner scanner;
  if (Pending().empty()) {
    const ServerOptions& options = state_->options;
    const absl::Duration limit = used_ ? options.idle_timeout : options.first_byte_timeout;
    Enter(Phase::kIdle, state_->draining() ? kDrainGrace : limit);
  } else {
    Enter(Phase::kHead, state_->options.header_timeout);
  }
  bool first = true;
  size_t length = 0;
  while (length == 0) {
    if (first && Pending().starts_with("\r\n")) begin_ += 2;  // RFC 9112 section 2.2
    if (!Pending().empty()) {
      if (first && Pending() != "\r") {
        first = false;
        if (!IsTokenChar(Pending().front())) {
          co_return co_await Fail(400, "MALFORMED_REQUEST", "this is not HTTP");
        }
      }
      length = scanner.Scan(Pending());
      if (scanner.refused()) {
        co_return co_await Fail(400, "MALFORMED_REQUEST", "a line does not end with CRLF");
      }
      const size_t seen = length > 0 ? length : Pending().size();
      if (seen > state_->options.max_header_bytes) {
        co_return co_await Fail(431, "HEADERS_TOO_LARGE", "the head is longer than allowed");
      }
    }
    if (length > 0) break;
    MakeRoom(kReadBytes);
    if (!co_await Read()) {
      if (!timed_out_ || phase_ != Phase::kHead) co_return false;
      co_return co_await Fail(408, "REQUEST_TIMEOUT", "the head took too long");
    }
    if (phase_ == Phase::kIdle) Enter(Phase::kHead, state_->options.header_timeout);
  }
  used_ = true;
  const std::string_view head = Pending().substr(0, length);
  uint64_t max_body_bytes = state_->options.max_body_bytes;
  HeadInfo info = CheckHead(head, max_body_bytes);
  if (info.refusal.status == 413 || info.chunked) {
    max_body_bytes = BodyLimit(head);
    info = CheckHead(head, max_body_bytes);
  }
  if (info.refusal.status != 0) co_return co_await Refused(info.refusal);
  co_return co_await ReadBody(info, max_body_bytes);
}

uint64_t Connection::BodyLimit(std::string_view head) const {
  if (state_->options.body_limit == nullptr) return state_->options.max_body_bytes;
  const std::string_view line = head.substr(0, head.find('\r'));
  const size_t method = std::min(line.find(' '), line.size());
  const std::string_view rest = line.substr(std::min(method + 1, line.size()));
  return state_->options.body_limit(line.substr(0, method), rest.substr(0, rest.find(' ')));
}

Task<bool> Connection::ReadBody(const HeadInfo& info, uint64_t max_body_bytes) {
  request_.remote_address = remote_address_;
  parser_.emplace(request_, max_body_bytes,
                  static_cast<uint32_t>(state_->options.max_header_bytes));
  bool entered = false;
  while (true) {
    boost::system::error_code error;
    begin_ += parser_->put(asio::const_buffer(Pending().data(), Pending().size()), error);
    if (error && error != boost::beast::http::error::need_more) {
      co_return co_await Refused(RefusalOf(error));
    }
    const bool done = parser_->is_done();
    if ((entered || !done) && !HoldBody()) {
      co_return co_await Fail(503, "OVERLOADED", "too many bodies are held");
    }
    if (done) co_return co_await Answer(info.close);
    if (Pending().size() >= state_->options.max_header_bytes) {
      co_return co_await Fail(431, "HEADERS_TOO_LARGE", "a chunk's head or the trailer is long");
    }
    if (!entered && !co_await SendContinue(info)) co_return false;
    if (!entered) Enter(Phase::kBody, BodyTimeout(max_body_bytes));
    entered = true;
    MakeRoom(kBodyReadBytes);
    if (!co_await Read()) {
      if (!timed_out_) co_return false;
      co_return co_await Fail(408, "REQUEST_TIMEOUT", "the body took too long");
    }
  }
}

absl::Duration Connection::BodyTimeout(uint64_t max_body_bytes) const {
  const ServerOptions& options = state_->options;
  if (max_body_bytes <= options.max_body_bytes) return options.body_timeout;
  const auto bytes = static_cast<double>(max_body_bytes);
  const auto rate = static_cast<double>(options.slowest_bytes_per_second);
  return std::max(options.body_timeout, absl::Seconds(bytes / rate));
}

bool Connection::HoldBody() {
  const size_t room = request_.body.capacity();
  return room <= kSmallHold || held_body_.Set(room) <= state_->options.max_held_bytes;
}

void Connection::DropBody() {
  std::string().swap(request_.body);  // an assignment would keep the room
  held_body_.Set(0);
}

Task<bool> Connection::SendContinue(const HeadInfo& info) {
  if (!info.expect_continue || !Pending().empty()) co_return true;
  co_return co_await WriteAll("HTTP/1.1 100 Continue\r\n\r\n", "");
}

Task<Response> Connection::Handle() {
  try {
    co_return co_await state_->handler(request_);
  } catch (...) {  // the last catch of a connection; handlers answer errors by themselves
    co_return ErrorResponse(500, "INTERNAL", "the request failed inside");
  }
}

Task<bool> Connection::Answer(bool close) {
  Enter(Phase::kHandling, absl::InfiniteDuration());
  const Response response = co_await Handle();
  // A connection may wait long for its next request, and a stream is long: neither keeps a body.
  DropBody();
  if (response.drop) {
    boost::system::error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    stopped_ = true;
    co_return false;
  }
  if (response.websocket && IsWebSocketUpgrade(request_))
    co_return co_await AnswerWebSocket(response);
  if (response.websocket) {
    co_return co_await Fail(426, "UPGRADE_REQUIRED", "open a WebSocket of version 13 here");
  }
  if (response.stream) co_return co_await AnswerStream(response, close);
  HeadPlan plan;
  plan.close = Closing(close);
  plan.length = response.body.size();
  if (HasNoBody(response.status)) plan.framing = BodyFraming::kNone;
  const bool bare = request_.method == "HEAD" || plan.framing == BodyFraming::kNone;
  std::string_view body = bare ? std::string_view() : std::string_view(response.body);
  out_.clear();
  AppendHead(response, plan, out_);
  if (body.size() <= kCopyBodyUpTo) {
    out_.append(body);
    body = {};
  }
  const bool written = co_await WriteAll(out_, body);
  co_return written && !plan.close;
}

Task<bool> Connection::AnswerStream(const Response& response, bool close) {
  const bool sized = response.headers.Has("Content-Length");
  HeadPlan plan;
  plan.close = Closing(close);
  plan.framing = sized ? BodyFraming::kOwn : BodyFraming::kChunked;
  out_.clear();
  AppendHead(response, plan, out_);
  if (!co_await WriteAll(out_, "")) co_return false;
  if (request_.method == "HEAD") co_return !plan.close;
  ConnectionStream stream(*this, response.headers);
  bool whole = true;
  try {
    co_await response.stream(stream);
  } catch (...) {  // the client sees a body without its end
    whole = false;
  }
  if (!whole || !co_await stream.Finish()) {
    stopped_ = true;
    co_return false;
  }
  co_return !Closing(plan.close);
}

Task<bool> Connection::AnswerWebSocket(const Response& response) {
  if (!Pending().empty()) {
    co_return co_await Fail(400, "MALFORMED_REQUEST", "data came before the upgrade");
  }
  websocket_ = MakeServerWebSocket(std::move(socket_), state_->options.max_body_bytes);
  if (state_->draining()) websocket_->Drain();
  co_await websocket_->Run(request_, response);
  co_return false;
}

// As long as the head was not taken off what was read, the request knows no headers.
std::string_view Connection::Origin() const {
  return request_.headers.all().empty() ? OriginOf(Pending()) : request_.headers.Get("Origin");
}

Response Connection::ErrorResponse(int status, std::string_view code,
                                   std::string_view detail) const {
  const ErrorBody& make = state_->error_body;
  if (!make) return PlainError(status, code, detail);
  Response response = make(ServerError{status, code, detail, Origin()});
  response.status = status;
  return response;
}

Task<bool> Connection::Refused(Refusal refusal) {
  return Fail(refusal.status, refusal.code, refusal.detail);
}

Task<bool> Connection::Fail(int status, std::string_view code, std::string_view detail) {
  timed_out_ = false;
  DropBody();
  const Response response = ErrorResponse(status, code, detail);
  HeadPlan plan;
  plan.close = true;
  plan.upgrade = status == 426;
  plan.length = response.body.size();
  out_.clear();
  AppendHead(response, plan, out_);
  out_.append(response.body);
  co_await WriteAll(out_, "");
  co_return false;
}

// After the last answer: what the client still sends is read and dropped for a moment, because a
// close with unread bytes makes a reset, and a reset can destroy the answer on its way.
Task<void> Connection::Linger() {
  boost::system::error_code error;
  if (stopped_ || timed_out_) co_return;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) co_return;
  Enter(Phase::kClosing, kLinger);
  size_t dropped = 0;
  begin_ = end_ = 0;
  while (dropped < kLingerBytes && co_await Read()) {
    dropped += end_;
    begin_ = end_ = 0;
  }
}

Task<bool> Connection::Read() {
  MakeRoom(1);
  boost::system::error_code error;
  const size_t count =
      co_await socket_.async_read_some(asio::buffer(in_.data() + end_, in_.size() - end_),
                                       asio::redirect_error(asio::use_awaitable, error));
  end_ += count;
  co_return !error && !stopped_ && !timed_out_;
}

Task<bool> Connection::WriteAll(std::string_view first, std::string_view second) {
  std::array<asio::const_buffer, 2> buffers = {asio::const_buffer(first.data(), first.size()),
                                               asio::const_buffer(second.data(), second.size())};
  boost::system::error_code error;
  size_t written = socket_.write_some(buffers, error);
  if (written == first.size() + second.size()) co_return true;
  if (error && error != asio::error::would_block && error != asio::error::try_again) {
    stopped_ = true;
    co_return false;
  }
  const size_t of_first = std::min(written, first.size());
  buffers[0] += of_first;
  buffers[1] += written - of_first;
  HeldBytes held(state_->held_answers);
  const size_t rest = asio::buffer_size(buffers);
  if (rest > kSmallHold && held.Set(rest) > state_->options.max_held_bytes) {
    socket_.set_option(asio::socket_base::linger(true, 0), error);
    stopped_ = true;
    co_return false;
  }
  const Phase before = phase_;
  Enter(Phase::kWriting, state_->options.write_timeout);
  co_await asio::async_write(socket_, buffers, asio::redirect_error(asio::use_awaitable, error));
  Enter(before, absl::InfiniteDuration());
  if (error) stopped_ = true;
  co_return !error;
}

void Connection::MakeRoom(size_t bytes) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (in_.size() - end_ >= bytes) return;
  if (begin_ > 0) {
    in_.erase(0, begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (in_.size() - end_ < bytes) in_.resize(end_ + bytes);
}

void Connection::Enter(Phase phase, absl::Duration limit) {
  phase_ = phase;
  MarkIdle(phase == Phase::kIdle);
  deadline_ = limit == absl::InfiniteDuration() ? Clock::time_point::max()
                                                : Clock::now() + absl::ToChronoNanoseconds(limit);
}

// One timer for each connection that looks at the deadline now and then: cheaper than setting a
// timer for each phase, and exact to a quarter of the shortest limit.
void Connection::Watch() {
  timer_.expires_after(tick_);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self == nullptr || self->stopped_ || error) return;
    self->OnTick();
    self->Watch();
  });
}

void Connection::OnTick() {
  if (!Expired() || websocket_ != nullptr) return;
  boost::system::error_code ignored;
  if (phase_ == Phase::kIdle && socket_.available(ignored) > 0) return;  // a request is arriving
  timed_out_ = true;
  deadline_ = Clock::time_point::max();
  if (phase_ == Phase::kWriting) {
    // The peer does not read: drop what the kernel still holds for it.
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  }
  socket_.cancel(ignored);
}

void Connection::MarkIdle(bool idle) {
  idle_since_.store(idle ? Clock::now().time_since_epoch().count() : kNotIdle,
                    std::memory_order_relaxed);
}

std::optional<Connection::Clock::time_point> Connection::idle_since() const {
  const Clock::rep since = idle_since_.load(std::memory_order_relaxed);
  if (since == kNotIdle) return std::nullopt;
  return Clock::time_point(Clock::duration(since));
}

void Connection::EndIdle() {
  MarkIdle(false);  // nobody else takes it for the longest
  asio::post(timer_.get_executor(), [self = shared_from_this()] {
    boost::system::error_code ignored;
    if (self->stopped_ || self->phase_ != Phase::kIdle) return;
    if (self->socket_.available(ignored) > 0) return;  // a request is arriving
    self->timed_out_ = true;
    self->socket_.cancel(ignored);
  });
}

void Connection::Drain() {
  asio::post(timer_.get_executor(), [self = shared_from_this()] {
    if (self->stopped_) return;
    if (self->websocket_ != nullptr) self->websocket_->Drain();
    if (self->phase_ == Phase::kIdle) self->Enter(Phase::kIdle, kDrainGrace);
    self->tick_ = std::min<Clock::duration>(self->tick_, std::chrono::milliseconds(100));
    self->timer_.cancel();
    self->Watch();
  });
}

void Connection::Abort() {
  asio::post(timer_.get_executor(), [self = shared_from_this()] {
    self->stopped_ = true;
    if (self->websocket_ != nullptr) self->websocket_->Abort();
    boost::system::error_code ignored;
    self->socket_.close(ignored);
  });
}

}  // namespace ctc::http
