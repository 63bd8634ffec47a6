#include "services/dispatch/service/recording_shelf.h"

#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>

#include <new>

#include "libs/base/error_catalogue.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"

namespace ctc::dispatch {
namespace {

using providers::Recording;
using testing::HasError;

struct Shelf {
  testing::FakeClock clock{absl::UnixEpoch()};
  RecordingShelf shelf{clock, 100};
  int fetches = 0;

  absl::StatusOr<RecordingShelf::Kept> Get(const std::string& key, size_t size = 40) {
    return testing::RunTask(shelf.Get(key, [&] { return Fetch(size); }));
  }
  Task<absl::StatusOr<Recording>> Fetch(size_t size) {
    ++fetches;
    Recording recording;
    recording.bytes.assign(size, 'x');
    co_return recording;
  }
};

common::v1::ByteRange Range(int64_t offset, int max_bytes) {
  common::v1::ByteRange range;
  range.set_offset(offset);
  range.set_max_bytes(max_bytes);
  return range;
}

TEST_CASE("a recording is fetched once for all its pieces", "[dispatch][recording]") {
  Shelf f;
  REQUIRE(f.Get("a").ok());
  REQUIRE(f.Get("a").ok());
  CHECK(f.fetches == 1);
  f.clock.Advance(absl::Minutes(1));
  REQUIRE(f.Get("a").ok());
  f.clock.Advance(absl::Minutes(1.5));
  f.shelf.Prune();
  CHECK(f.shelf.bytes() == 40);
  f.clock.Advance(absl::Minutes(1));
  f.shelf.Prune();
  CHECK(f.shelf.bytes() == 0);
  REQUIRE(f.Get("a").ok());
  CHECK(f.fetches == 2);
}

TEST_CASE("what was used longest ago makes room", "[dispatch][recording]") {
  Shelf f;
  for (const char* key : {"a", "b"}) {
    REQUIRE(f.Get(key).ok());
    f.clock.Advance(absl::Seconds(31));
  }
  REQUIRE(f.Get("a").ok());
  f.clock.Advance(absl::Seconds(31));
  REQUIRE(f.Get("c").ok());
  CHECK(f.shelf.bytes() == 80);
  REQUIRE(f.Get("a").ok());
  CHECK(f.fetches == 3);
  REQUIRE(f.Get("b", 20).ok());
  CHECK(f.fetches == 4);
}

TEST_CASE("listeners of more than there is room for do not take each other's recording",
          "[dispatch][recording]") {
  Shelf f;
  for (const char* key : {"a", "b", "c"}) REQUIRE(f.Get(key).ok());  // 120 of 100: c was under way
  CHECK(f.shelf.bytes() == 120);
  for (int piece = 0; piece < 10; ++piece) {
    f.clock.Advance(absl::Seconds(29));
    for (const char* key : {"a", "b", "c"}) REQUIRE(f.Get(key).ok());
    const absl::Status refused = f.Get("d").status();
    CHECK_THAT(refused, HasError(base::kOverloaded));
    CHECK(base::DetailOf(refused).retry_after.has_value());
  }
  CHECK(f.fetches == 3);  // and none for the one that was refused
  f.clock.Advance(absl::Seconds(31));
  REQUIRE(f.Get("d").ok());
  CHECK(f.shelf.bytes() <= 100);
  CHECK(f.fetches == 4);
}

TEST_CASE("who asks for what is being fetched waits for that fetch", "[dispatch][recording]") {
  Shelf f;
  const bool works = GENERATE(true, false);
  asio::io_context io;
  asio::steady_timer answer(io, asio::steady_timer::time_point::max());
  int ended = 0;
  int right = 0;
  const auto fetch = [&]() -> Task<absl::StatusOr<Recording>> {
    ++f.fetches;
    boost::system::error_code ignored;
    co_await answer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!works) co_return base::MakeError(base::kProviderTimeout, "no answer");
    co_return Recording{"audio/wav", "RIFF"};
  };
  const auto ask = [&]() -> Task<void> {
    const RecordingShelf::Fetch by = fetch;
    const auto got = co_await f.shelf.Get("a", by);
    ++ended;
    right += works ? got.ok() && (*got)->bytes == "RIFF"
                   : base::IsError(got.status(), base::kProviderTimeout);
  };
  for (int i = 0; i < 20; ++i) asio::co_spawn(io, ask(), asio::detached);
  io.poll();
  CHECK(f.fetches == 1);
  CHECK(ended == 0);
  answer.cancel();
  io.poll();
  CHECK(right == 20);
  REQUIRE(f.Get("a").ok());  // kept, or asked for anew
  CHECK(f.fetches == (works ? 1 : 2));
}

TEST_CASE("a fetch that throws keeps nobody waiting", "[dispatch][recording]") {
  Shelf f;
  const auto fail = []() -> Task<absl::StatusOr<Recording>> {
    throw std::bad_alloc();
    co_return Recording();
  };
  CHECK(absl::IsInternal(testing::RunTask(f.shelf.Get("a", fail)).status()));
  CHECK(f.Get("a").ok());
}

TEST_CASE("a failed fetch is told and forgotten", "[dispatch][recording]") {
  Shelf f;
  const auto fail = []() -> Task<absl::StatusOr<Recording>> {
    co_return base::MakeError(base::kNotFound, "not yet");
  };
  CHECK_THAT(testing::RunTask(f.shelf.Get("a", fail)).status(), HasError(base::kNotFound));
  CHECK(f.Get("a").ok());
}

TEST_CASE("only so many are fetched at once", "[dispatch][recording]") {
  Shelf f;
  absl::Status deepest;
  std::function<Task<absl::StatusOr<Recording>>(int)> nested =
      [&](int depth) -> Task<absl::StatusOr<Recording>> {
    RecordingShelf::Fetch deeper = [&nested, depth] { return nested(depth + 1); };
    const auto inner = co_await f.shelf.Get(std::to_string(depth), std::move(deeper));
    if (!inner.ok()) deepest = inner.status();
    co_return Recording();
  };
  REQUIRE(testing::RunTask(nested(0)).ok());
  CHECK_THAT(deepest, HasError(base::kOverloaded));
  CHECK(f.Get("a").ok());
}

TEST_CASE("a piece has the bytes asked for, and the whole's length and version",
          "[dispatch][recording]") {
  const Recording recording{"audio/wav", "0123456789"};
  const auto piece = PieceOf(recording, "http://pbx/1", Range(2, 3));
  CHECK(piece.data() == "234");
  CHECK(piece.total_bytes() == 10);
  CHECK(piece.content_type() == "audio/wav");
  CHECK(PieceOf(recording, "http://pbx/1", Range(8, 100)).data() == "89");
  CHECK(PieceOf(recording, "http://pbx/1", Range(10, 100)).data().empty());
  CHECK(PieceOf(recording, "http://pbx/1", Range(INT64_MAX, INT32_MAX)).data().empty());
  CHECK(PieceOf(recording, "http://pbx/1", Range(-5, -1)).data().empty());
  CHECK(piece.version() == PieceOf(recording, "http://pbx/1", Range(0, 1)).version());
  CHECK(piece.version() != PieceOf(recording, "http://pbx/2", Range(2, 3)).version());
}

}  // namespace
}  // namespace ctc::dispatch
