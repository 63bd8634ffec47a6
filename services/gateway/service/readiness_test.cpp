#include "services/gateway/service/readiness.h"

#include <catch2/catch.hpp>

#include <boost/asio/post.hpp>

#include <atomic>
#include <future>

#include "libs/testing/eventually.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::gateway {
namespace {

struct Fixture {
  Task<absl::Status> Answer() {
    ++asked;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (held) {
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return away ? absl::UnavailableError("the database is away") : absl::OkStatus();
  }

  testing::FakeClock clock;
  std::atomic<int> asked = 0;
  std::atomic<bool> held = false;
  std::atomic<bool> away = false;
  Readiness readiness{[this] { return Answer(); }, clock};
  testing::IoThreads io{2};
};

TEST_CASE("an answer about readiness holds for half a second", "[ready]") {
  Fixture f;
  CHECK(f.io.Run(f.readiness.Ask()).ok());
  f.away = true;
  f.clock.Advance(absl::Milliseconds(499));
  CHECK(f.io.Run(f.readiness.Ask()).ok());
  CHECK(f.asked == 1);
  f.clock.Advance(absl::Milliseconds(1));
  CHECK(absl::IsUnavailable(f.io.Run(f.readiness.Ask())));
  CHECK(f.asked == 2);
}

TEST_CASE("of many who ask at once one asks on, and all get its answer", "[ready]") {
  Fixture f;
  f.held = true;
  f.away = true;
  std::atomic<int> begun = 0;
  std::vector<std::future<absl::Status>> answers;
  for (int i = 0; i < 8; ++i) {
    const asio::any_io_executor strand = asio::make_strand(f.io.executor());
    asio::post(strand, [&] { ++begun; });
    answers.push_back(asio::co_spawn(strand, f.readiness.Ask(), asio::use_future));
  }
  testing::EventuallyTrue([&] { return begun == 8 && f.asked == 1; }, "a question under way");
  f.held = false;
  for (auto& answer : answers) CHECK(absl::IsUnavailable(answer.get()));
  CHECK(f.asked == 1);
}

}  // namespace
}  // namespace ctc::gateway
