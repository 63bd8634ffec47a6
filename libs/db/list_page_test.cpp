// Sorts, cursors and clauses of pages, as text.
#include "libs/db/list_page.h"

#include <catch2/catch.hpp>

#include "libs/testing/status_matchers.h"

namespace ctc::db {
namespace {

using testing::NamesField;

constexpr SortKey kKeys[] = {{"created_at", "id", 0},
                             {"name", "item_name", 1},
                             {"priority", "priority", 2, /*is_number=*/true},
                             {"ends_at", "ends_at", 3, /*is_number=*/false, /*may_be_null=*/true}};
constexpr ListOrders kItems = {"items", "-created_at", kKeys};
constexpr ListOrders kOthers = {"others", "-created_at", kKeys};
const base::TenantId kTenant("acme");

// As protoc makes it.
struct Request {
  std::optional<int> rows, skip;
  std::string order, from;
  bool has_limit() const { return rows.has_value(); }
  int limit() const { return rows.value_or(0); }
  bool has_offset() const { return skip.has_value(); }
  int offset() const { return skip.value_or(0); }
  const std::string& sort() const { return order; }
  const std::string& cursor() const { return from; }
};

struct Response {
  int total = -1, limit = -1, offset = -1;
  std::optional<std::string> next;
  void set_total(int value) { total = value; }
  void set_limit(int value) { limit = value; }
  void set_offset(int value) { offset = value; }
  void set_next_cursor(const std::string& value) { next = value; }
};

ListSort SortOf(const char* text) { return *ReadSort(kItems, text); }

std::string Written(const char* sort, const ListPlace& place) {
  return WriteCursor(kItems, SortOf(sort), kTenant, place);
}

absl::StatusOr<ListPlace> Read(const char* sort, std::string_view cursor) {
  return ReadCursor(kItems, SortOf(sort), kTenant, cursor);
}

std::string After(const char* sort, const ListPlace& place, size_t values) {
  Params params;
  std::string text = AfterPlace(kItems, SortOf(sort), place, params);
  CHECK(params.size() == values);
  CHECK(std::get<std::string>(params.back()) == place.id);
  return text;
}

TEST_CASE("a sort is one of the list's, either way round; none is the usual one") {
  CHECK(SortOf("").key == &kKeys[0]);
  CHECK(SortOf("").descending);
  CHECK_FALSE(SortOf("created_at").descending);
  CHECK(SortOf("-priority").key == &kKeys[2]);
  for (const char* bad : {"item_name", "--name", "-", "name ", "NAME", "name,priority"}) {
    const absl::Status status = ReadSort(kItems, bad).status();
    CHECK(NamesField(status, "sort"));
    CHECK(base::DetailOf(status).fields[0].detail ==
          "must be one of created_at, -created_at, name, -name, priority, -priority, ends_at, "
          "-ends_at");
  }
}

TEST_CASE("a cursor gives back the place it was made of") {
  const std::string name("12 \0\xC3\xBC", 6);
  const auto named = Read("name", Written("name", {"7 x", name}));
  REQUIRE(named.ok());
  CHECK(named->id == "7 x");
  CHECK(named->value == name);
  CHECK(Read("-priority", Written("-priority", {"a", "-3"}))->value == "-3");
  CHECK(Read("name", Written("name", {"a", ""}))->value == "");
  CHECK_FALSE(Read("ends_at", Written("ends_at", {"a", std::nullopt}))->value);
  CHECK(Read("", Written("", {"0197a", std::nullopt}))->id == "0197a");
}

TEST_CASE("a cursor is good for its own list, sort and tenant") {
  const ListSort by_name = SortOf("name");
  const std::string cursor = Written("name", {"a", "b"});
  const auto refused = [](const absl::StatusOr<ListPlace>& place) {
    return NamesField(place.status(), "cursor");
  };
  CHECK(refused(ReadCursor(kOthers, by_name, kTenant, cursor)));
  CHECK(refused(ReadCursor(kItems, by_name, base::TenantId("acme2"), cursor)));
  CHECK(refused(Read("-name", cursor)));
  CHECK(refused(Read("created_at", cursor)));
  CHECK_FALSE(refused(Read("name", cursor)));
}

TEST_CASE("what is no cursor is refused, whatever it is") {
  const std::string cursor = Written("priority", {"0197a", "3"});
  for (size_t i = 0; i <= cursor.size(); ++i) {
    CHECK(Read("priority", cursor.substr(0, i)).ok() == (i == cursor.size()));
    if (i == cursor.size()) break;
    std::string changed = cursor;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CHECK(NamesField(Read("priority", changed).status(), "cursor"));
  }
  CHECK_FALSE(Read("priority", cursor + "AAAA").ok());
  CHECK_FALSE(Read("priority", "' OR 1=1 --").ok());
  CHECK_FALSE(Read("priority", std::string(100'000, 'A')).ok());
  // Made by our own rules, of what no row of the list can hold.
  CHECK_FALSE(Read("priority", Written("priority", {"a", "many"})).ok());
  CHECK_FALSE(Read("priority", Written("priority", {"a", std::nullopt})).ok());
  CHECK_FALSE(Read("name", Written("name", {"", "b"})).ok());
}

TEST_CASE("the rows behind a place, and their order") {
  CHECK(After("created_at", {"a", std::nullopt}, 1) == " AND id > ?");
  CHECK(After("-created_at", {"a", std::nullopt}, 1) == " AND id < ?");
  CHECK(After("name", {"a", "n"}, 3) == " AND item_name >= ? AND (item_name > ? OR id > ?)");
  CHECK(After("-priority", {"a", "5"}, 3) == " AND priority <= ? AND (priority < ? OR id < ?)");
  CHECK(After("ends_at", {"a", "t"}, 3) == " AND ends_at >= ? AND (ends_at > ? OR id > ?)");
  CHECK(After("ends_at", {"a", std::nullopt}, 1) == " AND (ends_at IS NOT NULL OR id > ?)");
  CHECK(After("-ends_at", {"a", "t"}, 3) ==
        " AND (ends_at IS NULL OR ends_at < ? OR (ends_at = ? AND id < ?))");
  CHECK(After("-ends_at", {"a", std::nullopt}, 1) == " AND ends_at IS NULL AND id < ?");
  CHECK(OrderBy(kItems, SortOf("-name")) == " ORDER BY item_name DESC, id DESC");
  CHECK(OrderBy(kItems, SortOf("name")) == " ORDER BY item_name, id");
  CHECK(OrderBy(kItems, SortOf("")) == " ORDER BY id DESC");
  Params params;
  AfterPlace(kItems, SortOf("priority"), {"a", "5"}, params);
  CHECK(std::get<int64_t>(params[0]) == 5);
}

TEST_CASE("a request's limit and offset have bounds") {
  const auto fault_in = [](const Request& request, std::string_view field) {
    return NamesField(ListPage::Of(kItems, kTenant, request).status(), field);
  };
  CHECK(fault_in({0, {}, "", ""}, "limit"));
  CHECK(fault_in({201, {}, "", ""}, "limit"));
  CHECK(fault_in({{}, -1, "", ""}, "offset"));
  CHECK(fault_in({{}, {}, "colour", ""}, "sort"));
  CHECK(fault_in({{}, {}, "name", Written("-name", {"a", "b"})}, "cursor"));
  CHECK(fault_in({{}, 1, "name", Written("name", {"a", "b"})}, "offset"));
  const ListPage page = *ListPage::Of(kItems, kTenant, Request{});
  CHECK(page.limit() == 50);
  CHECK(page.offset() == 0);
}

TEST_CASE("a page tells of the next one when there is a row more") {
  const ListPage page = *ListPage::Of(kItems, kTenant, Request{2, 4, "name", ""});
  Params params;
  CHECK(page.Clauses(params) == " ORDER BY item_name, id LIMIT ? OFFSET ?");
  CHECK(std::get<int64_t>(params[0]) == 3);
  CHECK(std::get<int64_t>(params[1]) == 4);
  const Row a({"1", "ann", "5"});
  const Row b({"2", "bob", "5"});
  CHECK(page.Cut({a, b}).next_cursor.empty());
  const ListRows cut = page.Cut({a, b, a});
  CHECK(cut.rows.size() == 2);
  CHECK(Read("name", cut.next_cursor)->id == "2");
  CHECK(Read("name", cut.next_cursor)->value == "bob");
  Response response;
  page.Describe(int64_t{1} << 40, "", response);
  CHECK(response.total == INT32_MAX);
  CHECK(response.limit == 2);
  CHECK(response.offset == 4);
  CHECK_FALSE(response.next);
  page.Describe(9, cut.next_cursor, response);
  CHECK(response.next == cut.next_cursor);
}

}  // namespace
}  // namespace ctc::db
