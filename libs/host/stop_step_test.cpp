#include "libs/host/stop_step.h"

#include <atomic>
#include <catch2/catch.hpp>

#include "libs/testing/eventually.h"
#include "libs/testing/run_task.h"

namespace ctc::host {
namespace {

Task<void> WaitFor(const std::atomic<bool>& go, std::atomic<bool>& ended) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!go) {
    timer.expires_after(std::chrono::milliseconds(1));
    co_await timer.async_wait(asio::use_awaitable);
  }
  ended = true;
}

Task<void> Fail() {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  throw std::runtime_error("broken");
}

TEST_CASE("a step that ends is waited for, also when it fails", "[host]") {
  testing::IoThreads io;
  const std::atomic<bool> go = true;
  std::atomic<bool> ended = false;
  CHECK(RunStep(io.executor(), "quick", WaitFor(go, ended), absl::Seconds(30)));
  CHECK(ended);
  CHECK(RunStep(io.executor(), "broken", Fail(), absl::Seconds(30)));
}

TEST_CASE("a step that hangs is left, and may end later", "[host]") {
  testing::IoThreads io;
  std::atomic<bool> go = false;
  std::atomic<bool> ended = false;
  CHECK_FALSE(RunStep(io.executor(), "slow", WaitFor(go, ended), absl::Milliseconds(20)));
  CHECK_FALSE(ended);
  go = true;
  testing::EventuallyTrue([&] { return ended.load(); }, "its end");
  CHECK(RunStep(io.executor(), "next", WaitFor(go, ended), absl::Seconds(30)));
}

}  // namespace
}  // namespace ctc::host
