// Two lanes of a batch writer, against a real MariaDB: what overlaps, and in which order it is
// told.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <mutex>

#include "libs/base/error_catalogue.h"
#include "libs/db/batch_writer.h"
#include "libs/testing/eventually.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"

namespace ctc::db {
namespace {

using testing::IsOk;
using testing::MariaDb;
using Writer = BatchWriter<int64_t, int64_t>;
using Ids = std::vector<int64_t>;

struct Lanes {
  Lanes() : database(MariaDb::Shared().Open(MariaDb::Shared().NewEmptySchema())) {
    REQUIRE_THAT(database->RunBlocking([](Connection& c) {
      return c.Execute("CREATE TABLE item (id BIGINT PRIMARY KEY, at BIGINT) ENGINE=InnoDB")
          .status();
    }),
                 IsOk());
  }

  // Item 1 waits behind its turn until `opened`; then `first` tells how its first time ends.
  std::unique_ptr<Writer> MakeWriter(absl::Status first) {
    return std::make_unique<Writer>(
        *database, BatchOptions{.name = "lanes", .lanes = 2},
        [this, first](Connection& c, Ids& items, Writer::Results& results,
                      Turn& turn) -> absl::Status {
          Note(made, items);
          was_alone.push_back(turn.alone());
          turn.Pass();
          for (const int64_t id : items) {
            if (id == 1) gate.wait();
            results.emplace_back(id * 10);
            CTC_RETURN_IF_ERROR(
                c.Execute("INSERT INTO item (id, at) VALUES (?, 0)", {id}).status());
          }
          const bool again = items.front() == 1 && std::exchange(tried, true);
          if (items.front() != 1 || again) return absl::OkStatus();
          return first;
        },
        [this](Ids& items, Writer::Results&) { Note(published, items); });
  }

  std::future<absl::StatusOr<int64_t>> Write(Writer& writer, int64_t id) {
    return asio::co_spawn(io.context(), writer.Write(id, absl::InfiniteFuture()), asio::use_future);
  }
  void Note(Ids& list, const Ids& items) {
    const std::lock_guard<std::mutex> lock(mutex);
    list.insert(list.end(), items.begin(), items.end());
  }
  Ids Copy(const Ids& list) {
    const std::lock_guard<std::mutex> lock(mutex);
    return list;
  }
  Ids Stored() {
    Ids ids;
    REQUIRE_THAT(database->RunBlocking([&](Connection& c) -> absl::Status {
      ids.clear();
      CTC_ASSIGN_OR_RETURN(const Rows rows, c.Query("SELECT id FROM item ORDER BY id"));
      for (const Row& row : rows) ids.push_back(row.Int(0));
      return absl::OkStatus();
    }),
                 IsOk());
    return ids;
  }

  testing::IoThreads io{2};  // outlives what resumes on it
  std::unique_ptr<Database> database;
  std::promise<void> opened;
  const std::shared_future<void> gate = opened.get_future().share();
  bool tried = false;
  std::mutex mutex;
  Ids made;
  Ids published;
  std::vector<bool> was_alone;  // of whoever had the turn
};

TEST_CASE_METHOD(Lanes, "a batch overtakes in the database and is told in its turn") {
  auto writer = MakeWriter(absl::OkStatus());
  auto first = Write(*writer, 1);
  testing::EventuallyTrue([&] { return Copy(made) == Ids{1}; }, "the first batch was made");
  auto second = Write(*writer, 2);
  testing::EventuallyTrue([&] { return Stored() == Ids{2}; }, "the second batch is committed");
  CHECK(Copy(published).empty());
  CHECK(second.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
  opened.set_value();
  CHECK(first.get().value() == 10);
  CHECK(second.get().value() == 20);
  CHECK(published == Ids{1, 2});
  CHECK(was_alone == std::vector<bool>{true, false});
}

TEST_CASE_METHOD(Lanes, "a batch that meets others after its turn is made again, alone") {
  auto writer = MakeWriter(base::MakeError(base::kConflict, "met another"));
  auto first = Write(*writer, 1);
  testing::EventuallyTrue([&] { return Copy(made) == Ids{1}; }, "the first batch was made");
  auto second = Write(*writer, 2);
  testing::EventuallyTrue([&] { return Stored() == Ids{2}; }, "the second batch is committed");
  opened.set_value();
  CHECK(first.get().value() == 10);
  CHECK(second.get().value() == 20);
  CHECK(published == Ids{2, 1});
  CHECK(was_alone == std::vector<bool>{true, false, true});
  CHECK(Stored() == Ids{1, 2});
}

TEST_CASE_METHOD(Lanes, "lanes that deadlock with each other and with other work succeed") {
  const auto update = [](Connection& c, Ids& items, Writer::Results& results, Turn& turn) {
    turn.Pass();
    for (const int64_t id : items) {
      CTC_RETURN_IF_ERROR(
          c.Execute("INSERT INTO item (id, at) VALUES (?, 1) ON DUPLICATE KEY UPDATE at = at + 1",
                    {id})
              .status());
      results.emplace_back(id);
    }
    return absl::OkStatus();
  };
  {
    Writer one(*database, {.name = "one", .max_batch = 7, .lanes = 2}, update);
    Writer two(*database, {.name = "two", .max_batch = 7, .lanes = 2}, update);
    std::vector<std::future<absl::StatusOr<int64_t>>> writes;
    for (int64_t i = 0; i < 400; ++i) {
      writes.push_back(Write(i % 2 == 0 ? one : two, (i * 7) % 5));
    }
    int failures = 0;
    for (auto& write : writes) failures += write.get().ok() ? 0 : 1;
    CHECK(failures == 0);
  }
  std::string sum;
  REQUIRE_THAT(database->RunBlocking([&](Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const Rows rows, c.Query("SELECT SUM(at) FROM item"));
    sum = rows[0].Text(0);
    return absl::OkStatus();
  }),
               IsOk());
  CHECK(sum == "400");  // each once
}

}  // namespace
}  // namespace ctc::db
