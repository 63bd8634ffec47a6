// The HTTP/1.1 server of the edge and of the simulator: Boost.Beast, one strand per connection.
#pragma once

#include <absl/time/time.h>

#include <functional>
#include <memory>
#include <string>

#include "libs/http/message.h"

namespace ctc::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;             // 0 takes a free one
  bool reuse_port = false;  // two processes on one port, for rolling restarts
  size_t max_header_bytes = 16 << 10;
  size_t max_body_bytes = 1 << 20;  // 413 before it is read
  // A longer one for some requests, by method and target; nullptr: the same for all. Asked only
  // where a body is longer than that, or of unknown length.
  std::function<size_t(std::string_view method, std::string_view target)> body_limit;
  // Beyond it the connection that has waited longest without a request is closed for the new one;
  // where all are at work, the new one gets 503.
  int max_connections = 10000;
  // Of all connections, for each of two: bodies that came in pieces, and answers their clients have
  // not taken yet. Beyond it, further bodies get 503 and further answers that must wait are broken
  // off; what is small always passes.
  int64_t max_held_bytes = 256 << 20;
  absl::Duration first_byte_timeout = absl::Seconds(10);  // of a connection
  absl::Duration header_timeout = absl::Seconds(10);      // from the first byte of a request
  absl::Duration body_timeout = absl::Seconds(15);
  // A body that only body_limit lets in may take as long as the longest such body needs at this.
  size_t slowest_bytes_per_second = 64 << 10;
  absl::Duration idle_timeout = absl::Seconds(75);  // between requests
  absl::Duration write_timeout = absl::Seconds(20);
};

// Answers one request. Never throws; what it returns is sent. Runs on the connection's strand.
using Handler = std::function<Task<Response>(const Request& request)>;
// An error that the server itself answers (400, 408, 413, 426, 431, 501, 503). `origin` is the
// request's Origin, "" where none was read.
struct ServerError {
  int status = 0;
  std::string_view code;
  std::string_view detail;
  std::string_view origin;
};
// Headers and body of such an answer: the edge gives problem+json.
using ErrorBody = std::function<Response(const ServerError& error)>;

class Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Start(asio::any_io_executor executor,
                                                       ServerOptions options, Handler handler,
                                                       ErrorBody error_body = nullptr);
  virtual ~Server() = default;
  virtual int port() const = 0;
  // Graceful: no new connections, `Connection: close` on every answer, streams told to end; returns
  // when the last request was answered or `limit` passed.
  virtual Task<void> Drain(absl::Duration limit) = 0;
  virtual int connections() const = 0;
};

}  // namespace ctc::http
