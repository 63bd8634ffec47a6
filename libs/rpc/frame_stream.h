// One connection that carries frames both ways; either end of it derives from this. What waits is
// written at the end of the loop's turn in one piece, so that the calls and the answers of a turn
// share a system call. Inside libs/rpc only.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "libs/rpc/address.h"
#include "libs/rpc/frame.h"

namespace ctc::rpc {

// A strand straight over the io_context costs less per step than one over its type-erased form.
asio::any_io_executor NewStrand(const asio::any_io_executor& executor);

// The socket is touched on its strand only.
class FrameStream : public std::enable_shared_from_this<FrameStream> {
 public:
  using Socket = asio::generic::stream_protocol::socket;

  // Both from any thread. WantWrite: TakeOutgoing has something to give. Close: ends it at once.
  void WantWrite();
  void Close();

 protected:
  // The socket's executor is a strand.
  explicit FrameStream(Socket socket) : socket_(std::move(socket)) {}
  virtual ~FrameStream() = default;

  // Below, all on the strand.

  // False when the frame has no business here: the connection is not ours.
  virtual bool OnFrame(const Frame& frame) = 0;
  // Appends what waits, a good piece of it at least. False when nothing will follow: our side of
  // the connection is then shut.
  virtual bool TakeOutgoing(std::string& out) = 0;
  virtual void OnShut() {}  // all was written and our side is shut

  // False when the other side did not begin with it.
  Task<bool> ReadGreeting();
  // Hands on frames until the other side ends. True for an orderly end; else the connection is of
  // no use any more.
  Task<bool> ReadFrames();
  void set_body_limit(size_t bytes) { body_limit_ = bytes; }
  void CloseNow();
  bool closed() const { return closed_; }

  Socket socket_;

 private:
  std::string_view Pending() const { return std::string_view(in_).substr(begin_, end_ - begin_); }
  Task<bool> ReadSome(size_t wanted, boost::system::error_code& error);
  void MakeRoom(size_t wanted);
  void Flush();
  void WriteRest(size_t written);

  size_t body_limit_ = 4096;  // until the other end proved itself
  std::string in_;            // bytes [begin_, end_) are read and not used yet
  size_t begin_ = 0;
  size_t end_ = 0;
  std::string out_;
  bool writing_ = false;
  bool shut_ = false;
  bool closed_ = false;
  std::atomic<bool> flush_posted_{false};
};

}  // namespace ctc::rpc
