// HTTP requests and responses as plain values; no Beast header leaves this library.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/asio.h"
#include "libs/base/status.h"

namespace ctc::http {

// Header fields in the order received. Names compare without case.
class Headers {
 public:
  void Add(std::string name, std::string value);
  void Set(std::string name, std::string value);  // replaces all of that name
  // The first value, "" when absent.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  size_t Count(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string method;  // upper case
  std::string target;  // as sent: path and query
  std::string path;    // before "?", not decoded
  std::string query;   // after "?", not decoded
  Headers headers;
  std::string body;
  std::string remote_address;  // without port
};

// Percent-decoding; with `form`, "+" is a space. INVALID_ARGUMENT on a broken escape or bad UTF-8.
absl::StatusOr<std::string> Decode(std::string_view text, bool form);
std::string Encode(std::string_view text);  // RFC 3986 unreserved stay
// Pairs of a query or a form body in order, decoded.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseForm(std::string_view text);

// Writes parts of a long answer (server-sent events). Bounded: Write waits until the client took
// it.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  // UNAVAILABLE when the client is gone or too slow, and for an event stream when the server
  // drains, after one last write; other streams go on to their end within the drain's limit.
  virtual Task<absl::Status> Write(std::string chunk) = 0;
  virtual bool draining() const = 0;
};

// A WebSocket after the handshake, server or client side. One reader and one writer at a time.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // The next text or binary message. OUT_OF_RANGE when the peer closed; UNAVAILABLE when it broke.
  virtual Task<absl::StatusOr<std::string>> Read() = 0;
  virtual Task<absl::Status> Write(std::string text) = 0;
  virtual Task<void> Close(int code, std::string reason) = 0;
  virtual bool draining() const = 0;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // When set, sent after the headers as long as it runs; `body` is ignored. Named functions only.
  std::function<Task<void>(StreamWriter&)> stream;
  // When set on a WebSocket upgrade request: accepts it and runs this.
  std::function<Task<void>(WebSocket&)> websocket;
  // The connection is reset without an answer: how a simulated provider fails.
  bool drop = false;
};

}  // namespace ctc::http
