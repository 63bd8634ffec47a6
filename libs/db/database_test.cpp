// What the database library promises, against a real MariaDB.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"

namespace ctc::db {
namespace {

using testing::HasCode;
using testing::HasError;
using testing::IsOk;
using testing::MariaDb;

std::unique_ptr<Database> FreshWithTable(int connections = 4) {
  auto& server = MariaDb::Shared();
  auto database = server.Open(server.NewEmptySchema(), connections);
  REQUIRE_THAT(database->RunBlocking([](Connection& c) {
    return c
        .Execute(
            "CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(64) CHARACTER SET utf8mb4,"
            " body MEDIUMBLOB, at DATETIME(3), ratio DOUBLE, big BIGINT, hash BINARY(4),"
            " UNIQUE KEY uq_name (name)) ENGINE=InnoDB")
        .status();
  }),
               IsOk());
  return database;
}

int64_t CountItems(Database& database) {
  int64_t count = -1;
  const absl::Status status = database.RunBlocking([&](Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const Rows rows, c.Query("SELECT COUNT(*) FROM item"));
    count = rows[0].Int(0);
    return absl::OkStatus();
  });
  REQUIRE_THAT(status, IsOk());
  return count;
}

absl::Status Insert(Connection& c, int64_t id, std::string name) {
  return c.Execute("INSERT INTO item (id, name) VALUES (?, ?)", {id, std::move(name)}).status();
}

TEST_CASE("each type of value comes back as it was bound") {
  auto database = FreshWithTable();
  const absl::Time at = absl::FromUnixMillis(1764757800123);
  std::string blob(300000, 'x');
  for (size_t i = 0; i < blob.size(); ++i) blob[i] = static_cast<char>(i * 7);
  const std::string text = "a'b\"c\\ \xF0\x9F\x93\x9E \xC3\xBC";
  const std::string hash("\x00\xFF\x27\x01", 4);
  const int64_t big = std::numeric_limits<int64_t>::min() + 1;
  Rows rows;
  REQUIRE_THAT(database->RunBlocking([&](Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(c.Execute("INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?)",
                                  {int64_t{1}, text, blob, at, 0.1, big, hash})
                            .status());
    CTC_RETURN_IF_ERROR(c.Execute("INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?)",
                                  {int64_t{2}, Null{}, TextOrNull(""), absl::InfiniteFuture(),
                                   OrNull(std::nullopt), Null{}, Null{}})
                            .status());
    CTC_ASSIGN_OR_RETURN(rows,
                         c.Query("SELECT * FROM item WHERE id > ? ORDER BY id", {int64_t{0}}));
    return absl::OkStatus();
  }),
               IsOk());
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].Int(0) == 1);
  CHECK(rows[0].Text(1) == text);
  CHECK((rows[0].Text(2) == blob));
  CHECK(rows[0].Time(3) == at);
  CHECK(rows[0].Double(4) == 0.1);
  CHECK(rows[0].Int(5) == big);
  CHECK((rows[0].Text(6) == hash));
  for (size_t i = 1; i < 7; ++i) CHECK(rows[1].IsNull(i));
  CHECK(rows[1].Text(1).empty());
  CHECK(rows[1].Int(5) == 0);
  CHECK(rows[1].Time(3) == absl::InfinitePast());
}

TEST_CASE("a statement without parameters reads the same values as a prepared one") {
  auto database = FreshWithTable();
  const absl::Time at = absl::FromUnixMillis(-1500);
  Rows prepared, plain;
  REQUIRE_THAT(database->RunBlocking([&](Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(c.Execute("INSERT INTO item (id, at, hash) VALUES (?, ?, ?)",
                                  {int64_t{1}, at, std::string("\xFF\x00\x01\x02", 4)})
                            .status());
    CTC_ASSIGN_OR_RETURN(prepared, c.Query("SELECT * FROM item WHERE id = ?", {int64_t{1}}));
    CTC_ASSIGN_OR_RETURN(plain, c.Query("SELECT * FROM item"));
    return absl::OkStatus();
  }),
               IsOk());
  CHECK(prepared[0].Time(3) == at);
  CHECK(plain[0].Time(3) == at);
  CHECK(plain[0].Text(6) == prepared[0].Text(6));
}

