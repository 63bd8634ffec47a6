// See handler_map.h.
#include "libs/rpc/handler_map.h"

#include <cstdlib>

#include "libs/observability/log.h"
#include "libs/rpc/invoke.h"

namespace ctc::rpc {

const Endpoint* HandlerMap::Find(std::string_view path) const {
  const auto it = endpoints_.find(path);
  return it == endpoints_.end() ? nullptr : &it->second;
}

void HandlerMap::Add(Endpoint endpoint) {
  endpoint.metrics = std::make_shared<const EndpointMetrics>(endpoint.path);
  const std::string path = endpoint.path;
  if (!endpoints_.emplace(path, std::move(endpoint)).second) {
    observability::Error("rpc bound twice", {{"method", path}});
    std::abort();  // wiring is wrong; nothing sensible can be served
  }
}

}  // namespace ctc::rpc
