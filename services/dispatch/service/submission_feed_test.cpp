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
  int64_t Cursor() { return io.Run(store.LoadCursor(kConsumer, Soon())).value(); }

  testing::IoThreads io;  // outlives the database, whose threads resume on it
  std::unique_ptr<db::Database> database =
      testing::MariaDb::Shared().Open(testing::MariaDb::Shared().NewSchema());
  SubmissionStore store{*database};
  FeedAlone feed;
  base::Mutex mutex;
  std::vector<std::string> sent ABSL_GUARDED_BY(mutex);
};

// One process, which sends something for each event of the type "wanted".
class Follower {
 public:
  explicit Follower(World& world)
      : feed_(
            kConsumer, world.feed, world.store, base::SystemClock(),
            [](const SubmissionFeed::Batch& batch) { return Choose(batch); },
            [&world](const Submission& submission) {
              const base::MutexLock lock(world.mutex);
              world.sent.push_back(submission.session);
            }),
        ended_(asio::co_spawn(asio::make_strand(world.io.context()), feed_.Follow(),
                              asio::use_future)) {}
  ~Follower() {
    feed_.Stop();
    ended_.get();
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

}  // namespace
}  // namespace ctc::dispatch
