#include "services/gateway/service/edge.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "services/gateway/domain/request_identity.h"
#include "services/gateway/service/media.h"
#include "services/gateway/service/problem.h"
#include "services/gateway/service/request_reader.h"
#include "services/gateway/service/response_printer.h"

namespace ctc::gateway {
namespace {

constexpr absl::Duration kPageTimeout = absl::Seconds(10);

class InFlight {
 public:
  explicit InFlight(std::atomic<int>& count) : count_(count) {
    now_ = count_.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  ~InFlight() { count_.fetch_sub(1, std::memory_order_relaxed); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  int now() const { return now_; }

 private:
  std::atomic<int>& count_;
  int now_;
};

bool PrefersAsync(const http::Request& request) {
  const std::string_view prefer = request.headers.Get("Prefer");
  return !prefer.empty() &&
         absl::StrContains(absl::string_view(prefer.data(), prefer.size()), "respond-async");
}

}  // namespace

// One request on its way.
struct Edge::Exchange {
  explicit Exchange(const http::Request& http_request) : request(http_request) {}
  const http::Request& request;
  std::string request_id;
  absl::Duration started;
  const Route* route = nullptr;
  rpc::Channel* channel = nullptr;
  absl::Time deadline;
  CallerPtr caller;
  std::string code;  // of the error, for the log line
};

Edge::Edge(EdgeParts parts, EdgeOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      ids_(parts_.clock, parts_.random),
      refused_(observability::MakeCounter("ctc_gateway_refused_total",
                                          "Requests refused because too many were under way.")),
      in_flight_gauge_(
          observability::MakeGauge("ctc_gateway_requests_in_flight", "Requests under way.")) {}

Task<http::Response> Edge::Handle(const http::Request& request) {
  const InFlight in_flight(in_flight_);
  Exchange exchange(request);
  exchange.started = parts_.clock.Monotonic();
  const std::string_view given = request.headers.Get("X-Request-ID");
  exchange.request_id = IsRequestId(given) ? std::string(given) : ids_.Uuid();
  http::Response response;
  if (in_flight.now() > options_.max_in_flight && PageOf(request.path) == Page::kNone) {
    refused_.Add();
    base::ErrorDetail extra;
    extra.retry_after = absl::Seconds(1);
    const absl::Status overloaded =
        base::MakeError(base::kOverloaded, "Too many requests are under way.", std::move(extra));
    response = Problem(exchange, overloaded);
  } else {
    response = co_await Answer(exchange);
  }
  Finish(exchange, response);
  co_return response;
}

http::Response Edge::Refuse(const http::ServerError& error) {
  const std::string request_id = ids_.Uuid();
  http::Response response = ServerProblem(error.status, error.code, error.detail, request_id);
  Decorate(request_id, error.origin, response);
  return response;
}

void Edge::Decorate(const std::string& request_id, std::string_view origin,
                    http::Response& response) const {
  response.headers.Add("X-Request-ID", request_id);
  response.headers.Add("X-Content-Type-Options", "nosniff");
  parts_.cors.Decorate(origin, response);
}

Task<http::Response> Edge::Answer(Exchange& exchange) {
  const http::Request& request = exchange.request;
  if (const Page page = PageOf(request.path); page != Page::kNone) {
    co_return co_await AnswerPage(exchange, page);
  }
  const PathMatch match = parts_.routes.Find(request.method, request.path);
  if (match.route < 0) co_return NoRoute(exchange, match);
  co_return co_await AnswerRoute(exchange, match);
}

http::Response Edge::NoRoute(Exchange& exchange, const PathMatch& match) const {
  const http::Request& request = exchange.request;
  if (match.allow.empty()) {
    return Problem(exchange, base::MakeError(base::kRouteNotFound, "There is no such path."));
  }
  const std::string allow = match.allow + ", OPTIONS";
  if (request.method == "OPTIONS") return parts_.cors.Preflight(request, allow);
  http::Response response = Problem(
      exchange, base::MakeError(base::kMethodNotAllowed, "The path does not know this method."));
  response.headers.Add("Allow", allow);
  return response;
}

Task<http::Response> Edge::AnswerPage(Exchange& exchange, Page page) {
  const http::Request& request = exchange.request;
  if (request.method == "OPTIONS") co_return parts_.cors.Preflight(request, "GET, OPTIONS");
  if (request.method != "GET" && request.method != "HEAD") {
    http::Response response = Problem(
        exchange, base::MakeError(base::kMethodNotAllowed, "The path does not know this method."));
    response.headers.Add("Allow", "GET, OPTIONS");
    co_return response;
  }
  if (page != Page::kEvents && page != Page::kWebSocket)
    co_return co_await parts_.pages.Answer(page);
  exchange.deadline = parts_.clock.Now() + kPageTimeout;
  const auto caller = co_await Authorize(exchange, kLiveScope);
  if (!caller.ok()) co_return Problem(exchange, caller.status());
  absl::StatusOr<http::Response> opened = absl::UnknownError("");
  if (page == Page::kEvents) {
    opened = co_await parts_.live.OpenEvents(request, **caller);
  } else {
    opened = co_await parts_.live.OpenWebSocket(request, **caller);
  }
  if (!opened.ok()) co_return Problem(exchange, opened.status());
  co_return *std::move(opened);
}

Task<absl::StatusOr<CallerPtr>> Edge::Authorize(Exchange& exchange, std::string_view scope) {
  absl::StatusOr<CallerPtr> caller =
      co_await parts_.gatekeeper.Admit(exchange.request, scope, exchange.deadline);
  if (caller.ok()) exchange.caller = *caller;
  co_return caller;
}

Task<http::Response> Edge::AnswerRoute(Exchange& exchange, const PathMatch& match) {
  const Route& route = parts_.routes.at(match.route);
  exchange.route = &route;
  exchange.channel = parts_.channels[static_cast<size_t>(match.route)];
  exchange.deadline = parts_.clock.Now() + route.timeout;
  if (route.access == common::v1::RpcOptions::TENANT) {
    const auto caller = co_await Authorize(exchange, route.scope);
    if (!caller.ok()) co_return Problem(exchange, caller.status());
  }
  auto message = ReadRequest(route, match, exchange.request, options_.public_url);
  if (!message.ok()) co_return Problem(exchange, message.status());
  if (route.media != nullptr) co_return co_await ServeFile(exchange, *std::move(message));
  CallResult result{absl::OkStatus()};
  if (route.takes_key && exchange.request.headers.Has("Idempotency-Key")) {
    // The task reads `message` while this one waits for it.
    const std::function<Task<CallResult>()> call = [&] { return Call(exchange, **message); };
    result = co_await parts_.keyed_calls.Run(route, exchange.request, *exchange.caller,
                                             exchange.deadline, call, exchange.request_id);
  } else {
    result = co_await Call(exchange, **message);
  }
  if (!result.status.ok()) co_return Problem(exchange, result.status);
  co_return std::move(result.response);
}

rpc::Context Edge::ContextOf(const Exchange& exchange) const {
  const http::Request& request = exchange.request;
  rpc::Context context;
  if (exchange.caller != nullptr) {
    context.tenant = exchange.caller->tenant;
    context.principal = exchange.caller->principal;
  }
  context.request_id = exchange.request_id;
  context.traceparent = NextTraceparent(request.headers.Get("traceparent"), parts_.random);
  context.deadline = exchange.deadline;
  if (exchange.route->takes_key) {
    context.idempotency_key = request.headers.Get("Idempotency-Key");
  }
  context.prefer_async = PrefersAsync(request);
  return context;
}

Task<http::Response> Edge::ServeFile(Exchange& exchange, rpc::MessagePtr message) {
  auto call = std::make_shared<MediaCall>(*exchange.route, *exchange.channel, parts_.clock,
                                          std::move(message), ContextOf(exchange));
  absl::StatusOr<http::Response> answer = co_await AnswerMedia(std::move(call), exchange.request);
  if (answer.ok()) co_return *std::move(answer);
  http::Response response = Problem(exchange, answer.status());
  if (base::IsError(answer.status(), base::kRangeNotSatisfiable)) {
    response.headers.Add("Content-Range",
                         "bytes */" + base::DetailOf(answer.status()).metadata["total_bytes"]);
  }
  co_return response;
}

Task<CallResult> Edge::Call(Exchange& exchange, const google::protobuf::Message& message) {
  const Route& route = *exchange.route;
  rpc::Context context = ContextOf(exchange);
  absl::StatusOr<rpc::MessagePtr> answer =
      co_await exchange.channel->Call(route.rpc_path, std::move(context), message, *route.response);
  CallResult result(answer.status());
  if (answer.ok()) result.response = PrintResponse(route, **answer, exchange.request);
  co_return result;
}

http::Response Edge::Problem(Exchange& exchange, const absl::Status& status) const {
  const int http_status = HttpStatusOf(status);
  if (http_status == 500) {
    observability::Error("request failed inside",
                         {{"request_id", exchange.request_id},
                          {"route", exchange.route ? exchange.route->name : ""},
                          {"error", status}});
  }
  exchange.code = base::DetailOf(status).code;
  return ProblemResponse(status, exchange.request.path, exchange.request_id);
}

void Edge::Finish(Exchange& exchange, http::Response& response) {
  const http::Request& request = exchange.request;
  Decorate(exchange.request_id, request.headers.Get("Origin"), response);
  const absl::Duration took = parts_.clock.Monotonic() - exchange.started;
  const size_t status_class = static_cast<size_t>(response.status / 100);
  if (exchange.route != nullptr && status_class >= 1 && status_class <= 5) {
    exchange.route->by_class[status_class].Add();
    exchange.route->seconds.Observe(absl::ToDoubleSeconds(took));
    in_flight_gauge_.Set(in_flight());
  }
  const bool failed = response.status >= 400;
  if (!options_.log_all && !failed && took < options_.slow) return;
  observability::Info(
      "request", {{"route", exchange.route ? exchange.route->name : std::string("none")},
                  {"status", response.status},
                  {"code", exchange.code},
                  {"ms", absl::ToDoubleMilliseconds(took)},
                  {"bytes_in", request.body.size()},
                  {"bytes_out", response.body.size()},
                  {"peer", request.remote_address},
                  {"tenant", exchange.caller ? exchange.caller->tenant.value() : std::string()},
                  {"subject", exchange.caller ? exchange.caller->principal.subject : ""},
                  {"request_id", exchange.request_id}});
}

}  // namespace ctc::gateway
