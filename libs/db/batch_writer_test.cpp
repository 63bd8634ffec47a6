// What the batch writer promises, against a real MariaDB.
#include "libs/db/batch_writer.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <mutex>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"

namespace ctc::db {
namespace {

using testing::HasError;
using testing::IsOk;
using testing::MariaDb;
using Writer = BatchWriter<int64_t, int64_t>;

constexpr char kInsert[] = "INSERT INTO item (id)";

void CreateTable(Database& database) {
  REQUIRE_THAT(database.RunBlocking([](Connection& c) {
    return c.Execute("CREATE TABLE item (id BIGINT PRIMARY KEY, at BIGINT) ENGINE=InnoDB").status();
  }),
               IsOk());
}

// Inserts all ids; answers each with its own number. A negative id is refused as a single item.
absl::Status InsertAll(Connection& c, std::vector<int64_t>& items, Writer::Results& results) {
  Params params;
  for (const int64_t id : items) {
    if (id >= 0) params.emplace_back(id);
    if (id >= 0) {
      results.emplace_back(id * 10);
    } else {
      results.emplace_back(base::InvalidField("id", "negative"));
    }
  }
  return c.ExecuteRows(kInsert, 1, params).status();
}

std::vector<int64_t> StoredIds(Database& database) {
  std::vector<int64_t> ids;
  REQUIRE_THAT(database.RunBlocking([&](Connection& c) -> absl::Status {
    ids.clear();
    CTC_ASSIGN_OR_RETURN(const Rows rows, c.Query("SELECT id FROM item ORDER BY id"));
    for (const Row& row : rows) ids.push_back(row.Int(0));
    return absl::OkStatus();
  }),
               IsOk());
  return ids;
}

// Holds the writer's first batch until opened, so that the next ones collect behind it.
class Gate {
 public:
  void Pass() {
    ++arrived_;
    opened_.get_future().share().wait();
  }
  void Open() { opened_.set_value(); }
  bool arrived() const { return arrived_ > 0; }

 private:
  std::atomic<int> arrived_{0};
  std::promise<void> opened_;
};

struct Fixture {
  Fixture() : database(MariaDb::Shared().Open(MariaDb::Shared().NewEmptySchema())) {
    CreateTable(*database);
  }
  // A writer whose first batch waits at `gate`.
  std::unique_ptr<Writer> MakeGated(BatchOptions options) {
    return std::make_unique<Writer>(
        *database, std::move(options),
        [this](Connection& c, std::vector<int64_t>& items, Writer::Results& results) {
          if (!gate.arrived()) gate.Pass();
          sizes.push_back(items.size());
          return InsertAll(c, items, results);
        });
  }
  std::future<absl::StatusOr<int64_t>> Write(Writer& writer, int64_t id,
                                             absl::Time deadline = absl::InfiniteFuture(),
                                             Urgency urgency = Urgency::kNow) {
    return asio::co_spawn(io.context(), writer.Write(id, deadline, urgency), asio::use_future);
  }
  std::future<absl::StatusOr<int64_t>> WriteSoon(Writer& writer, int64_t id) {
    return Write(writer, id, absl::InfiniteFuture(), Urgency::kSoon);
  }

