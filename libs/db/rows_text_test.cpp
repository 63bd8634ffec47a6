// What values become as literals, and how rows are cut into statements.
#include "libs/db/rows_text.h"

#include <catch2/catch.hpp>

#include <limits>

namespace ctc::db {
namespace {

template <class... Values>
std::string RowOf(const Values&... values) {
  RowsText rows("INSERT INTO t (a)");
  rows.BeginRow();
  rows.Add(values...);
  rows.EndRow();
  const std::vector<RowsStatement> statements = std::move(rows).Finish();
  REQUIRE(statements.size() == 1);
  constexpr std::string_view kHead = "INSERT INTO t (a) VALUES ";
  REQUIRE(statements[0].text().starts_with(kHead));
  return statements[0].text().substr(kHead.size());
}

TEST_CASE("plain text is quoted, any other is hexadecimal") {
  CHECK(RowOf("") == "('') ");
  CHECK(RowOf("sess_1 {\"a\": [1]}%_;--") == "('sess_1 {\"a\": [1]}%_;--') ");
  CHECK(RowOf("it's") == "(X'69742773') ");
  CHECK(RowOf("a\\") == "(X'615c') ");
  CHECK(RowOf("\n") == "(X'0a') ");
  CHECK(RowOf(std::string("\0\x7F", 2)) == "(X'007f') ");
  CHECK(RowOf("\xC3\xA9") == "(X'c3a9') ");
}

TEST_CASE("no byte can end its literal") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string row = RowOf(std::string{'a', static_cast<char>(byte), 'b'});
    const size_t begin = row.find('\'');
    const size_t end = row.find('\'', begin + 1);
    CHECK(row.substr(end) == "') ");
    CHECK(row.find('\\') == std::string::npos);
  }
}

TEST_CASE("numbers, times and NULL") {
  CHECK(RowOf(0, -1, true) == "(0,-1,1) ");
  CHECK(RowOf(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()) ==
        "(-9223372036854775808,9223372036854775807) ");
  CHECK(RowOf(Value(0.25), Value(std::numeric_limits<double>::infinity())) == "(0.25,NULL) ");
  CHECK(RowOf(Null{}, NullIfEmpty{""}, NullIfEmpty{"x"}) == "(NULL,NULL,'x') ");
  const absl::Time time =
      absl::FromCivil(absl::CivilSecond(2026, 1, 2, 3, 4, 5), absl::UTCTimeZone()) +
      absl::Milliseconds(67);
  CHECK(RowOf(time, time + absl::Milliseconds(933), time + absl::Hours(24)) ==
        "('2026-01-02 03:04:05.067','2026-01-02 03:04:06.000','2026-01-03 03:04:05.067') ");
  CHECK(RowOf(absl::InfinitePast(), absl::InfiniteFuture(), absl::FromUnixSeconds(1LL << 40)) ==
        "(NULL,NULL,NULL) ");
  const absl::Time before = absl::FromUnixMillis(-1);
  CHECK(RowOf(before, absl::UnixEpoch()) ==
        "('1969-12-31 23:59:59.999','1970-01-01 00:00:00.000') ");
}

TEST_CASE("a statement of integers has each in its place") {
  CHECK(RowsStatement::OfIntegers("UPDATE t SET a = ?, b = ? WHERE c = ?",
                                  {1, -2, std::numeric_limits<int64_t>::min()})
            .text() == "UPDATE t SET a = 1, b = -2 WHERE c = -9223372036854775808");
}

TEST_CASE("rows are cut into statements by number and by size") {
  const auto count = [](int rows, size_t bytes) {
    RowsText text("INSERT INTO t (a)", "ON DUPLICATE KEY UPDATE a = VALUES(a)");
    const std::string value(bytes, 'x');
    for (int i = 0; i < rows; ++i) {
      text.BeginRow();
      text.Add(value);
      text.EndRow();
    }
    const std::vector<RowsStatement> statements = std::move(text).Finish();
    for (const RowsStatement& statement : statements) {
      CHECK(statement.text().ends_with(") ON DUPLICATE KEY UPDATE a = VALUES(a)"));
    }
    return statements.size();
  };
  CHECK(count(0, 1) == 0);
  CHECK(count(1, 1) == 1);
  CHECK(count(64, 1) == 1);
  CHECK(count(65, 1) == 2);
  CHECK(count(9, size_t{1} << 20) == 2);
}

}  // namespace
}  // namespace ctc::db
