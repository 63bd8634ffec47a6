// Where a follower of the feed begins after a restart, against a real MariaDB.
#include "services/dispatch/service/submission_feed.h"

#include <catch2/catch.hpp>
#include <future>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "services/dispatch/service/dispatch_world_for_test.h"

namespace ctc::dispatch {
namespace {

constexpr char kConsumer[] = "dispatch.test";

class FeedAlone final : public FakeSessionBase {
  absl::StatusOr<rpc::MessagePtr> Answer(std::string_view,
                                         const google::protobuf::Message&) override {
    return base::MakeError(base::kNotFound, "only a feed");
  }
};

struct World {
  absl::Time Soon() const { return base::SystemClock().Now() + absl::Seconds(10); }
  void Tell(const std::string& call, const std::string& type) {
    session::v1::CallEvent event;
    event.set_tenant_id(kTenant.value());
    event.set_id(call);
    event.set_provider_id("01a00000-0000-7000-8000-000000000001");
    event.set_type(type);
    feed.Tell(event);
  }
  // How many transactions are writing the cursor this moment.
  int64_t Writing() {
    int64_t writing = 0;
    const absl::Status read = database->RunBlocking([&](db::Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(
          const db::Rows rows,
          c.Query("SELECT COUNT(*) FROM information_schema.processlist"
                  " WHERE db = DATABASE() AND info LIKE 'INSERT INTO event_cursor%'"));
      writing = rows[0].Int(0);
      return absl::OkStatus();
    });
    return read.ok() ? writing : -1;
  }
  int64_t Cursor() { return io.Run(store.LoadCursor(kConsumer, Soon())).value(); }

  testing::IoThreads io;  // outlives the database, whose threads resume on it
  const std::string schema = testing::MariaDb::Shared().NewSchema();
  std::unique_ptr<db::Database> database = testing::MariaDb::Shared().Open(schema);
  SubmissionStore store{*database};
  FeedAlone feed;
  base::Mutex mutex;
  std::vector<std::string> sent ABSL_GUARDED_BY(mutex);
};

// One process, which sends something for each event of the type "wanted".
class Follower {
 public:
  explicit Follower(World& world)
      : world_(world),
        feed_(
            kConsumer, world.feed, world.store, base::SystemClock(),
            [](const SubmissionFeed::Batch& batch) { return Choose(batch); },
            [&world](const Submission& submission) {
              const base::MutexLock lock(world.mutex);
              world.sent.push_back(submission.session);
            }),
        ended_(asio::co_spawn(asio::make_strand(world.io.context()), feed_.Follow(),
                              asio::use_future)) {}
  ~Follower() {
    Stop().get();
    ended_.get();
  }
  std::future<void> Stop() {
    return asio::co_spawn(world_.io.context(), feed_.Stop(), asio::use_future);
  }

 private:
  static Task<absl::StatusOr<std::vector<Submission>>> Choose(const SubmissionFeed::Batch& batch) {
    std::vector<Submission> wanted;
    for (const session::v1::CallEvent& event : batch) {
      if (event.type() != "wanted") continue;
      wanted.push_back({base::TenantId(event.tenant_id()), event.id(), event.provider_id()});
    }
    co_return wanted;
  }

  World& world_;
  SubmissionFeed feed_;
  std::future<void> ended_;
};

TEST_CASE("a follower that never sent anything passes nothing over when it comes back",
          "[dispatch][submission_feed]") {
  World world;
  world.Tell("01a00000-0000-7000-8000-00000000000a", "wanted");  // before anybody followed
  {
    const Follower first(world);
    testing::EventuallyTrue([&] { return world.Cursor() == 1; }, "the first position is kept");
  }
  world.Tell("01a00000-0000-7000-8000-00000000000b", "wanted");
  world.Tell("01a00000-0000-7000-8000-00000000000c", "other");
  {
    const Follower second(world);
    testing::EventuallyTrue([&] { return world.Cursor() == 3; }, "the feed is worked off");
  }
  const base::MutexLock lock(world.mutex);
  CHECK(world.sent == std::vector<std::string>{"01a00000-0000-7000-8000-00000000000b"});
}

TEST_CASE("what is being written when a follower stops is sent before it has stopped",
          "[dispatch][submission_feed]") {
  World world;
  REQUIRE(world.io.Run(world.store.Begin({}, kConsumer, 0, base::SystemClock().Now(), world.Soon()))
              .ok());
  // Somebody else has the cursor's row, so that the follower's transaction waits.
  std::promise<void> locked;
  std::promise<void> release;
  const auto others = testing::MariaDb::Shared().Open(world.schema);
  auto other = std::async(std::launch::async, [&] {
    return others->RunBlocking([&](db::Connection& c) -> absl::Status {
      CTC_RETURN_IF_ERROR(c.Query("SELECT seq FROM event_cursor FOR UPDATE").status());
      locked.set_value();
      release.get_future().wait();
      return absl::OkStatus();
    });
  });
  locked.get_future().wait();
  world.Tell("01a00000-0000-7000-8000-00000000000a", "wanted");
  Follower follower(world);
  testing::EventuallyTrue([&] { return world.Writing() == 1; }, "the transaction waits");
  std::future<void> stopped = follower.Stop();
  CHECK(stopped.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  release.set_value();
  REQUIRE(other.get().ok());
  stopped.get();
  const base::MutexLock lock(world.mutex);
  CHECK(world.sent == std::vector<std::string>{"01a00000-0000-7000-8000-00000000000a"});
}

}  // namespace
}  // namespace ctc::dispatch
