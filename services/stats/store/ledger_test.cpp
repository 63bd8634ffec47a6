// Each change is counted once, whatever breaks in between.
#include "services/stats/store/ledger.h"

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"
#include "services/stats/domain/random_calls.h"

namespace ctc::stats {
namespace {

using testing::HasError;
using testing::IsOk;
using testing::MariaDb;

// The feed as a list: what a consumer would be given from its cursor on.
struct Feed {
  explicit Feed(unsigned seed) : calls(seed, 80) {}
  void Grow(int steps) {
    for (int i = 0; i < steps; ++i) events.push_back(calls.Step());
  }
  // One page after `seq`, as FeedConsumer gives it.
  std::vector<Change> After(int64_t seq, size_t limit) const {
    const auto begin = events.begin() + seq;
    const auto end = begin + static_cast<int64_t>(std::min<size_t>(limit, events.end() - begin));
    return {begin, end};
  }
  RandomCalls calls;
  std::vector<Change> events;
};

class Follower {
 public:
  Follower(testing::IoThreads& io, db::Database& database)
      : io_(io), ledger_(database, base::SystemClock()) {}

  // Follows one page; what the consumer does, errors included.
  absl::Status Step(const Feed& feed, size_t limit) {
    auto at = io_.Run(ledger_.Load());
    if (!at.ok()) return at.status();
    std::vector<Change> page = feed.After(*at, limit);
    if (page.empty()) return absl::OkStatus();
    const int64_t last = page.back().seq;
    return io_.Run(ledger_.Apply(std::move(page), last));
  }
  absl::Status Flush() { return io_.Run(ledger_.Flush(absl::InfiniteFuture())); }
  bool AtEnd(const Feed& feed) {
    auto at = io_.Run(ledger_.Load());
    return at.ok() && *at == static_cast<int64_t>(feed.events.size());
  }
  Ledger& ledger() { return ledger_; }

