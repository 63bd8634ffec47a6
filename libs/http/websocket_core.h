// A WebSocket over any Beast stream, after the handshake. A read loop of its own takes messages off
// the wire into a bounded queue, so that pings are answered and a vanished peer is noticed even
// while the owner only writes.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <string>

#include "libs/http/message.h"

namespace ctc::http {

// Everything runs on `strand`, wherever it is called from.
template <class Next>
class WebSocketCore : public std::enable_shared_from_this<WebSocketCore<Next>> {
 public:
  using Stream = boost::beast::websocket::stream<Next>;
  static constexpr size_t kMaxQueued = 256;
  static constexpr std::chrono::seconds kWriteLimit{20};

  WebSocketCore(asio::any_io_executor strand, std::unique_ptr<Stream> stream)
      : strand_(std::move(strand)),
        stream_(std::move(stream)),
        arrived_(strand_),
        room_(strand_),
        write_limit_(strand_) {}

  void Start() {
    asio::co_spawn(strand_, ReadLoop(),
                   [self = this->shared_from_this()](std::exception_ptr) { self->End(); });
  }

  Task<absl::StatusOr<std::string>> Read() {
    return asio::co_spawn(strand_, ReadOnStrand(), asio::use_awaitable);
  }
  Task<absl::Status> Write(std::string text) {
    return asio::co_spawn(strand_, WriteOnStrand(std::move(text)), asio::use_awaitable);
  }
  Task<void> Close(int code, std::string reason) {
    return asio::co_spawn(strand_, CloseOnStrand(code, std::move(reason)), asio::use_awaitable);
  }
  bool draining() const { return draining_.load(); }

  // Says goodbye without waiting for it.
  void Drain() {
    draining_.store(true);
    asio::co_spawn(strand_, CloseOnStrand(1001, "the server is going away"),
                   [self = this->shared_from_this()](std::exception_ptr) {});
  }

  void Abort() {
    asio::post(strand_, [self = this->shared_from_this()] { self->Break(); });
  }

 private:
  Task<void> ReadLoop() {
    boost::beast::flat_buffer buffer;
    while (!ended_) {
      boost::system::error_code error;
      co_await stream_->async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
      if (error == boost::beast::websocket::error::closed) {
        closed_by_peer_ = true;
        End();
      } else if (error) {
        End();
      } else {
        const auto data = buffer.cdata();
        messages_.emplace_back(static_cast<const char*>(data.data()), data.size());
        buffer.consume(buffer.size());
        arrived_.cancel();
      }
      while (!ended_ && messages_.size() >= kMaxQueued) co_await Wait(room_);
    }
  }

  Task<absl::StatusOr<std::string>> ReadOnStrand() {
    while (messages_.empty() && !ended_) co_await Wait(arrived_);
    if (!messages_.empty()) {
      std::string message = std::move(messages_.front());
      messages_.pop_front();
      room_.cancel();
      co_return message;
    }
    if (closed_by_peer_ || closing_) co_return absl::OutOfRangeError("the WebSocket was closed");
    co_return absl::UnavailableError("the WebSocket broke");
  }

  Task<absl::Status> WriteOnStrand(std::string text) {
    if (ended_ || closing_) co_return absl::UnavailableError("the WebSocket is closed");
    write_limit_.expires_after(kWriteLimit);
    write_limit_.async_wait([weak = this->weak_from_this()](const boost::system::error_code& ec) {
      const auto self = weak.lock();
      if (self != nullptr && !ec) self->Break();
    });
    boost::system::error_code error;
    co_await stream_->async_write(asio::buffer(text),
                                  asio::redirect_error(asio::use_awaitable, error));
    write_limit_.cancel();
    if (!error) co_return absl::OkStatus();
    co_return absl::UnavailableError("the peer is gone or too slow");
  }

  Task<void> CloseOnStrand(int code, std::string reason) {
    if (ended_ || closing_) co_return;
    closing_ = true;
    boost::beast::websocket::close_reason why(static_cast<uint16_t>(code));
    // Of a `char*` the assignment would take what comes behind the size: nothing.
    const char* const text = reason.data();
    why.reason.assign(text, std::min<size_t>(reason.size(), 120));
    boost::system::error_code ignored;
    co_await stream_->async_close(why, asio::redirect_error(asio::use_awaitable, ignored));
    if (ignored) Break();
  }

  Task<void> Wait(asio::steady_timer& signal) {
    signal.expires_at(asio::steady_timer::time_point::max());
    boost::system::error_code ignored;
    co_await signal.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  void End() {
    ended_ = true;
    arrived_.cancel();
    room_.cancel();
  }

  void Break() {
    boost::system::error_code ignored;
    auto& lowest = boost::beast::get_lowest_layer(*stream_);
    if constexpr (requires { lowest.socket(); }) {
      lowest.socket().close(ignored);
    } else {
      lowest.close(ignored);
    }
    End();
  }

  const asio::any_io_executor strand_;
  const std::unique_ptr<Stream> stream_;
  asio::steady_timer arrived_;
  asio::steady_timer room_;
  asio::steady_timer write_limit_;
  std::deque<std::string> messages_;
  std::atomic<bool> draining_{false};
  bool ended_ = false;
  bool closing_ = false;
  bool closed_by_peer_ = false;
};

// What the owner holds; letting go of it ends the connection.
template <class Next>
class WebSocketHandle final : public WebSocket {
 public:
  explicit WebSocketHandle(std::shared_ptr<WebSocketCore<Next>> core) : core_(std::move(core)) {}
  ~WebSocketHandle() override { core_->Abort(); }
  Task<absl::StatusOr<std::string>> Read() override { return core_->Read(); }
  Task<absl::Status> Write(std::string text) override { return core_->Write(std::move(text)); }
  Task<void> Close(int code, std::string reason) override {
    return core_->Close(code, std::move(reason));
  }
  bool draining() const override { return core_->draining(); }

 private:
  const std::shared_ptr<WebSocketCore<Next>> core_;
};

}  // namespace ctc::http