TEST_CASE("a failed work leaves nothing behind") {
  auto database = FreshWithTable();
  const absl::Status status = database->RunBlocking([](Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(Insert(c, 1, "a"));
    return absl::InternalError("no");
  });
  CHECK_THAT(status, HasCode(absl::StatusCode::kInternal));
  CHECK(CountItems(*database) == 0);
}

TEST_CASE("a work that throws is an internal error and leaves nothing behind") {
  auto database = FreshWithTable();
  const absl::Status status = database->RunBlocking([](Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(Insert(c, 1, "a"));
    throw std::runtime_error("thrown");
  });
  CHECK_THAT(status, HasError(base::kInternal));
  CHECK(CountItems(*database) == 0);
}

TEST_CASE("a duplicate names its index and never its value") {
  auto database = FreshWithTable();
  const absl::Status status = database->RunBlocking([](Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(Insert(c, 1, "secret"));
    return Insert(c, 2, "secret");
  });
  CHECK_THAT(status, HasError(base::kAlreadyExists));
  CHECK(DuplicateKeyOf(status) == "uq_name");
  CHECK(status.ToString().find("secret") == std::string::npos);
  CHECK(DuplicateKeyOf(absl::OkStatus()).empty());
}

TEST_CASE("an error of the statement is internal and carries its number only") {
  auto database = FreshWithTable();
  const absl::Status status = database->RunBlocking([](Connection& c) {
    return c.Query("SELECT nothing FROM item WHERE id = ?", {int64_t{7}}).status();
  });
  CHECK_THAT(status, HasError(base::kInternal));
  CHECK(status.message() == "database error 1054");
}

TEST_CASE("values that a column never takes are told from all other errors") {
  auto database = FreshWithTable();
  const auto after = [&](std::string_view sql, const Params& params) {
    return database->RunBlocking(
        [&](Connection& c) -> absl::Status { return c.Execute(sql, params).status(); });
  };
  constexpr std::string_view kNamed = "INSERT INTO item (id, name) VALUES (?, ?)";
  CHECK(IsDataError(after(kNamed, {int64_t{1}, std::string(5000, 'x')})));
  CHECK(IsDataError(after(kNamed, {Null{}, std::string("b")})));
  REQUIRE_THAT(after(kNamed, {int64_t{1}, std::string("a")}), IsOk());
  CHECK_FALSE(IsDataError(after(kNamed, {int64_t{2}, std::string("a")})));
  CHECK_FALSE(IsDataError(after("INSERT INTO nowhere (id) VALUES (?)", {int64_t{1}})));
  CHECK_FALSE(IsDataError(absl::OkStatus()));
}

TEST_CASE("a filter with characters that the column never has is the client's fault") {
  auto database = FreshWithTable();
  const absl::Status asked = database->RunBlocking([](Connection& c) -> absl::Status {
    return c
        .Query(
            "SELECT 1 FROM (SELECT CAST('a' AS CHAR CHARACTER SET ascii) AS state) t"
            " WHERE state = ?",
            {std::string("ü")})
        .status();
  });
  CHECK_THAT(asked, HasError(base::kValidationFailed));
}

TEST_CASE("an update counts matched rows, changed or not") {
  auto database = FreshWithTable();
  int64_t matched = 0;
  REQUIRE_THAT(database->RunBlocking([&](Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(Insert(c, 1, "a"));
    CTC_ASSIGN_OR_RETURN(matched, c.Execute("UPDATE item SET name = ? WHERE id = ?",
                                            {std::string("a"), int64_t{1}}));
    return absl::OkStatus();
  }),
               IsOk());
  CHECK(matched == 1);
}

TEST_CASE("any number of rows is inserted in order") {
  const int count = GENERATE(0, 1, 3, 4, 63, 64, 65, 300);
  auto database = FreshWithTable();
  Params params;
  for (int64_t i = 0; i < count; ++i) {
    params.emplace_back(i);
    params.emplace_back("n" + std::to_string(i));
  }
  REQUIRE_THAT(database->RunBlocking([&](Connection& c) {
    return c
        .ExecuteRows("INSERT INTO item (id, name)", 2, params,
                     "ON DUPLICATE KEY UPDATE name = VALUES(name)")
        .status();
  }),
               IsOk());
  CHECK(CountItems(*database) == count);
}

