// Migrations on empty and filled databases, interrupted and repeated.
#include "libs/db/migrator.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "libs/db/sql_script.h"
#include "libs/testing/eventually.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/status_matchers.h"

namespace ctc::db {
namespace {

namespace fs = std::filesystem;
using testing::HasCode;
using testing::IsOk;
using testing::MariaDb;

class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/ctc-migrations-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() { fs::remove_all(path_); }
  void Put(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

int64_t Number(Database& database, const std::string& sql) {
  int64_t number = -1;
  REQUIRE_THAT(database.RunBlocking([&](Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const Rows rows, c.Query(sql));
    number = rows[0].Int(0);
    return absl::OkStatus();
  }),
               IsOk());
  return number;
}

absl::Status Execute(Database& database, const std::string& sql) {
  return database.RunBlocking([&](Connection& c) { return c.Execute(sql).status(); });
}

// Every table and column as one text, to compare two schemas.
std::string Shape(Database& database) {
  std::string shape;
  REQUIRE_THAT(database.RunBlocking([&](Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(
        const Rows rows,
        c.Query("SELECT table_name, column_name, column_type, is_nullable, column_key FROM "
                "information_schema.columns WHERE table_schema = DATABASE() "
                "ORDER BY table_name, ordinal_position"));
    for (const Row& row : rows) {
      for (size_t i = 0; i < row.size(); ++i) shape += row.Text(i) + " ";
      shape += "\n";
    }
    return absl::OkStatus();
  }),
               IsOk());
  return shape;
}

std::unique_ptr<Database> OpenEmpty() {
  return MariaDb::Shared().Open(MariaDb::Shared().NewEmptySchema(), 1);
}

TEST_CASE("statements are cut at semicolons outside of quotes and comments") {
  auto statements = SplitStatements(
      "-- a; comment\nINSERT INTO t VALUES ('a;b', \"c;\\\"d\", `e;f`); # x;y\n"
      "/* one; two */ CREATE TABLE x (i INT COMMENT 'it''s');\n;\nUPDATE t SET a = 1");
  REQUIRE_THAT(statements.status(), IsOk());
  REQUIRE(statements->size() == 3);
  CHECK((*statements)[0] == "INSERT INTO t VALUES ('a;b', \"c;\\\"d\", `e;f`)");
  CHECK((*statements)[1] == "CREATE TABLE x (i INT COMMENT 'it''s')");
  CHECK((*statements)[2] == "UPDATE t SET a = 1");
  CHECK(ChangesSchema((*statements)[1]));
  CHECK_FALSE(ChangesSchema((*statements)[0]));
}

TEST_CASE("a script that does not end is refused") {
  const std::string script =
      GENERATE(as<std::string>(), "INSERT 'a", "/* b", "SELECT `c", "DELIMITER //\nSELECT 1//");
  CHECK_THAT(SplitStatements(script).status(), HasCode(absl::StatusCode::kInvalidArgument));
}

TEST_CASE("the project's migrations make the schema this program is written for") {
  auto database = OpenEmpty();
  CHECK(SchemaVersion(*database).value() == 0);
  CHECK_THAT(CheckSchema(*database), HasCode(absl::StatusCode::kFailedPrecondition));
  std::vector<std::string> lines;
  REQUIRE_THAT(Migrate(*database, testing::MigrationsDirectory(),
                       [&](std::string_view line) { lines.emplace_back(line); }),
               IsOk());
  CHECK(lines.size() >= 3);
  CHECK(SchemaVersion(*database).value() == kSchemaVersion);
  CHECK_THAT(CheckSchema(*database), IsOk());
  for (const std::string index : {"idx_tenant_status", "idx_from_to_phone", "idx_provider",
                                  "idx_session_id", "idx_agent_lead", "idx_call_dates"}) {
    CHECK(Number(*database,
                 "SELECT COUNT(*) > 0 FROM information_schema.statistics WHERE "
                 "table_schema = DATABASE() AND table_name = 'click_to_call_session' "
                 "AND index_name = '" +
                     index + "'") == 1);
  }
  lines.clear();
  CHECK_THAT(Migrate(*database, testing::MigrationsDirectory(),
                     [&](std::string_view line) { lines.emplace_back(line); }),
             IsOk());
  CHECK(lines.empty());
}

TEST_CASE("a changed file, a late file and bad names are refused") {
  auto database = OpenEmpty();
  const Folder folder;
  CHECK_THAT(Migrate(*database, folder.path()), HasCode(absl::StatusCode::kInvalidArgument));
  folder.Put("002_a.sql", "CREATE TABLE a (i INT);");
  REQUIRE_THAT(Migrate(*database, folder.path()), IsOk());
  folder.Put("002_a.sql", "CREATE TABLE a (i BIGINT);");
  CHECK_THAT(Migrate(*database, folder.path()), HasCode(absl::StatusCode::kFailedPrecondition));
  folder.Put("002_a.sql", "CREATE TABLE a (i INT);");
  folder.Put("001_late.sql", "CREATE TABLE b (i INT);");
  CHECK_THAT(Migrate(*database, folder.path()), HasCode(absl::StatusCode::kFailedPrecondition));
  fs::remove(folder.path() + "/001_late.sql");
  folder.Put("002_twice.sql", "SELECT 1");
  CHECK_THAT(Migrate(*database, folder.path()), HasCode(absl::StatusCode::kInvalidArgument));
  fs::remove(folder.path() + "/002_twice.sql");
  folder.Put("x.sql", "SELECT 1");
  CHECK_THAT(Migrate(*database, folder.path()), HasCode(absl::StatusCode::kInvalidArgument));
}

TEST_CASE("an error names file and statement, and a corrected file is applied") {
  auto database = OpenEmpty();
  const Folder folder;
  folder.Put("001_a.sql", "CREATE TABLE a (i INT); CREATE TABEL b (i INT);");
  const absl::Status status = Migrate(*database, folder.path());
  CHECK(status.message() == "001_a.sql, statement 2: database error 1064");
  folder.Put("001_a.sql", "CREATE TABLE a (i INT); CREATE TABLE b (i INT);");
  CHECK_THAT(Migrate(*database, folder.path()), IsOk());
  CHECK(SchemaVersion(*database).value() == 1);
}

// As kill -9 leaves it between a statement that cannot be rolled back and the record of it.
TEST_CASE("a migration interrupted at any statement reaches the same result when repeated") {
  const bool filled = GENERATE(false, true);
  const int done = GENERATE(0, 1, 2, 3, 4);
  const std::vector<std::string> statements = {
      "CREATE TABLE a (i INT PRIMARY KEY, n INT)", "INSERT INTO a VALUES (1, 0)",
      "ALTER TABLE a ADD COLUMN j INT NOT NULL DEFAULT 5, ADD KEY idx_n (n)",
      "UPDATE a SET n = n + 1"};
  const Folder folder;
  std::string text;
  for (const std::string& statement : statements) text += statement + ";\n";
  folder.Put("001_before.sql", "CREATE TABLE z (i INT);");
  folder.Put("002_a.sql", text);
  auto whole = OpenEmpty();
  REQUIRE_THAT(Migrate(*whole, folder.path()), IsOk());

  auto database = OpenEmpty();
  const Folder first;
  first.Put("001_before.sql", "CREATE TABLE z (i INT);");
  REQUIRE_THAT(Migrate(*database, first.path()), IsOk());
  if (filled) REQUIRE_THAT(Execute(*database, "INSERT INTO z VALUES (7)"), IsOk());
  const bool schema_change = done > 0 && ChangesSchema(statements[done - 1]);
  for (int i = 0; i < done; ++i) REQUIRE_THAT(Execute(*database, statements[i]), IsOk());
  const int64_t recorded = schema_change ? done - 1 : done;
  REQUIRE_THAT(database->RunBlocking([&](Connection& c) {
    return c
        .Execute("INSERT INTO schema_migration VALUES (2, '002_a.sql', SHA2(?, 256), ?, ?, NULL)",
                 {text, int64_t{done}, recorded})
        .status();
  }),
               IsOk());
  REQUIRE_THAT(Migrate(*database, folder.path()), IsOk());
  CHECK(Shape(*database) == Shape(*whole));
  CHECK(Number(*database, "SELECT n FROM a WHERE i = 1") == 1);
  CHECK(Number(*database, "SELECT COUNT(*) FROM a") == 1);
  CHECK(Number(*database, "SELECT COUNT(*) FROM z") == (filled ? 1 : 0));
}

// Migrates, and kills the server as soon as so many tables are there: the next statement is under
// way then, unless the last one has been done before.
absl::Status MigrateAndKill(MariaDb& server, const std::string& url, int tables) {
  auto database = server.Open(url, 1);
  std::thread killer([&] {
    auto watcher = server.Open(url, 1);
    absl::Status status;
    int64_t seen = 0;
    while (status.ok() && seen < tables) {
      status = watcher->RunBlocking([&](Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(const Rows rows,
                             c.Query("SELECT COUNT(*) FROM information_schema.tables "
                                     "WHERE table_schema = DATABASE()"));
        seen = rows[0].Int(0);
        return absl::OkStatus();
      });
    }
    server.Kill9();
  });
  absl::Status status = Migrate(*database, testing::MigrationsDirectory());
  killer.join();
  server.Start();
  return status;
}

TEST_CASE("killed at a random moment and repeated, the project's migrations end the same") {
  MariaDb server(MariaDb::Options{.durable = true});
  auto whole = server.Open(server.NewEmptySchema(), 1);
  REQUIRE_THAT(Migrate(*whole, testing::MigrationsDirectory()), IsOk());
  const std::string expected = Shape(*whole);
  for (int after : {1, 5, 17}) {
    std::string url;
    testing::EventuallyTrue(
        [&] {
          url = server.NewEmptySchema();
          return !MigrateAndKill(server, url, after).ok();
        },
        "a kill that comes before the end", absl::Minutes(2));
    auto database = server.Open(url, 1);
    CHECK_THAT(Migrate(*database, testing::MigrationsDirectory()), IsOk());
    CHECK(Shape(*database) == expected);
    CHECK(Number(*database, "SELECT COUNT(*) FROM feed_sequence") == 1);
  }
}

TEST_CASE("two runners at once apply each file once") {
  const std::string url = MariaDb::Shared().NewEmptySchema();
  const Folder folder;
  folder.Put("001_a.sql", "CREATE TABLE a (i INT); INSERT INTO a VALUES (1);");
  std::vector<std::thread> runners;
  std::atomic<int> ok{0};
  for (int i = 0; i < 3; ++i) {
    runners.emplace_back([&] {
      auto database = MariaDb::Shared().Open(url, 1);
      if (Migrate(*database, folder.path()).ok()) ++ok;
    });
  }
  for (std::thread& runner : runners) runner.join();
  CHECK(ok == 3);
  CHECK(Number(*MariaDb::Shared().Open(url, 1), "SELECT COUNT(*) FROM a") == 1);
}

}  // namespace
}  // namespace ctc::db
