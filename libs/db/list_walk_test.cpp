// Lists walked page by page, against a real MariaDB: every sort, equal values, NULLs, and rows
// written between the pages.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "libs/db/list_page.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/status_matchers.h"

namespace ctc::db {
namespace {

using testing::IsOk;

constexpr SortKey kKeys[] = {{"made", "id", 0},
                             {"name", "name", 1},
                             {"priority", "priority", 2, /*is_number=*/true},
                             {"begun", "begun", 3},
                             {"ends", "ends", 4, /*is_number=*/false, /*may_be_null=*/true}};
constexpr ListOrders kItems = {"items", "made", kKeys};
constexpr std::string_view kSelect =
    "SELECT id, name, priority, begun, ends FROM item WHERE tenant_id = ?";
const base::TenantId kTenant("acme");

struct Request {
  int rows = 0;
  std::string order, from;
  bool has_limit() const { return true; }
  int limit() const { return rows; }
  bool has_offset() const { return false; }
  int offset() const { return 0; }
  const std::string& sort() const { return order; }
  const std::string& cursor() const { return from; }
};

struct Table {
  Table() {
    auto& server = testing::MariaDb::Shared();
    database = server.Open(server.NewEmptySchema(), 1);
    Do([](Connection& c) {
      return c
          .Execute(
              "CREATE TABLE item (id CHAR(4) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,"
              " tenant_id VARCHAR(8) NOT NULL, name VARCHAR(255) NOT NULL, priority INT NOT NULL,"
              " begun DATETIME(3) NOT NULL, ends DATETIME(3) NULL,"
              " KEY idx_begun (tenant_id, begun))"
              " DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci")
          .status();
    });
  }
  void Do(const Work& work) { REQUIRE_THAT(database->RunBlocking(work), IsOk()); }
  // Few values among many rows, in another order than the ids'.
  void Add(int number, const char* tenant = "acme") {
    const char* names[] = {"ann", "Ann", "\xC3\xA4nn", "bob", "", "o'neil \\"};
    const absl::Time begun = absl::FromUnixMillis(1'764'757'800'123 - number % 4);
    const Value ends = number % 3 == 0 ? Value(Null{}) : Value(begun + absl::Hours(number % 2));
    Do([&](Connection& c) {
      return c
          .Execute(
              "INSERT INTO item (id, tenant_id, name, priority, begun, ends)"
              " VALUES (?, ?, ?, ?, ?, ?)",
              {absl::StrCat("i", 100 + number), std::string(tenant), names[number % 6],
               int64_t{10 - number % 12}, begun, ends})
          .status();
    });
  }
  ListRows Page(const Request& request) {
    const ListPage page = *ListPage::Of(kItems, kTenant, request);
    ListRows rows;
    Do([&](Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(rows, page.Select(c, kSelect, {kTenant.value()}));
      return absl::OkStatus();
    });
    return rows;
  }
  using Between = std::function<void(const std::string& last)>;
  std::vector<std::string> Walk(const std::string& sort, int limit, const Between& between = {}) {
    std::vector<std::string> seen;
    Request request{limit, sort, ""};
    do {
      const ListRows page = Page(request);
      for (const Row& row : page.rows) seen.push_back(row.Text(0));
      request.from = page.next_cursor;
      if (between) between(seen.back());
    } while (!request.from.empty() && seen.size() < 1000);
    return seen;
  }

  std::unique_ptr<Database> database;
};

constexpr const char* kSorts[] = {"made",      "-made", "name",   "-name", "priority",
                                  "-priority", "begun", "-begun", "ends",  "-ends"};

TEST_CASE("pages by cursor are the whole list in its order") {
  Table table;
  for (int i = 0; i < 40; ++i) table.Add((i * 7) % 40);
  for (int i = 40; i < 50; ++i) table.Add(i, "other");
  for (const char* sort : kSorts) {
    CAPTURE(sort);
    const std::vector<std::string> whole = table.Walk(sort, 200);
    REQUIRE(whole.size() == 40);
    for (const int limit : {1, 7, 39, 40}) CHECK(table.Walk(sort, limit) == whole);
    const std::string other = sort[0] == '-' ? std::string(sort + 1) : absl::StrCat("-", sort);
    std::vector<std::string> reversed = table.Walk(other, 7);
    std::reverse(reversed.begin(), reversed.end());
    CHECK(reversed == whole);
  }
}

TEST_CASE("a row written or deleted between two pages moves no other") {
  for (const char* sort : kSorts) {
    CAPTURE(sort);
    Table table;
    for (int i = 0; i < 30; ++i) table.Add((i * 7) % 30);
    int next = 30;
    std::set<std::string> old;
    const std::vector<std::string> seen = table.Walk(sort, 4, [&](const std::string& last) {
      table.Add(next++);
      // The row that the cursor names.
      table.Do([&](Connection& c) {
        return c.Execute("DELETE FROM item WHERE id = ?", {last}).status();
      });
    });
    for (const std::string& id : seen) {
      if (id < "i130") old.insert(id);
    }
    CHECK(old.size() == 30);
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == seen.size());
  }
}

}  // namespace
}  // namespace ctc::db
