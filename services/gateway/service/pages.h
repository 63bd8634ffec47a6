// What the edge serves besides the rpcs: health, metrics, the documents of the API.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/asio.h"
#include "libs/base/status.h"
#include "libs/http/message.h"
#include "services/gateway/service/readiness.h"

namespace ctc::gateway {

enum class Page { kNone, kHealth, kReady, kMetrics, kOpenApi, kDocs, kEvents, kWebSocket };

// Which page a path is; kNone for all that is left to the routes.
Page PageOf(std::string_view path);

class Pages {
 public:
  Pages(std::string openapi_json, Readiness::Question ready, const base::Clock& clock)
      : openapi_json_(std::move(openapi_json)), ready_(std::move(ready), clock) {}

  // Any page but kEvents and kWebSocket, which need a caller.
  Task<http::Response> Answer(Page page);

 private:
  const std::string openapi_json_;
  Readiness ready_;
};

}  // namespace ctc::gateway
