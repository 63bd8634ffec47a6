// A small service over real messages of the contract, and ways to call it, for the tests of
// libs/rpc.
#pragma once

#include <boost/asio/executor_work_guard.hpp>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "ctc/routing/v1/routing_service.rpc.h"
#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/server.h"

namespace ctc::rpc {

namespace routing = ctc::routing::v1;
namespace Rpcs = ctc::routing::v1::RoutingServiceRpc;

// An io_context with two threads.
class Threads {
 public:
  Threads() : work_(asio::make_work_guard(io_)) {
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io_.run(); });
  }
  ~Threads() {
    work_.reset();
    for (std::thread& thread : threads_) thread.join();
  }
  asio::any_io_executor executor() { return io_.get_executor(); }

  // Runs a task to its end and returns its value.
  template <class T>
  T Get(Task<T> task) {
    auto promise = std::make_shared<std::promise<T>>();
    std::future<T> future = promise->get_future();
    asio::co_spawn(asio::make_strand(io_), std::move(task), [promise](std::exception_ptr, T value) {
      promise->set_value(std::move(value));
    });
    return future.get();
  }

 private:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;
};

// GetAgent (idempotent) answers the context it saw, or misbehaves by id; LogAgentActivity (not
// idempotent) waits for Open() when the reason is "wait".
class TestService {
 public:
  Task<absl::StatusOr<routing::GetAgentResponse>> GetAgent(
      Context context, const routing::GetAgentRequest& request) {
    deadline_us = absl::ToUnixMicros(context.deadline);
    ++calls;
    if (request.id() == "throw") throw std::runtime_error("inside the handler");
    if (request.id() == "missing") co_return DetailedError();
    if (request.id() == "wait") co_await WaitOpen();
    routing::GetAgentResponse response;
    routing::Agent& agent = *response.mutable_agent();
    agent.set_id(request.id());
    agent.set_name(context.tenant.value() + "/" + context.principal.subject);
    agent.set_phone(context.request_id);
    agent.set_is_active(context.deadline != absl::InfiniteFuture());
    if (request.id() == "large") agent.set_name(std::string(5 << 20, 'x'));
    if (request.id() == "huge") agent.set_name(std::string(64 << 20, 'x'));
    co_return response;
  }

  Task<absl::StatusOr<routing::LogAgentActivityResponse>> LogAgentActivity(
      Context, const routing::LogAgentActivityRequest& request) {
    ++calls;
    if (request.reason() == "wait") co_await WaitOpen();
    routing::LogAgentActivityResponse response;
    response.set_success(true);
    co_return response;
  }

  static absl::Status DetailedError() {
    base::ErrorDetail extra;
    extra.fields = {{"id", "no agent has it"}};
    extra.metadata = {{"agent_id", "missing"}};
    extra.retry_after = absl::Milliseconds(1500);
    return base::MakeError(base::kNotFound, "no such agent", extra);
  }

  void Bind(HandlerMap& map) {
    CTC_BIND(map, Rpcs, *this, GetAgent);
    CTC_BIND(map, Rpcs, *this, LogAgentActivity);
  }
  void Open() { open = true; }

  std::atomic<int> calls = 0;
  std::atomic<int64_t> deadline_us = 0;  // of the GetAgent that came last
  std::atomic<bool> open = false;

 private:
  Task<void> WaitOpen() {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (!open) {
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(asio::use_awaitable);
    }
  }
};

inline Context ContextUntil(absl::Duration timeout) {
  Context context;
  context.tenant = base::TenantId("t1");
  context.principal.subject = "key_1";
  context.request_id = "req_1";
  context.deadline = base::SystemClock().Now() + timeout;
  return context;
}

inline routing::GetAgentRequest AgentRequest(std::string id) {
  routing::GetAgentRequest request;
  request.set_id(std::move(id));
  return request;
}

inline Task<absl::StatusOr<routing::GetAgentResponse>> GetAgent(Channel& channel, std::string id,
                                                                Context context) {
  const routing::GetAgentRequest request = AgentRequest(std::move(id));
  co_return co_await Call(channel, Rpcs::kGetAgent, std::move(context), request);
}

inline Task<absl::StatusOr<routing::LogAgentActivityResponse>> LogActivity(Channel& channel,
                                                                           std::string reason,
                                                                           Context context) {
  routing::LogAgentActivityRequest request;
  request.set_reason(std::move(reason));
  co_return co_await Call(channel, Rpcs::kLogAgentActivity, std::move(context), request);
}

// Waits for a condition that another thread brings about.
template <class Condition>
bool Eventually(Condition condition) {
  const absl::Duration end = base::SystemClock().Monotonic() + absl::Seconds(30);
  while (!condition() && base::SystemClock().Monotonic() < end) {
    // lint-allow(sleep): the pause inside a wait for a condition
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return condition();
}

}  // namespace ctc::rpc
