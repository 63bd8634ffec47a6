// The way of one HTTP request through the gateway: id, limits, route, caller, call, answer, log
// line. Thread-safe; each request runs on its connection's strand.
#pragma once

#include <absl/time/time.h>

#include <atomic>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/http/message.h"
#include "libs/http/server.h"
#include "libs/observability/metrics.h"
#include "libs/rpc/channel.h"
#include "services/gateway/service/cors.h"
#include "services/gateway/service/gatekeeper.h"
#include "services/gateway/service/keyed_calls.h"
#include "services/gateway/service/live_endpoints.h"
#include "services/gateway/service/pages.h"
#include "services/gateway/service/routes.h"

namespace ctc::gateway {

struct EdgeOptions {
  std::string public_url;    // without a slash at its end
  int max_in_flight = 2048;  // requests under way; more get 503
  bool log_all = false;      // else only what failed or was slow
  absl::Duration slow = absl::Milliseconds(500);
};

// What an edge works with; all of it outlives the edge.
struct EdgeParts {
  const RouteTable& routes;
  std::vector<rpc::Channel*> channels;  // of each route, by its index
  Gatekeeper& gatekeeper;
  KeyedCalls& keyed_calls;
  LiveEndpoints& live;
  Pages& pages;
  const Cors& cors;
  const base::Clock& clock;
  base::Random& random;
};

class Edge {
 public:
  Edge(EdgeParts parts, EdgeOptions options);

  // Never fails: errors are problem+json.
  Task<http::Response> Handle(const http::Request& request);
  // The answer to what the server refuses before there is a request.
  http::Response Refuse(const http::ServerError& error);
  int in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  struct Exchange;

  Task<http::Response> Answer(Exchange& exchange);
  Task<http::Response> AnswerPage(Exchange& exchange, Page page);
  Task<http::Response> AnswerRoute(Exchange& exchange, const PathMatch& match);
  // The caller of the route's request, and what a peer has to know of it.
  Task<absl::StatusOr<CallerPtr>> Authorize(Exchange& exchange, std::string_view scope);
  Task<CallResult> Call(Exchange& exchange, const google::protobuf::Message& message);
  Task<http::Response> ServeFile(Exchange& exchange, rpc::MessagePtr message);
  // What the service is told of the request.
  rpc::Context ContextOf(const Exchange& exchange) const;
  http::Response Problem(Exchange& exchange, const absl::Status& status) const;
  http::Response NoRoute(Exchange& exchange, const PathMatch& match) const;
  void Finish(Exchange& exchange, http::Response& response);
  // What every answer carries.
  void Decorate(const std::string& request_id, std::string_view origin,
                http::Response& response) const;

  EdgeParts parts_;
  const EdgeOptions options_;
  base::IdGenerator ids_;
  std::atomic<int> in_flight_{0};
  observability::Counter refused_;
  observability::Gauge in_flight_gauge_;
};

}  // namespace ctc::gateway
