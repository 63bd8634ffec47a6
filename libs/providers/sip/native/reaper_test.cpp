#include "libs/providers/sip/native/reaper.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <future>

#include "libs/testing/eventually.h"

namespace ctc::providers::sip::native {
namespace {

// Waits for its thread when it ends, as a user agent does.
class Worker {
 public:
  explicit Worker(std::atomic<int>& ended) : ended_(ended) {}
  ~Worker() {
    thread_.join();
    ++ended_;
  }
  void Leave() { leaving_.set_value(); }
  // The thread goes on until it is told to leave.
  void Work(std::function<void()> work) {
    thread_ = std::thread([this, work = std::move(work)]() mutable {
      std::exchange(work, nullptr)();
      leaving_.get_future().wait();
    });
  }

 private:
  std::atomic<int>& ended_;
  std::promise<void> leaving_;
  std::thread thread_;
};

TEST_CASE("the thread that is waited for may hold the last reference", "[sip][reaper]") {
  std::atomic<int> ended = 0;
  Reaper reaper;
  std::shared_ptr<Worker> worker = reaper.Adopt(std::make_unique<Worker>(ended), "sip:here:5060");
  std::promise<void> alone;
  worker->Work([worker, last = alone.get_future().share()] { last.wait(); });
  worker.reset();
  CHECK(reaper.IsHeld("sip:here:5060"));
  alone.set_value();
  testing::EventuallyTrue([&] { return !reaper.IsHeld("sip:here:5060"); }, "the worker to end");
  CHECK(ended == 1);
}

TEST_CASE("the end of all can be waited for, but not for ever", "[sip][reaper]") {
  std::atomic<int> ended = 0;
  Reaper reaper;
  CHECK(reaper.AwaitEnd(absl::InfiniteDuration()));
  std::promise<void> busy;
  const std::shared_future<void> done = busy.get_future().share();
  std::shared_ptr<Worker> worker = reaper.Adopt(std::make_unique<Worker>(ended), "");
  worker->Work([done] { done.wait(); });
  CHECK_FALSE(reaper.AwaitEnd(absl::ZeroDuration()));  // nobody has let go
  worker.reset();
  CHECK_FALSE(reaper.AwaitEnd(absl::Milliseconds(10)));
  busy.set_value();
  CHECK(reaper.AwaitEnd(absl::Seconds(30)));
  CHECK(ended == 1);
}

TEST_CASE("nobody who lets go waits, but the reaper's end does", "[sip][reaper]") {
  std::atomic<int> ended = 0;
  std::promise<void> busy;
  const std::shared_future<void> done = busy.get_future().share();
  auto reaper = std::make_unique<Reaper>();
  std::vector<std::shared_ptr<Worker>> workers;
  for (int i = 0; i < 3; ++i) {
    workers.push_back(reaper->Adopt(std::make_unique<Worker>(ended), ""));
    workers.back()->Work([done] { done.wait(); });
  }
  workers.clear();
  CHECK(ended == 0);
  CHECK_FALSE(reaper->IsHeld(""));
  busy.set_value();
  reaper.reset();
  CHECK(ended == 3);
}

}  // namespace
}  // namespace ctc::providers::sip::native
