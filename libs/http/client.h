// Outbound HTTP over libcurl's multi interface, on the caller's loop, with keep-alive per host.
// Redirects are never followed and addresses are guarded (SSRF); only http and https. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/secret.h"
#include "libs/http/address_guard.h"
#include "libs/http/message.h"

namespace ctc::http {

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Basic authentication; empty user means none. Bearer tokens go by `bearer`.
  std::string user;
  base::Secret password;
  base::Secret bearer;
  absl::Duration timeout = absl::Seconds(30);  // whole exchange; connecting takes at most 5 s of it
  size_t max_response_bytes = 1 << 20;
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

// Whether a failed request can have had an effect at the other side.
enum class Reached {
  kNotSent,  // name not resolved, connection refused, TLS failed: certainly not
  kMaybe,    // reset, time-out or garbage after the request left
};

struct ClientError {
  Reached reached = Reached::kMaybe;
  absl::Status status;  // UNAVAILABLE, DEADLINE_EXCEEDED, or RESOURCE_EXHAUSTED (answer too long)
};

// Either an HTTP answer of any status, or how it failed.
struct ClientResult {
  bool ok() const { return response.status != 0; }
  ClientResponse response;
  ClientError error;
  absl::Duration elapsed;
};

class Client {
 public:
  // Runs on `executor`'s loop, which outlives it. Name resolution has threads of curl's.
  static std::unique_ptr<Client> Create(const asio::any_io_executor& executor,
                                        AddressGuard guard = AddressGuard::Everywhere());
  virtual ~Client() = default;
  virtual Task<ClientResult> Send(ClientRequest request) = 0;
};

// Opens a WebSocket as a client (ws or wss). Headers carry the credentials.
Task<absl::StatusOr<std::unique_ptr<WebSocket>>> ConnectWebSocket(
    std::string url, std::vector<std::pair<std::string, std::string>> headers,
    absl::Duration connect_timeout, absl::Duration ping_interval,
    AddressGuard guard = AddressGuard::Everywhere());

}  // namespace ctc::http
