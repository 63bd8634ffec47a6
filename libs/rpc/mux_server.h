// The server's end of the connections between two of our processes. Inside libs/rpc only.
// Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <vector>

#include "libs/base/asio.h"
#include "libs/base/mutex.h"
#include "libs/rpc/frame_stream.h"
#include "libs/rpc/handler_map.h"
#include "libs/rpc/unary_service.h"

namespace ctc::rpc {

class MuxStream;

class MuxServer : public std::enable_shared_from_this<MuxServer> {
 public:
  // `map` outlives the handlers in flight.
  MuxServer(const HandlerMap& map, asio::any_io_executor handlers_run_on, ServingLimits serving)
      : handlers(map), executor(std::move(handlers_run_on)), limits(std::move(serving)) {}

  // Takes a connection of which nothing was read; its executor is a strand.
  void Serve(FrameStream::Socket socket);
  // Asks every client to make its new calls elsewhere; connections end when their calls have.
  void Drain();
  // Blocks until every connection has ended and its handlers with it, at most so long; then ends
  // the connections that are left.
  void Finish(absl::Duration limit);

  const HandlerMap& handlers;
  const asio::any_io_executor executor;
  const ServingLimits limits;

 private:
  friend class MuxStream;
  void Remove(const MuxStream* stream);
  std::vector<std::shared_ptr<MuxStream>> All();

  base::Mutex mutex_;
  std::condition_variable removed_;
  std::map<const MuxStream*, std::weak_ptr<MuxStream>> streams_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace ctc::rpc
