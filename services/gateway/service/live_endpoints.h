// GET /api/v1/events (server-sent events) and GET /api/v1/ws (WebSocket) over the live feed.
#pragma once

#include "libs/http/message.h"
#include "services/gateway/service/caller.h"
#include "services/gateway/service/live_feed.h"

namespace ctc::gateway {

class LiveEndpoints {
 public:
  explicit LiveEndpoints(LiveFeed& feed) : feed_(feed) {}

  // Position from Last-Event-ID or ?after=, else the newest; ?agent_id= narrows it. An agent's
  // token sees only that agent's calls. kValidationFailed, kUnknownField.
  Task<absl::StatusOr<http::Response>> OpenEvents(const http::Request& request,
                                                  const Caller& caller);
  // The same; the client may say {"resume_after": seq} as its first message.
  Task<absl::StatusOr<http::Response>> OpenWebSocket(const http::Request& request,
                                                     const Caller& caller);

 private:
  struct Start;
  Task<absl::StatusOr<Start>> Begin(const http::Request& request, const Caller& caller);

  LiveFeed& feed_;
};

}  // namespace ctc::gateway
