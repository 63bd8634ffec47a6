// What the edge serves besides the rpcs: health, metrics, the documents of the API.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "libs/base/asio.h"
#include "libs/base/status.h"
#include "libs/http/message.h"

namespace ctc::gateway {

enum class Page { kNone, kHealth, kReady, kMetrics, kOpenApi, kDocs, kEvents, kWebSocket };

// Which page a path is; kNone for all that is left to the routes.
Page PageOf(std::string_view path);

class Pages {
 public:
  Pages(std::string openapi_json, std::function<Task<absl::Status>()> ready)
      : openapi_json_(std::move(openapi_json)), ready_(std::move(ready)) {}

  // Any page but kEvents and kWebSocket, which need a caller.
  Task<http::Response> Answer(Page page) const;

 private:
  const std::string openapi_json_;
  const std::function<Task<absl::Status>()> ready_;
};

}  // namespace ctc::gateway
