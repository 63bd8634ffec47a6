// The cursors, against a real MariaDB.
#include "libs/events/event_cursor.h"

#include <catch2/catch.hpp>

#include <functional>

#include "libs/testing/mariadb.h"
#include "libs/testing/status_matchers.h"

namespace ctc::events {
namespace {

using testing::IsOk;

const absl::Time kNow = absl::FromUnixMillis(1'764'757'800'123);

struct World {
  template <class T>
  T In(const std::function<absl::StatusOr<T>(db::Connection&)>& unit) {
    absl::StatusOr<T> result = absl::UnknownError("not run");
    REQUIRE_THAT(database->RunBlocking([&](db::Connection& c) {
      result = unit(c);
      return result.status();
    }),
                 IsOk());
    return *result;
  }
  int64_t Load(std::string_view consumer, int64_t first) {
    return In<int64_t>([&](db::Connection& c) { return LoadCursor(c, consumer, first); });
  }
  void Save(std::string_view consumer, int64_t seq) {
    REQUIRE_THAT(database->RunBlocking(
                     [&](db::Connection& c) { return SaveCursor(c, consumer, seq, kNow); }),
                 IsOk());
  }
  bool Move(int64_t from, int64_t to) {
    return In<bool>([&](db::Connection& c) { return MoveCursor(c, "stats", from, to, kNow); });
  }
  int64_t Lock() {
    return In<int64_t>([&](db::Connection& c) { return LockCursor(c, "stats", kNow); });
  }

  std::unique_ptr<db::Database> database = testing::MariaDb::Shared().OpenFresh(1);
};

TEST_CASE("a cursor that was never saved is where its follower begins") {
  World world;
  CHECK(world.Load("a", -1) == -1);
  CHECK(world.Load("a", 0) == 0);
}

TEST_CASE("each consumer has its own cursor, which never goes back") {
  World world;
  world.Save("a", 0);
  CHECK(world.Load("a", -1) == 0);
  world.Save("a", 7);
  world.Save("b", 3);
  world.Save("a", 5);  // a replica that is behind
  CHECK(world.Load("a", -1) == 7);
  CHECK(world.Load("b", -1) == 3);
  world.Save("a", int64_t{1} << 40);
  CHECK(world.Load("a", -1) == int64_t{1} << 40);
}

TEST_CASE("a cursor is moved from where it is, or not at all") {
  World world;
  CHECK_FALSE(world.Move(0, 5));  // there is none yet
  CHECK(world.Lock() == 0);
  CHECK(world.Lock() == 0);
  CHECK(world.Move(0, 5));
  CHECK_FALSE(world.Move(0, 6));
  CHECK(world.Lock() == 5);
  CHECK(world.Load("stats", -1) == 5);
}

TEST_CASE("a cursor stays where it was when its transaction fails") {
  World world;
  world.Save("a", 1);
  CHECK_FALSE(world.database
                  ->RunBlocking([&](db::Connection& c) -> absl::Status {
                    CTC_RETURN_IF_ERROR(SaveCursor(c, "a", 9, kNow));
                    return absl::InternalError("the effects could not be written");
                  })
                  .ok());
  CHECK(world.Load("a", -1) == 1);
}

}  // namespace
}  // namespace ctc::events