 private:
  testing::IoThreads& io_;
  Ledger ledger_;
};

Figures InTable(db::Database& database, const Subject& subject,
                const std::vector<Segment>& segments = {Segment{}}) {
  Figures figures;
  const absl::Status status = database.RunBlocking([&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(figures, ReadFigures(c, subject, segments));
    return absl::OkStatus();
  });
  REQUIRE_THAT(status, IsOk());
  return figures;
}

void CheckTable(db::Database& database, const Feed& feed) {
  const base::TenantId tenant("t1");
  const auto of_tenant = [](const Call& c) { return c.tenant == "t1"; };
  CHECK(SameFigures(InTable(database, Subject{tenant, Dimension::kTenant, ""}),
                    feed.calls.Count(of_tenant)));
  CHECK(SameFigures(InTable(database, Subject{tenant, Dimension::kAgent, "a1"}),
                    feed.calls.Count([&](const Call& c) {
                      return of_tenant(c) && c.agent == "a1" && c.status != kInitiated;
                    })));
  const absl::Time from = absl::FromUnixSeconds(1764700000) + absl::Hours(10);
  const absl::Time to = from + absl::Hours(50);
  CHECK(SameFigures(InTable(database, Subject{tenant, Dimension::kTenant, ""}, Cover(from, to)),
                    feed.calls.Count([&](const Call& c) {
                      return of_tenant(c) && c.created_at >= HourOf(from) &&
                             c.created_at < HourUp(to);
                    })));
}

TEST_CASE("random changes in random pages, with restarts between, count exactly once") {
  const unsigned seed = GENERATE(1u, 2u, 3u, 4u);
  testing::IoThreads io(1);
  auto database = MariaDb::Shared().OpenFresh();
  Feed feed(seed);
  auto follower = std::make_unique<Follower>(io, *database);
  for (int round = 0; round < 60; ++round) {
    feed.Grow(feed.calls.Number(20));
    REQUIRE_THAT(follower->Step(feed, static_cast<size_t>(1 + feed.calls.Number(30))), IsOk());
    const int luck = feed.calls.Number(9);
    if (luck < 3) REQUIRE_THAT(follower->Flush(), IsOk());
    if (luck == 9) {  // a crash: what was not written is told again
      follower.reset();
      follower = std::make_unique<Follower>(io, *database);
    }
  }
  while (!follower->AtEnd(feed)) REQUIRE_THAT(follower->Step(feed, 100), IsOk());
  const auto memory = follower->ledger().Totals(base::TenantId("t1"));
  REQUIRE_THAT(memory.status(), IsOk());
  CHECK(SameFigures(*memory, feed.calls.Count([](const Call& c) { return c.tenant == "t1"; })));
  REQUIRE_THAT(follower->Flush(), IsOk());
  CheckTable(*database, feed);
}

TEST_CASE("a page that is told twice counts once") {
  testing::IoThreads io(1);
  auto database = MariaDb::Shared().OpenFresh();
  Feed feed(5);
  feed.Grow(50);
  Ledger ledger(*database, base::SystemClock());
  REQUIRE_THAT(io.Run(ledger.Load()).status(), IsOk());
  REQUIRE_THAT(io.Run(ledger.Apply(feed.After(0, 40), 40)), IsOk());
  REQUIRE_THAT(io.Run(ledger.Apply(feed.After(0, 50), 50)), IsOk());
  REQUIRE_THAT(io.Run(ledger.Flush(absl::InfiniteFuture())), IsOk());
  CheckTable(*database, feed);
}

TEST_CASE("before the first load there are no figures, and no change is taken") {
  testing::IoThreads io(1);
  auto database = MariaDb::Shared().OpenFresh();
  Ledger ledger(*database, base::SystemClock());
  CHECK_THAT(ledger.Totals(base::TenantId("t")).status(), HasError(base::kUnavailable));
  std::vector<Change> none;
  CHECK_THAT(io.Run(ledger.Apply(std::move(none), 3)), HasError(base::kConflict));
  CHECK_THAT(io.Run(ledger.Flush(absl::InfiniteFuture())), IsOk());
  REQUIRE_THAT(io.Run(ledger.Load()).status(), IsOk());
  CHECK(ledger.Totals(base::TenantId("nobody")).value().total_calls() == 0);
}

TEST_CASE("two processes that follow the same feed count each change once together") {
  testing::IoThreads io(2);
  auto database = MariaDb::Shared().OpenFresh();
  Feed feed(9);
  feed.Grow(2000);
  // Gives the errors that tell of no conflict: Catch counts in one thread only.
  const auto follow = [&](size_t limit) {
    std::vector<absl::Status> faults;
    Follower follower(io, *database);
    // Conflicts are told as errors and lead to a new look at the cursor.
    while (!follower.AtEnd(feed) || !follower.Flush().ok()) {
      for (const absl::Status& status : {follower.Step(feed, limit), follower.Flush()}) {
        if (!status.ok() && !base::IsError(status, base::kConflict)) faults.push_back(status);
      }
    }
    return faults;
  };
  auto other = std::async(std::launch::async, [&] { return follow(37); });
  for (const absl::Status& fault : follow(53)) CHECK_THAT(fault, IsOk());
  for (const absl::Status& fault : other.get()) CHECK_THAT(fault, IsOk());
  CheckTable(*database, feed);
}

TEST_CASE("a write whose answer was lost is not repeated") {
  auto database = MariaDb::Shared().OpenFresh();
  Feed feed(11);
  feed.Grow(30);
  Deltas deltas;
  for (const Change& change : feed.events) Fold(change, deltas);
  const absl::Time now = absl::FromUnixSeconds(1764757800);
  WriteOutcome outcome = WriteOutcome::kConflict;
  const auto write = [&](int64_t from, int64_t to) {
    REQUIRE_THAT(database->RunBlocking([&](db::Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(outcome, WriteDeltas(c, deltas, from, to, now));
      return absl::OkStatus();
    }),
                 IsOk());
    return outcome;
  };
  REQUIRE_THAT(
      database->RunBlocking([&](db::Connection& c) { return ReadSnapshot(c, now).status(); }),
      IsOk());
  CHECK(write(0, 30) == WriteOutcome::kWritten);
  CHECK(write(0, 30) == WriteOutcome::kWrittenBefore);
  CHECK(write(0, 40) == WriteOutcome::kConflict);
  CheckTable(*database, feed);
}

TEST_CASE("kill -9 of mariadbd costs errors only; every change is counted once afterwards") {
  testing::IoThreads io(1);
  MariaDb server(MariaDb::Options{.durable = true});
  auto database = server.Open(server.NewSchema());
  Feed feed(13);
  Follower follower(io, *database);
  for (int round = 0; round < 3; ++round) {
    feed.Grow(200);
    std::thread killer([&] { server.Kill9(); });
    for (int i = 0; i < 5; ++i) {
      const absl::Status step = follower.Step(feed, 20);
      const absl::Status flush = follower.Flush();
      if (!step.ok()) CHECK_THAT(step, HasError(base::kUnavailable));
      if (!flush.ok()) CHECK_THAT(flush, HasError(base::kUnavailable));
    }
    killer.join();
    server.Start();
    // A connection that was tried for long in vain is not tried again at once.
    testing::Eventually([&] {
      absl::Status status = follower.Step(feed, 50);
      if (status.ok()) status = follower.Flush();
      return !status.ok() ? std::string(status.ToString()) : follower.AtEnd(feed) ? "" : "behind";
    });
    CheckTable(*database, feed);
  }
}

}  // namespace
}  // namespace ctc::stats
