// Calls within the process.
#include <catch2/catch.hpp>

#include "libs/observability/metrics.h"
#include "libs/rpc/rpc_test_support.h"

namespace ctc::rpc {

TEST_CASE("a local call reaches the handler with its context") {
  Threads threads;
  TestService service;
  HandlerMap map;
  const auto channel = MakeLocalChannel(map);  // before the handlers are bound
  service.Bind(map);
  const auto response = threads.Get(GetAgent(*channel, "a1", ContextUntil(absl::Seconds(30))));
  REQUIRE(response.ok());
  CHECK(response->agent().id() == "a1");
  CHECK(response->agent().name() == "t1/key_1");
  CHECK(response->agent().phone() == "req_1");
}

TEST_CASE("a local error keeps its detail") {
  Threads threads;
  TestService service;
  HandlerMap map;
  service.Bind(map);
  const auto channel = MakeLocalChannel(map);
  const auto response = threads.Get(GetAgent(*channel, "missing", ContextUntil(absl::Seconds(30))));
  CHECK(base::IsError(response.status(), base::kNotFound));
  CHECK(base::DetailOf(response.status()).metadata.at("agent_id") == "missing");
}

TEST_CASE("an exception of a handler becomes INTERNAL without its text") {
  Threads threads;
  TestService service;
  HandlerMap map;
  service.Bind(map);
  const auto channel = MakeLocalChannel(map);
  const auto response = threads.Get(GetAgent(*channel, "throw", ContextUntil(absl::Seconds(30))));
  CHECK(absl::IsInternal(response.status()));
  CHECK(response.status().message() == "the handler failed");
}

TEST_CASE("a call whose deadline has passed is not begun") {
  Threads threads;
  TestService service;
  HandlerMap map;
  service.Bind(map);
  const auto channel = MakeLocalChannel(map);
  const auto response = threads.Get(GetAgent(*channel, "a1", ContextUntil(-absl::Seconds(1))));
  CHECK(base::IsError(response.status(), base::kDeadlineExceeded));
  CHECK(service.calls == 0);
}

TEST_CASE("an rpc that this process does not serve is UNIMPLEMENTED") {
  Threads threads;
  HandlerMap map;
  const auto channel = MakeLocalChannel(map);
  const auto response = threads.Get(GetAgent(*channel, "a1", ContextUntil(absl::Seconds(30))));
  CHECK(absl::IsUnimplemented(response.status()));
  CHECK(base::DetailOf(response.status()).code == base::kInternal.code);
}

TEST_CASE("each call is counted by method and code") {
  Threads threads;
  TestService service;
  HandlerMap map;
  service.Bind(map);
  const auto channel = MakeLocalChannel(map);
  (void)threads.Get(GetAgent(*channel, "missing", ContextUntil(absl::Seconds(30))));
  const std::string text = observability::ExposeMetrics();
  CHECK(text.find("ctc_rpc_requests_total{code=\"NOT_FOUND\",method=\"/ctc.routing.v1."
                  "RoutingService/GetAgent\"}") != std::string::npos);
  CHECK(text.find("ctc_rpc_seconds_count{method=\"/ctc.routing.v1.RoutingService/GetAgent\"}") !=
        std::string::npos);
}

}  // namespace ctc::rpc
