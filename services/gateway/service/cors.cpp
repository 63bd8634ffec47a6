#include "services/gateway/service/cors.h"

#include <absl/strings/str_split.h>

#include <algorithm>

namespace ctc::gateway {

Cors::Cors(std::string_view allowed)
    : origins_(absl::StrSplit(absl::string_view(allowed.data(), allowed.size()),
                              absl::ByAnyChar(", "), absl::SkipEmpty())),
      any_(std::find(origins_.begin(), origins_.end(), "*") != origins_.end()) {}

bool Cors::Allows(std::string_view origin) const {
  return !origin.empty() &&
         (any_ || std::find(origins_.begin(), origins_.end(), origin) != origins_.end());
}

http::Response Cors::Preflight(const http::Request& request, const std::string& allow) const {
  http::Response response;
  response.status = 204;
  if (!allow.empty()) response.headers.Add("Allow", allow);
  if (!Allows(request.headers.Get("Origin"))) return response;
  response.headers.Add("Access-Control-Allow-Methods", allow);
  response.headers.Add("Access-Control-Allow-Headers",
                       "Authorization, Content-Type, X-Tenant-ID, Idempotency-Key, X-Request-ID, "
                       "If-None-Match, If-Range, Range, Last-Event-ID, Prefer, traceparent");
  response.headers.Add("Access-Control-Max-Age", "600");
  return response;
}

void Cors::Decorate(std::string_view origin, http::Response& response) const {
  if (origins_.empty()) return;
  response.headers.Add("Vary", "Origin");
  if (!Allows(origin)) return;
  response.headers.Add("Access-Control-Allow-Origin", std::string(origin));
  response.headers.Add("Access-Control-Expose-Headers",
                       "ETag, Retry-After, X-Request-ID, Idempotent-Replayed, Allow, "
                       "Accept-Ranges, Content-Range, Content-Disposition");
}

}  // namespace ctc::gateway
