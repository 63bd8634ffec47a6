// Many rows at once, against a real MariaDB: read as given, committed together or not at all.
#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

#include "libs/base/error_catalogue.h"
#include "libs/db/database.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/status_matchers.h"

namespace ctc::db {
namespace {

using testing::HasError;
using testing::IsOk;
using testing::MariaDb;

struct World {
  World() {
    auto& server = MariaDb::Shared();
    database = server.Open(server.NewEmptySchema(), 1);
    REQUIRE_THAT(database->RunBlocking([](Connection& c) {
      return c
          .Execute(
              "CREATE TABLE item (id INT PRIMARY KEY, name TEXT CHARACTER SET utf8mb4,"
              " bytes BLOB) ENGINE=InnoDB")
          .status();
    }),
                 IsOk());
    worker = database->MakeWorker();
  }

  // As another connection sees it.
  int64_t Count() {
    int64_t count = -1;
    REQUIRE_THAT(database->RunBlocking([&](Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(const Rows rows, c.Query("SELECT COUNT(*) FROM item"));
      count = rows[0].Int(0);
      return absl::OkStatus();
    }),
                 IsOk());
    return count;
  }

  std::unique_ptr<Database> database;
  std::unique_ptr<Worker> worker;
};

// A statement for each of `ids`.
std::vector<RowsStatement> Inserts(const std::vector<int>& ids) {
  std::vector<RowsStatement> statements;
  for (const int id : ids) {
    RowsText rows("INSERT INTO item (id)");
    rows.BeginRow();
    rows.Add(id);
    rows.EndRow();
    for (RowsStatement& one : std::move(rows).Finish()) statements.push_back(std::move(one));
  }
  return statements;
}

TEST_CASE("text and bytes come back as they were given") {
  World world;
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  const std::vector<std::string> names = {"",
                                          "plain",
                                          "it's \\ \"quoted\"",
                                          "'; DROP TABLE item; --",
                                          "\xE0\xA4\xA8\xE0\xA4\xAE",
                                          "\xF0\x9F\x93\x9E\n"};
  RowsText rows("INSERT INTO item (id, name, bytes)");
  for (size_t i = 0; i < names.size(); ++i) {
    rows.BeginRow();
    rows.Add(i, names[i], every_byte);
    rows.EndRow();
  }
  const std::vector<RowsStatement> statements = std::move(rows).Finish();
  Rows read;
  REQUIRE_THAT(world.worker->Run([&](Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(c.ExecuteAll(statements, Ending::kStay));
    CTC_ASSIGN_OR_RETURN(read, c.Query("SELECT name, bytes FROM item ORDER BY id"));
    return absl::OkStatus();
  }),
               IsOk());
  REQUIRE(read.size() == names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    CHECK(read[i].Text(0) == names[i]);
    CHECK(read[i].Text(1) == every_byte);
  }
}

TEST_CASE("several statements and their commit are one round trip") {
  World world;
  int64_t seen_before_the_unit_ended = -1;
  REQUIRE_THAT(world.worker->Run([&](Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(c.ExecuteAll(Inserts({1, 2, 3}), Ending::kCommit));
    seen_before_the_unit_ended = world.Count();
    return absl::OkStatus();
  }),
               IsOk());
  CHECK(seen_before_the_unit_ended == 3);
  // The connection is in step with the server.
  CHECK_THAT(
      world.worker->Run([&](Connection& c) { return c.ExecuteAll(Inserts({4}), Ending::kCommit); }),
      IsOk());
  CHECK(world.Count() == 4);
}

TEST_CASE("without statements there is nothing to do but the commit") {
  World world;
  CHECK_THAT(world.worker->Run([&](Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(c.ExecuteAll({}, Ending::kStay));
    CTC_RETURN_IF_ERROR(c.Execute("INSERT INTO item (id) VALUES (?)", {int64_t{1}}).status());
    return c.ExecuteAll({}, Ending::kCommit);
  }),
             IsOk());
  CHECK(world.Count() == 1);
}

TEST_CASE("one that fails stops those behind it, and the commit") {
  World world;
  const std::vector<int> ids = GENERATE(std::vector<int>{1, 1, 2}, std::vector<int>{1, 2, 2});
  CHECK_THAT(
      world.worker->Run([&](Connection& c) { return c.ExecuteAll(Inserts(ids), Ending::kCommit); }),
      HasError(base::kAlreadyExists));
  CHECK(world.Count() == 0);
  // After a refusal the unit may do something else instead.
  CHECK_THAT(world.worker->Run([&](Connection& c) -> absl::Status {
    CHECK(DuplicateKeyOf(c.ExecuteAll(Inserts(ids), Ending::kCommit)) == "PRIMARY");
    return c.Execute("DELETE FROM item").status();
  }),
             IsOk());
  CHECK(world.Count() == 0);
}

TEST_CASE("progress is told of each statement that is done, and of no other") {
  World world;
  std::vector<size_t> told;
  const auto run = [&](const std::vector<int>& ids) {
    told.clear();
    return world.worker->Run([&](Connection& c) {
      return c.ExecuteAll(Inserts(ids), Ending::kCommit,
                          [&](size_t done) { told.push_back(done); });
    });
  };
  CHECK_THAT(run({1, 2, 3}), IsOk());
  CHECK(told == std::vector<size_t>{1, 2, 3});
  CHECK_THAT(run({4, 1, 5}), HasError(base::kAlreadyExists));
  CHECK(told == std::vector<size_t>{1});
}

TEST_CASE("a connection that died while nobody used it is opened again unnoticed") {
  World world;
  std::string connection;
  REQUIRE_THAT(world.worker->Run([&](Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const Rows rows, c.Query("SELECT CAST(CONNECTION_ID() AS CHAR)"));
    connection = rows[0].Text(0);
    return absl::OkStatus();
  }),
               IsOk());
  REQUIRE_THAT(world.database->RunBlocking(
                   [&](Connection& c) { return c.Execute("KILL " + connection).status(); }),
               IsOk());
  // lint-allow(sleep): to be unused for so long is what is tested
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  CHECK_THAT(world.worker->Run(
                 [&](Connection& c) { return c.ExecuteAll(Inserts({1, 2}), Ending::kCommit); }),
             IsOk());
  CHECK(world.Count() == 2);
}

TEST_CASE("a connection of the pool takes one statement at a time") {
  World world;
  CHECK_FALSE(world.database
                  ->RunBlocking(
                      [&](Connection& c) { return c.ExecuteAll(Inserts({1, 2}), Ending::kCommit); })
                  .ok());
  CHECK(world.Count() == 0);
}

}  // namespace
}  // namespace ctc::db
