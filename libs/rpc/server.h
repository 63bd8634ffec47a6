// Serves a HandlerMap over gRPC: each rpc of the contract as an ordinary unary method (so that
// grpcurl and any gRPC client work), health and reflection; and at the same address, over the
// framed stream of docs/adr/009, to our own channels.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <string>
#include <vector>

#include "libs/base/asio.h"
#include "libs/base/status.h"
#include "libs/rpc/handler_map.h"

namespace ctc::rpc {

struct ServerOptions {
  std::string address = "127.0.0.1:0";  // port 0 takes a free one; unix:PATH works too
  // Callers must send it; without it: UNAUTHENTICATED. Empty means no check, and is taken only for
  // an address of this machine.
  std::string shared_secret;
  int max_message_bytes = 4 << 20;
};

class Server {
 public:
  // Starts serving. Handlers run as coroutines on `executor`, each on its own strand. `handlers`
  // must outlive the server. Errors: UNAVAILABLE when the address cannot be bound, INVALID_ARGUMENT
  // for one that other machines can reach and no secret.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const HandlerMap& handlers,
                                                       asio::any_io_executor executor,
                                                       ServerOptions options);
  virtual ~Server() = default;
  virtual int port() const = 0;  // 0 for a unix socket
  // What grpc.health.v1 answers, for "" and each service. False at the start.
  virtual void SetServing(bool serving) = 0;
  // Stops taking calls and ends those in flight within `grace`. Blocks; call it off the executor.
  virtual void Shutdown(absl::Duration grace) = 0;
};

}  // namespace ctc::rpc