  testing::IoThreads io{2};  // outlives what resumes on it
  std::unique_ptr<Database> database;
  Gate gate;
  std::vector<size_t> sizes;
};

TEST_CASE_METHOD(Fixture, "what waits while a batch commits is committed together, in order") {
  auto writer = MakeGated({.name = "order"});
  auto first = Write(*writer, 1);
  testing::EventuallyTrue([&] { return gate.arrived(); }, "the first batch began");
  asio::any_io_executor strand = asio::make_strand(io.context());
  std::vector<std::future<absl::StatusOr<int64_t>>> rest;
  for (int64_t id = 2; id <= 51; ++id) {
    rest.push_back(
        asio::co_spawn(strand, writer->Write(id, absl::InfiniteFuture()), asio::use_future));
  }
  asio::co_spawn(strand, []() -> Task<void> { co_return; }(), asio::use_future).get();
  gate.Open();
  CHECK(first.get().value() == 10);
  for (size_t i = 0; i < rest.size(); ++i) {
    CHECK(rest[i].get().value() == static_cast<int64_t>(i + 2) * 10);
  }
  CHECK(sizes == std::vector<size_t>{1, 50});
  CHECK(StoredIds(*database).size() == 51);
}

TEST_CASE_METHOD(Fixture, "what nobody waits for gathers until there is enough of it") {
  gate.Open();
  auto writer = MakeGated({.name = "gather", .gather = 3, .patience = absl::Hours(1)});
  auto first = WriteSoon(*writer, 1);
  auto second = WriteSoon(*writer, 2);
  CHECK(Write(*writer, 10).get().value() == 100);  // not kept waiting by them
  CHECK(first.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
  auto third = WriteSoon(*writer, 3);
  CHECK(first.get().value() == 10);
  CHECK(second.get().value() == 20);
  CHECK(third.get().value() == 30);
  CHECK(sizes == std::vector<size_t>{1, 3});
}

TEST_CASE_METHOD(Fixture, "what nobody waits for is written when its patience is over") {
  gate.Open();
  auto writer = MakeGated({.name = "patience", .patience = absl::Milliseconds(1)});
  CHECK(WriteSoon(*writer, 1).get().value() == 10);
}

TEST_CASE_METHOD(Fixture, "what nobody waits for is written before the writer ends") {
  gate.Open();
  auto writer = MakeGated({.name = "end", .patience = absl::Hours(1)});
  asio::any_io_executor strand = asio::make_strand(io.context());
  auto last = asio::co_spawn(strand, writer->Write(1, absl::InfiniteFuture(), Urgency::kSoon),
                             asio::use_future);
  asio::co_spawn(strand, []() -> Task<void> { co_return; }(), asio::use_future).get();
  writer.reset();
  CHECK(last.get().value() == 10);
}

TEST_CASE("a batch that may be committed twice does not see the server's restart") {
  testing::IoThreads io;
  MariaDb server(MariaDb::Options{.durable = true});
  auto database = server.Open(server.NewEmptySchema());
  CreateTable(*database);
  const bool repeatable = GENERATE(true, false);
  Writer writer(*database, {.name = "restart", .repeatable = repeatable},
                [](Connection& c, std::vector<int64_t>& items, Writer::Results& results) {
                  RowsText rows("INSERT INTO item (id)", "ON DUPLICATE KEY UPDATE id = VALUES(id)");
                  for (const int64_t id : items) {
                    rows.BeginRow();
                    rows.Add(id);
                    rows.EndRow();
                    results.emplace_back(id);
                  }
                  return c.ExecuteAll(std::move(rows).Finish(), Ending::kCommit);
                });
  CHECK_THAT(io.Run(writer.Write(1, absl::InfiniteFuture())).status(), IsOk());
  server.Kill9();
  server.Start();
  const absl::Status after = io.Run(writer.Write(2, absl::InfiniteFuture())).status();
  if (repeatable) {
    CHECK_THAT(after, IsOk());
    CHECK(StoredIds(*database) == std::vector<int64_t>{1, 2});
  } else {
    CHECK_THAT(after, HasError(base::kUnavailable));  // it might have been committed
  }
}

TEST_CASE_METHOD(Fixture, "one bad row fails alone, its neighbours are committed") {
  auto writer = MakeGated({.name = "isolation"});
  auto first = Write(*writer, 1);
  testing::EventuallyTrue([&] { return gate.arrived(); }, "the first batch began");
  auto good = Write(*writer, 2);
  auto bad = Write(*writer, 1);       // a duplicate: an error of the statement
  auto refused = Write(*writer, -5);  // an error of the item
  auto good_too = Write(*writer, 3);
  gate.Open();
  CHECK(first.get().ok());
  CHECK(good.get().value() == 20);
  CHECK_THAT(bad.get().status(), HasError(base::kAlreadyExists));
  CHECK_THAT(refused.get().status(), HasError(base::kValidationFailed));
  CHECK(good_too.get().value() == 30);
  CHECK(StoredIds(*database) == std::vector<int64_t>{1, 2, 3});
}

TEST_CASE_METHOD(Fixture, "a full queue refuses at once and a late item is not begun") {
  auto writer = MakeGated({.name = "full", .queue_limit = 2});
  auto first = Write(*writer, 1);
  testing::EventuallyTrue([&] { return gate.arrived(); }, "the first batch began");
  asio::any_io_executor strand = asio::make_strand(io.context());
  auto late = asio::co_spawn(strand, writer->Write(2, absl::InfinitePast()), asio::use_future);
  auto timely = asio::co_spawn(strand, writer->Write(3, absl::InfiniteFuture()), asio::use_future);
  auto refused = asio::co_spawn(strand, writer->Write(4, absl::InfiniteFuture()), asio::use_future);
  CHECK_THAT(refused.get().status(), HasError(base::kOverloaded));
  gate.Open();
  CHECK_THAT(late.get().status(), HasError(base::kDeadlineExceeded));
  CHECK(timely.get().ok());
  CHECK(first.get().ok());
  CHECK(StoredIds(*database) == std::vector<int64_t>{1, 3});
}

TEST_CASE_METHOD(Fixture, "the destructor finishes what is queued") {
  auto writer = MakeGated({.name = "finish"});
  auto first = Write(*writer, 1);
  testing::EventuallyTrue([&] { return gate.arrived(); }, "the first batch began");
  asio::any_io_executor strand = asio::make_strand(io.context());
  auto second = asio::co_spawn(strand, writer->Write(2, absl::InfiniteFuture()), asio::use_future);
  asio::co_spawn(strand, []() -> Task<void> { co_return; }(), asio::use_future).get();
  std::thread destroy([&] { writer.reset(); });
  gate.Open();
  destroy.join();
  CHECK(first.get().ok());
  CHECK(second.get().ok());
}

TEST_CASE_METHOD(Fixture, "after-commit sees the results before the callers do") {
  std::atomic<int64_t> seen{0};
  Writer writer(*database, {.name = "after"}, InsertAll,
                [&](std::vector<int64_t>& items, Writer::Results& results) {
                  seen = items[0] + results[0].value();
                });
  CHECK(Write(writer, 5).get().value() == 50);
  CHECK(seen == 55);
}

TEST_CASE_METHOD(Fixture, "a write that answers too few or throws is an internal error") {
  Writer too_few(
      *database, {.name = "few"},
      [](Connection&, std::vector<int64_t>&, Writer::Results&) { return absl::OkStatus(); });
  CHECK_THAT(Write(too_few, 1).get().status(), HasError(base::kInternal));
  Writer throwing(*database, {.name = "throw"},
                  [](Connection&, std::vector<int64_t>&, Writer::Results&) -> absl::Status {
                    throw std::runtime_error("thrown");
                  });
  CHECK_THAT(Write(throwing, 1).get().status(), HasError(base::kInternal));
}

TEST_CASE_METHOD(Fixture, "batches that deadlock with other work succeed in the end") {
  CHECK(Write(*std::make_unique<Writer>(*database, BatchOptions{.name = "seed"}, InsertAll), 1)
            .get()
            .ok());
  std::atomic<int> failures{0};
  const auto update = [](Connection& c, std::vector<int64_t>& items, Writer::Results& results) {
    for (const int64_t id : items) {
      CTC_RETURN_IF_ERROR(
          c.Execute("INSERT INTO item (id, at) VALUES (?, 0) ON DUPLICATE KEY UPDATE at = at + 1",
                    {id})
              .status());
      results.emplace_back(id);
    }
    return absl::OkStatus();
  };
  Writer one(*database, {.name = "one"}, update);
  Writer two(*database, {.name = "two"}, update);
  std::vector<std::future<absl::StatusOr<int64_t>>> writes;
  for (int64_t i = 0; i < 400; ++i) {
    writes.push_back(Write(i % 2 == 0 ? one : two, (i * 7) % 5));
  }
  for (auto& write : writes) {
    if (!write.get().ok()) ++failures;
  }
  CHECK(failures == 0);
}

// What was answered with OK must be there; what failed may or may not, once.
TEST_CASE("kill -9 of mariadbd in mid-load loses nothing that was answered, and work goes on") {
  testing::IoThreads io(2);
  MariaDb server(MariaDb::Options{.durable = true});
  auto database = server.Open(server.NewEmptySchema());
  CreateTable(*database);
  Writer writer(*database, {.name = "crash"}, InsertAll);
  std::atomic<int64_t> next{1};
  std::atomic<bool> stop{false};
  std::atomic<int> unavailable{0};
  std::mutex mutex;
  std::vector<int64_t> answered;
  std::vector<std::string> odd;
  const auto caller = [&]() -> Task<void> {
    while (!stop) {
      const int64_t id = next++;
      const absl::StatusOr<int64_t> result = co_await writer.Write(id, absl::InfiniteFuture());
      const std::lock_guard<std::mutex> lock(mutex);
      if (result.ok()) {
        answered.push_back(id);
      } else if (base::IsError(result.status(), base::kUnavailable)) {
        ++unavailable;
      } else {
        odd.emplace_back(result.status().ToString());
      }
    }
  };
  std::vector<std::future<void>> callers;
  for (int i = 0; i < 16; ++i) {
    callers.push_back(asio::co_spawn(io.context(), caller(), asio::use_future));
  }
  const auto count = [&] {
    const std::lock_guard<std::mutex> lock(mutex);
    return answered.size();
  };
  testing::EventuallyTrue([&] { return count() > 200; }, "200 writes");
  server.Kill9();
  testing::EventuallyTrue([&] { return unavailable > 0; }, "callers hear of it");
  server.Start();
  const size_t before = count();
  testing::EventuallyTrue([&] { return count() > before + 200; }, "200 more writes");
  stop = true;
  for (auto& future : callers) future.get();
  CHECK(odd.empty());
  const std::vector<int64_t> stored = StoredIds(*database);
  std::sort(answered.begin(), answered.end());
  CHECK(std::includes(stored.begin(), stored.end(), answered.begin(), answered.end()));
}

}  // namespace
}  // namespace ctc::db
