// One client connection of the server: reads requests, runs the handler, writes answers, and keeps
// every time limit. All members are touched on the connection's strand only.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libs/http/held_bytes.h"
#include "libs/http/request_parser.h"
#include "libs/http/response_writer.h"
#include "libs/http/server_state.h"

namespace ctc::http {

class ServerWebSocket;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::ip::tcp::socket socket, std::shared_ptr<ServerState> state);

  // Serves the connection to its end. Keeps itself alive.
  void Start();
  // Answers 503 and closes; for connections above the limit.
  void StartRefusing();
  // From any thread: no further request than those on their way.
  void Drain();
  // From any thread: ends it at once.
  void Abort();
  // From any thread: since when it waits for a request, on the steady clock; nullopt while it has
  // one, or is to end.
  std::optional<std::chrono::steady_clock::time_point> idle_since() const;
  // From any thread: ends it unless a request has come meanwhile.
  void EndIdle();

 private:
  friend class ConnectionStream;
  enum class Phase { kIdle, kHead, kBody, kHandling, kWriting, kClosing };
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::rep kNotIdle = -1;

  Task<void> Run();
  Task<void> Refuse();
  // False when the connection is to be closed.
  Task<bool> ReadHead();
  // How long a body this request may have.
  uint64_t BodyLimit(std::string_view head) const;
  Task<bool> ReadBody(const HeadInfo& info, uint64_t max_body_bytes);
  absl::Duration BodyTimeout(uint64_t max_body_bytes) const;
  // Counts the body that is being read; false when all connections hold too much.
  bool HoldBody();
  void DropBody();
  Task<bool> SendContinue(const HeadInfo& info);
  Task<bool> Answer(bool close);
  Task<bool> AnswerStream(const Response& response, bool close);
  Task<bool> AnswerWebSocket(const Response& response);
  Task<Response> Handle();
  // Both answer an error and give false.
  Task<bool> Refused(Refusal refusal);
  Task<bool> Fail(int status, std::string_view code, std::string_view detail);
  Task<bool> Read();
  Task<bool> WriteAll(std::string_view first, std::string_view second);
  Task<void> Linger();

  void Enter(Phase phase, absl::Duration limit);
  void MarkIdle(bool idle);
  void Watch();
  void OnTick();
  bool Expired() const { return Clock::now() >= deadline_; }
  std::string_view Pending() const { return std::string_view(in_).substr(begin_, end_ - begin_); }
  void MakeRoom(size_t bytes);
  std::string_view Origin() const;
  Response ErrorResponse(int status, std::string_view code, std::string_view detail) const;
  bool Closing(bool close) const { return close || state_->draining(); }

  asio::ip::tcp::socket socket_;
  const std::shared_ptr<ServerState> state_;
  asio::steady_timer timer_;
  Clock::duration tick_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Phase phase_ = Phase::kIdle;
  bool used_ = false;  // a request came
  bool timed_out_ = false;
  bool stopped_ = false;
  std::atomic<Clock::rep> idle_since_ = kNotIdle;

  std::string in_;  // bytes [begin_, end_) are read and not used yet
  size_t begin_ = 0;
  size_t end_ = 0;
  std::string out_;
  std::string remote_address_;
  Request request_;  // empty from one answer to the next request's head
  HeldBytes held_body_;
  std::optional<RequestParser> parser_;
  std::shared_ptr<ServerWebSocket> websocket_;
};

}  // namespace ctc::http
