// GET /api/v1/events (server-sent events) and GET /api/v1/ws (WebSocket) over the live feed.
#pragma once

#include <string_view>

#include "libs/base/clock.h"
#include "libs/http/message.h"
#include "services/gateway/domain/stream_places.h"
#include "services/gateway/service/caller.h"
#include "services/gateway/service/gatekeeper.h"
#include "services/gateway/service/live_feed.h"

namespace ctc::gateway {

// What a token needs to listen.
inline constexpr std::string_view kLiveScope = "calls:read";

// A stream ends once its token is refused, which is looked at with every heartbeat: an event stream
// by its end, a WebSocket by code 1008 (RFC 6455, 7.4.1). While nobody can tell, it goes on.
class LiveEndpoints {
 public:
  // The references outlive this object and its streams.
  LiveEndpoints(LiveFeed& feed, Gatekeeper& gatekeeper, const base::Clock& clock,
                int streams_per_tenant)
      : feed_(feed), gatekeeper_(gatekeeper), clock_(clock), places_(streams_per_tenant) {}

  // Position from Last-Event-ID or ?after=, else the newest; ?agent_id= narrows it. An agent's
  // token sees only that agent's calls. The stream says its position from the first, so that a
  // client which had no event yet comes back to it, too. kValidationFailed, kUnknownField,
  // kRateLimited: the tenant has as many streams as it may.
  Task<absl::StatusOr<http::Response>> OpenEvents(const http::Request& request,
                                                  const Caller& caller);
  // The same; the client may say {"resume_after": seq} as its first message.
  Task<absl::StatusOr<http::Response>> OpenWebSocket(const http::Request& request,
                                                     const Caller& caller);

 private:
  struct Start;
  Task<absl::StatusOr<Start>> Begin(const http::Request& request, const Caller& caller);

  LiveFeed& feed_;
  Gatekeeper& gatekeeper_;
  const base::Clock& clock_;
  StreamPlaces places_;  // of both kinds
};

}  // namespace ctc::gateway
