// The way to a service, in this process or another. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <string>
#include <string_view>

#include "libs/base/asio.h"
#include "libs/base/status.h"
#include "libs/rpc/context.h"
#include "libs/rpc/handler_map.h"
#include "libs/rpc/method.h"

namespace ctc::rpc {

class Channel {
 public:
  virtual ~Channel() = default;
  // One call. `response` is only the prototype of the answer's type. Errors: what the handler
  // returned, with its ErrorDetail; UNAVAILABLE when the service cannot be reached;
  // DEADLINE_EXCEEDED when context.deadline passes. Resumes on the caller's executor.
  virtual Task<absl::StatusOr<MessagePtr>> Call(std::string_view path, Context context,
                                                const google::protobuf::Message& request,
                                                const google::protobuf::Message& response) = 0;
};

// The typed form: auto session = co_await rpc::Call(channel, SessionServiceRpc::kGetSession, ctx,
// req); `request` must outlive the task (name it first).
template <class Request, class Response>
Task<absl::StatusOr<Response>> Call(Channel& channel, Method<Request, Response> method,
                                    Context context, const Request& request) {
  absl::StatusOr<MessagePtr> response =
      co_await channel.Call(method.path, std::move(context), request, Response::default_instance());
  if (!response.ok()) co_return std::move(response).status();
  co_return std::move(static_cast<Response&>(**response));
}

// Calls the handlers of this process, without serialising; finds an rpc's handler at each call, so
// it may be made before the handlers are bound.
std::unique_ptr<Channel> MakeLocalChannel(const HandlerMap& handlers);

struct RemoteOptions {
  std::string address;              // as "127.0.0.1:7101" or "unix:/run/ctc/session.sock"
  std::string shared_secret;        // proves us to the server; empty only in tests
  int max_message_bytes = 4 << 20;  // a larger request is RESOURCE_EXHAUSTED; as the server's
  absl::Duration connection_wait = absl::Seconds(2);  // of a call while there is no connection
};

// Calls another process. All calls of a pair of processes share one long-lived connection, worked
// on `executor`; the calls and the answers of one turn of the loop share a write. Reconnects by
// itself. Calls that were in flight when the connection broke end with UNAVAILABLE, and are retried
// here once when the contract says the rpc is idempotent. While there is no connection a call waits
// for one, as long as the options say. Destroying the channel ends its calls with UNAVAILABLE.
std::unique_ptr<Channel> MakeRemoteChannel(asio::any_io_executor executor, RemoteOptions options);

}  // namespace ctc::rpc