TEST_CASE("work runs on the pool and resumes on the caller's executor") {
  testing::IoThreads io(2);
  auto database = FreshWithTable();
  bool same_executor = false;
  auto task = [&]() -> Task<absl::Status> {
    const asio::any_io_executor before = co_await asio::this_coro::executor;
    const std::thread::id io_thread = std::this_thread::get_id();
    std::thread::id work_thread;
    absl::Status status = co_await database->Run(absl::InfiniteFuture(), [&](Connection& c) {
      work_thread = std::this_thread::get_id();
      return Insert(c, 1, "a");
    });
    same_executor = before == co_await asio::this_coro::executor && work_thread != io_thread;
    co_return status;
  };
  CHECK_THAT(io.Run(task()), IsOk());
  CHECK(same_executor);
  CHECK(CountItems(*database) == 1);
}

TEST_CASE("a deadlocked work is run again as a whole until it succeeds") {
  auto database = FreshWithTable(2);
  REQUIRE_THAT(database->RunBlocking([](Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(Insert(c, 1, "a"));
    return Insert(c, 2, "b");
  }),
               IsOk());
  std::atomic<int> holding{0}, runs{0};
  // Each takes one row, waits until the other has its own, then wants the other's.
  const auto cross = [&](int64_t first, int64_t second) {
    return [&, first, second](Connection& c) -> absl::Status {
      ++runs;
      const std::string update = "UPDATE item SET big = COALESCE(big, 0) + 1 WHERE id = ?";
      CTC_RETURN_IF_ERROR(c.Execute(update, {first}).status());
      if (holding < 2) {
        ++holding;
        while (holding < 2) std::this_thread::yield();
      }
      return c.Execute(update, {second}).status();
    };
  };
  const Work forward = cross(1, 2);
  const Work backward = cross(2, 1);
  std::thread other([&] {
    auto worker = database->MakeWorker();
    CHECK_THAT(worker->Run(backward), IsOk());
  });
  const absl::Status status = database->RunBlocking(forward);
  other.join();
  CHECK_THAT(status, IsOk());
  CHECK(runs >= 3);
  REQUIRE_THAT(database->RunBlocking([](Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const Rows rows, c.Query("SELECT SUM(big) FROM item"));
    CHECK(rows[0].Int(0) == 4);
    return absl::OkStatus();
  }),
               IsOk());
}

TEST_CASE("rows that others hold for too long are no conflict of the caller's") {
  auto database = FreshWithTable(2);
  REQUIRE_THAT(database->RunBlocking([](Connection& c) { return Insert(c, 1, "a"); }), IsOk());
  const std::string update = "UPDATE item SET name = 'b' WHERE id = 1";
  int runs = 0;
  auto other = database->MakeWorker();
  const absl::Status held = other->Run([&](Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(c.Execute(update).status());
    const absl::Status refused = database->RunBlocking([&](Connection& mine) -> absl::Status {
      ++runs;
      CTC_RETURN_IF_ERROR(mine.Execute("SET innodb_lock_wait_timeout = 0").status());
      return mine.Execute(update).status();
    });
    CHECK_THAT(refused, HasError(base::kDatabaseBusy));
    CHECK(absl::IsAborted(refused));
    return absl::OkStatus();
  });
  CHECK_THAT(held, IsOk());
  CHECK(runs == 4);
}

TEST_CASE("an aborted work of the caller's own is not run again") {
  auto database = FreshWithTable();
  int runs = 0;
  const absl::Status status = database->RunBlocking([&](Connection&) {
    ++runs;
    return base::MakeError(base::kConflict, "version");
  });
  CHECK_THAT(status, HasError(base::kConflict));
  CHECK(runs == 1);
}

