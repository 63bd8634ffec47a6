// Following the feed, against a feed in memory.
#include "libs/events/feed_consumer.h"

#include <boost/asio/post.hpp>

#include <atomic>
#include <catch2/catch.hpp>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/mutex.h"
#include "libs/observability/metrics.h"
#include "libs/testing/eventually.h"
#include "libs/testing/run_task.h"

namespace ctc::events {
namespace {

namespace sv1 = session::v1;

// The feed of a session service: events 1..n. A poll with nothing to give returns at once but lets
// others run first, so that no test waits.
class FakeFeed {
 public:
  FakeFeed() {
    handlers_.Bind(sv1::SessionServiceRpc::kReadFeed,
                   [this](rpc::Context, const sv1::ReadFeedRequest& r) { return Read(r); });
    channel_ = rpc::MakeLocalChannel(handlers_);
  }
  rpc::Channel& channel() { return *channel_; }
  void Append(int events) {
    const base::MutexLock lock(mutex_);
    last_ += events;
  }
  void FailNext(int reads) {
    const base::MutexLock lock(mutex_);
    failures_ = reads;
  }

 private:
  Task<absl::StatusOr<sv1::ReadFeedResponse>> Read(const sv1::ReadFeedRequest& request) {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    const base::MutexLock lock(mutex_);
    if (failures_ > 0) {
      --failures_;
      co_return absl::UnavailableError("session is away");
    }
    sv1::ReadFeedResponse response;
    int64_t seq = request.after_seq() < 0 ? last_ : request.after_seq();
    while (seq < last_ && response.events_size() < request.limit()) {
      response.add_events()->set_seq(++seq);
    }
    response.set_last_seq(seq);
    co_return response;
  }

  rpc::HandlerMap handlers_;
  std::unique_ptr<rpc::Channel> channel_;
  base::Mutex mutex_;
  int64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
};

// What a consumer keeps in its database.
class FakeStore {
 public:
  explicit FakeStore(int64_t cursor) : cursor_(cursor) {}

  FeedConsumer::LoadCursor Load() {
    return [this] { return LoadCursor(); };
  }
  FeedConsumer::Apply Apply() {
    return [this](const FeedConsumer::Batch& batch, int64_t last) { return Commit(batch, last); };
  }
  // The next commit takes place, but its answer is lost.
  void LoseNextAnswer() {
    const base::MutexLock lock(mutex_);
    lose_answer_ = true;
  }
  std::vector<int64_t> seen() const {
    const base::MutexLock lock(mutex_);
    return seen_;
  }
  int64_t cursor() const {
    const base::MutexLock lock(mutex_);
    return cursor_;
  }

 private:
  Task<absl::StatusOr<int64_t>> LoadCursor() {
    const base::MutexLock lock(mutex_);
    co_return cursor_;
  }
  Task<absl::Status> Commit(const FeedConsumer::Batch& batch, int64_t last) {
    const base::MutexLock lock(mutex_);
    for (const sv1::CallEvent& event : batch) seen_.push_back(event.seq());
    cursor_ = last;
    if (lose_answer_) {
      lose_answer_ = false;
      co_return absl::UnavailableError("connection lost in the commit");
    }
    co_return absl::OkStatus();
  }

  mutable base::Mutex mutex_;
  int64_t cursor_ ABSL_GUARDED_BY(mutex_);
  bool lose_answer_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<int64_t> seen_ ABSL_GUARDED_BY(mutex_);
};

std::vector<int64_t> Numbers(int64_t from, int64_t to) {
  std::vector<int64_t> out;
  for (int64_t i = from; i <= to; ++i) out.push_back(i);
  return out;
}

// Runs a consumer over `feed` and `store` until it goes.
class Running {
 public:
  Running(FakeFeed& feed, FakeStore& store, int batch_limit = 500)
      : consumer_(feed.channel(), Options(batch_limit), store.Load(), store.Apply()) {
    asio::co_spawn(io_.executor(), consumer_.Run(), [this](std::exception_ptr) { done_ = true; });
  }
  ~Running() {
    consumer_.Stop();
    testing::EventuallyTrue([this] { return done_.load(); }, "the consumer runs");
  }

 private:
  static ConsumerOptions Options(int batch_limit) {
    ConsumerOptions options;
    options.name = "test";
    options.batch_limit = batch_limit;
    return options;
  }
  std::atomic<bool> done_{false};
  FeedConsumer consumer_;
  testing::IoThreads io_{2};
};

void WaitFor(const FakeStore& store, int64_t cursor) {
  testing::Eventually([&] {
    return store.cursor() == cursor ? "" : "cursor at " + std::to_string(store.cursor());
  });
}

TEST_CASE("a consumer goes on where its effects were committed, in order, each event once") {
  FakeFeed feed;
  feed.Append(10);
  FakeStore store(4);
  const Running running(feed, store, 3);
  WaitFor(store, 10);
  feed.Append(5);
  WaitFor(store, 15);
  CHECK(store.seen() == Numbers(5, 15));
}

TEST_CASE("a consumer without a cursor begins at the newest event and keeps that position") {
  FakeFeed feed;
  feed.Append(7);
  FakeStore store(-1);
  {
    const Running running(feed, store);
    WaitFor(store, 7);
  }
  feed.Append(2);  // while it is away
  const Running running(feed, store);
  WaitFor(store, 9);
  CHECK(store.seen() == Numbers(8, 9));
}

TEST_CASE("a feed that cannot be reached is tried again") {
  FakeFeed feed;
  feed.Append(3);
  feed.FailNext(2);
  FakeStore store(0);
  const Running running(feed, store);
  WaitFor(store, 3);
  CHECK(store.seen() == Numbers(1, 3));
}

TEST_CASE("a commit whose answer was lost is not repeated") {
  FakeFeed feed;
  feed.Append(4);
  FakeStore store(0);
  store.LoseNextAnswer();
  const Running running(feed, store, 2);
  WaitFor(store, 4);
  CHECK(store.seen() == Numbers(1, 4));
}

TEST_CASE("a consumer that waits to try again stops at once") {
  FakeFeed feed;
  feed.FailNext(1'000'000);
  FakeStore store(0);
  {
    const Running running(feed, store);
  }
  CHECK(store.seen().empty());
}

TEST_CASE("the lag is exposed and comes to nothing") {
  FakeFeed feed;
  feed.Append(9);
  FakeStore store(0);
  const Running running(feed, store, 2);
  WaitFor(store, 9);
  testing::EventuallyTrue(
      [] {
        return observability::ExposeMetrics().find("ctc_feed_lag_events{consumer=\"test\"} 0") !=
               std::string::npos;
      },
      "the lag is not 0");
}

}  // namespace
}  // namespace ctc::events
