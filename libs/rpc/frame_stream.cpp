// See frame_stream.h.
#include "libs/rpc/frame_stream.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>

namespace ctc::rpc {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kKeepBytes = 1 << 20;  // a buffer that one large message made larger is given back

}  // namespace

asio::any_io_executor NewStrand(const asio::any_io_executor& executor) {
  using Direct = asio::io_context::executor_type;
  if (const auto* direct = executor.target<Direct>()) return asio::strand<Direct>(*direct);
  return asio::make_strand(executor);
}

void FrameStream::WantWrite() {
  if (flush_posted_.exchange(true)) return;
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->Flush(); });
}

void FrameStream::Close() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->CloseNow(); });
}

void FrameStream::CloseNow() {
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

Task<bool> FrameStream::ReadGreeting() {
  boost::system::error_code error;
  while (Pending().size() < kGreeting.size()) {
    if (!co_await ReadSome(kGreeting.size(), error)) co_return false;
  }
  const bool ours = Pending().starts_with(kGreeting);
  begin_ += kGreeting.size();
  co_return ours;
}

Task<bool> FrameStream::ReadFrames() {
  boost::system::error_code error;
  while (true) {
    std::string_view pending = Pending();
    Frame frame;
    FrameResult result = TakeFrame(pending, body_limit_, frame);
    while (result == FrameResult::kFrame && OnFrame(frame)) {
      result = TakeFrame(pending, body_limit_, frame);
    }
    if (result != FrameResult::kNeedMore) co_return false;
    begin_ = end_ - pending.size();
    if (!co_await ReadSome(FrameSize(pending), error)) {
      co_return error == asio::error::eof&& pending.empty();
    }
  }
}

Task<bool> FrameStream::ReadSome(size_t wanted, boost::system::error_code& error) {
  MakeRoom(wanted);
  const auto room = asio::buffer(&in_[end_], in_.size() - end_);
  end_ += co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

void FrameStream::MakeRoom(size_t wanted) {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (in_.size() > kKeepBytes && wanted <= kKeepBytes) in_ = std::string();
  }
  wanted = std::max(wanted, kReadBytes);
  if (in_.size() - begin_ >= wanted && end_ < in_.size()) return;
  in_.erase(0, begin_);
  end_ -= begin_;
  begin_ = 0;
  in_.resize(std::max(wanted, in_.size()));
}

void FrameStream::Flush() {
  flush_posted_ = false;
  while (!writing_ && !shut_ && !closed_) {
    out_.clear();
    if (out_.capacity() > kKeepBytes) out_ = std::string();
    const bool more = TakeOutgoing(out_);
    if (out_.empty() && more) return;
    boost::system::error_code error;
    if (out_.empty()) {
      shut_ = true;
      socket_.shutdown(asio::socket_base::shutdown_send, error);
      OnShut();
      return;
    }
    const size_t written = socket_.write_some(asio::buffer(out_), error);
    if (error && error != asio::error::would_block) {
      CloseNow();  // the reader ends and tells
      return;
    }
    if (written < out_.size()) WriteRest(written);
  }
}

void FrameStream::WriteRest(size_t written) {
  writing_ = true;
  const auto rest = asio::buffer(out_) + written;
  asio::async_write(socket_, rest,
                    [self = shared_from_this()](const boost::system::error_code& error, size_t) {
                      self->writing_ = false;
                      if (error) self->CloseNow();
                      self->Flush();
                    });
}

}  // namespace ctc::rpc
