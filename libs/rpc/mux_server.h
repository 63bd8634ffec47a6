// The server's end of the multiplexing stream (proto/ctc/rpc/v1/mux_service.proto). Inside libs/rpc
// only. Thread-safe.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>
#include <set>

#include "libs/base/asio.h"
#include "libs/base/mutex.h"
#include "libs/rpc/handler_map.h"
#include "libs/rpc/unary_service.h"

namespace ctc::rpc {

class MuxStream;

class MuxService : public grpc::Service {
 public:
  // `handlers` and `limits` outlive it and the handlers in flight.
  MuxService(const HandlerMap& handlers, asio::any_io_executor executor,
             const ServingLimits& limits);
  // Asks every client to make its new calls elsewhere; streams end when their calls have.
  void Drain();

 private:
  friend class MuxStream;
  const HandlerMap& handlers_;
  const asio::any_io_executor executor_;
  const ServingLimits& limits_;
  base::Mutex mutex_;
  std::set<MuxStream*> streams_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace ctc::rpc