TEST_CASE("a full queue refuses, and a passed deadline is told before the work begins") {
  auto& server = MariaDb::Shared();
  Config config;
  config.url = server.NewEmptySchema();
  config.connections = 1;
  config.connect_timeout = absl::Seconds(30);
  config.queue_limit = 2;
  testing::IoThreads io(1);
  auto opened = Database::Open(config);
  REQUIRE_THAT(opened.status(), IsOk());
  Database& database = **opened;
  std::atomic<bool> entered{false}, release{false}, late_ran{false};
  const Work block = [&](Connection&) {
    entered = true;
    while (!release) std::this_thread::yield();
    return absl::OkStatus();
  };
  const Work late = [&](Connection&) {
    late_ran = true;
    return absl::OkStatus();
  };
  const auto spawn = [&](absl::Time deadline, const Work& work) {
    return asio::co_spawn(io.context(), database.Run(deadline, work), asio::use_future);
  };
  auto first = spawn(absl::InfiniteFuture(), block);
  while (!entered) std::this_thread::yield();
  auto second = spawn(absl::InfinitePast(), late);
  auto third = spawn(absl::InfiniteFuture(), [](Connection&) { return absl::OkStatus(); });
  while (database.queue_depth() < 2) std::this_thread::yield();
  const absl::Status refused = spawn(absl::InfiniteFuture(), block).get();
  CHECK_THAT(refused, HasError(base::kOverloaded));
  CHECK(base::DetailOf(refused).retry_after.has_value());
  release = true;
  CHECK_THAT(first.get(), IsOk());
  CHECK_THAT(second.get(), HasError(base::kDeadlineExceeded));
  CHECK_FALSE(late_ran);
  CHECK_THAT(third.get(), IsOk());
}

TEST_CASE("a statement over the limit is cut off") {
  auto& server = MariaDb::Shared();
  Config config;
  config.url = server.NewEmptySchema();
  config.connect_timeout = absl::Seconds(30);
  config.statement_timeout = absl::Milliseconds(100);
  auto database = Database::Open(config);
  REQUIRE_THAT(database.status(), IsOk());
  CHECK_THAT((*database)->RunBlocking([](Connection& c) {
    return c
        .Query(
            "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b,"
            " information_schema.columns c WHERE SLEEP(1) = 0")
        .status();
  }),
             HasError(base::kDeadlineExceeded));
}

TEST_CASE("sessions speak UTC, read committed and utf8mb4") {
  auto database = FreshWithTable();
  REQUIRE_THAT(database->RunBlocking([](Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const Rows rows,
                         c.Query("SELECT @@time_zone, @@tx_isolation, @@character_set_client, "
                                 "@@autocommit, @@max_statement_time"));
    CHECK(rows[0].Text(0) == "+00:00");
    CHECK(rows[0].Text(1) == "READ-COMMITTED");
    CHECK(rows[0].Text(2) == "utf8mb4");
    CHECK(rows[0].Int(3) == 0);
    CHECK(rows[0].Int(4) == 15);
    return absl::OkStatus();
  }),
               IsOk());
}

TEST_CASE("a database that is away costs errors and comes back without a restart") {
  MariaDb server(MariaDb::Options{.durable = true});
  testing::IoThreads io(1);
  auto database = server.Open(server.NewSchema(), 2);
  CHECK_THAT(io.Run(database->Ping(absl::InfiniteFuture())), IsOk());
  server.Kill9();
  CHECK_THAT(io.Run(database->Ping(absl::InfiniteFuture())), HasError(base::kUnavailable));
  server.Start();
  // A connection whose attempt took long before makes none for half a second.
  testing::EventuallyTrue(
      [&] {
        return io.Run(database->Ping(absl::InfiniteFuture())).ok() &&
               io.Run(database->Ping(absl::InfiniteFuture())).ok();
      },
      "it is back");
}

TEST_CASE("an idle connection that the restarted server forgot is opened again unnoticed") {
  MariaDb server;
  testing::IoThreads io(1);
  auto database = server.Open(server.NewSchema(), 1);
  CHECK_THAT(io.Run(database->Ping(absl::InfiniteFuture())), IsOk());
  server.Kill9();
  server.Start();
  CHECK_THAT(io.Run(database->Ping(absl::InfiniteFuture())), IsOk());
}

TEST_CASE("a url that cannot be meant is refused") {
  const std::string url =
      GENERATE(as<std::string>(), "", "postgres://u@h/d", "mysql://h/d", "mysql://u@h",
               "mysql://u@h:x/d", "mysql://u@h:0/d", "mysql://u@h:70000/d", "mysql://u:pw@h/d",
               "mysql://u@/d", "mysql://u@h/d?socket=/s", "mysql://u@/d?other=1");
  Config config;
  config.url = url;
  CHECK_THAT(Database::Open(config).status(), HasCode(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace ctc::db
