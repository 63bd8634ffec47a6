// Ids, randomness, clock and secrets.
#include "libs/base/ids.h"

#include <array>
#include <catch2/catch.hpp>
#include <set>
#include <type_traits>

#include "libs/base/secret.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/fake_random.h"
#include "libs/testing/run_task.h"

namespace ctc::base {
namespace {

TEST_CASE("a UUID has version 7, the RFC's variant and the time in front") {
  testing::FakeClock clock(absl::FromUnixMillis(0x0190a1b2c3d4));
  testing::FakeRandom random;
  const std::string id = IdGenerator(clock, random).Uuid();
  CHECK(IsUuid(id));
  CHECK(id.substr(0, 15) == "0190a1b2-c3d4-7");
  CHECK(std::string("89ab").find(id[19]) != std::string::npos);
}

TEST_CASE("the first UUID of a moment is less than any made then, greater than any made before") {
  const absl::Time moment = absl::FromUnixMillis(0x0190a1b2c3d4);
  testing::FakeClock clock(moment);
  testing::FakeRandom random;
  CHECK(FirstUuidAt(moment) < IdGenerator(clock, random).Uuid());
  testing::FakeClock before(moment - absl::Milliseconds(1));
  CHECK(FirstUuidAt(moment) > IdGenerator(before, random).Uuid());
  CHECK(FirstUuidAt(absl::InfinitePast()) == "00000000-0000-0000-0000-000000000000");
}

TEST_CASE("ids made later sort later, within a millisecond too") {
  testing::FakeClock clock;
  testing::FakeRandom random;
  IdGenerator ids(clock, random);
  std::string uuid = ids.Uuid();
  std::string session = ids.SessionId();
  for (int i = 0; i < 1000; ++i) {
    clock.Advance(absl::Microseconds(7));
    const std::string next_uuid = ids.Uuid();
    const std::string next_session = ids.SessionId();
    REQUIRE(uuid < next_uuid);
    REQUIRE(session < next_session);
    uuid = next_uuid;
    session = next_session;
  }
}

TEST_CASE("ids made at the same moment differ") {
  testing::FakeClock clock;
  IdGenerator ids(clock, SystemRandom());
  std::set<std::string> seen;
  for (int i = 0; i < 10000; ++i) {
    REQUIRE(seen.insert(ids.Uuid()).second);
    REQUIRE(seen.insert(ids.SessionId()).second);
  }
}

TEST_CASE("a session id is its prefix and 26 characters of Crockford base 32") {
  IdGenerator ids(SystemClock(), SystemRandom());
  const std::string id = ids.SessionId();
  REQUIRE(id.size() == 31);
  CHECK(id.starts_with("sess_"));
  CHECK(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 5) == std::string::npos);
}

TEST_CASE("a token is its prefix and random bytes in hex") {
  testing::FakeClock clock;
  testing::FakeRandom random;
  IdGenerator ids(clock, random);
  const std::string token = ids.Token("key_", 300);
  CHECK(token.size() == 604);
  CHECK(token.starts_with("key_"));
  CHECK(token != ids.Token("key_", 300));
}

TEST_CASE("only the canonical form is a UUID") {
  CHECK(IsUuid("0190a1b2-c3d4-7abc-8def-0123456789ab"));
  CHECK(IsUuid("0190A1B2-C3D4-7ABC-8DEF-0123456789AB"));
  CHECK_FALSE(IsUuid(""));
  CHECK_FALSE(IsUuid("0190a1b2c3d47abc8def0123456789ab"));
  CHECK_FALSE(IsUuid("0190a1b2-c3d4-7abc-8def-0123456789ag"));
  CHECK_FALSE(IsUuid("0190a1b2-c3d4-7abc-8def-0123456789ab "));
  CHECK_FALSE(IsUuid("0190a1b2-c3d4-7abc-8def+0123456789ab"));
}

TEST_CASE("system randomness fills any length and does not repeat") {
  std::array<unsigned char, 1000> a{};
  std::array<unsigned char, 1000> b{};
  SystemRandom().Fill(a);
  SystemRandom().Fill(b);
  CHECK(a != b);
}

TEST_CASE("a secret cannot be printed or turned into text by accident") {
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Secret, std::string>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Secret, std::string_view>);
  const Secret secret("pass");
  CHECK(secret.Reveal() == "pass");
  CHECK(Secret().empty());
}

Task<int> Twice(int value) { co_return 2 * value; }

TEST_CASE("tests run coroutines to their end") {
  CHECK(testing::RunTask(Twice(21)) == 42);
  testing::IoThreads io(2);
  CHECK(io.Run(Twice(4)) == 8);
}

TEST_CASE("a wait ends as soon as its condition holds") {
  int asked = 0;
  testing::Eventually([&] { return ++asked == 3 ? "" : "not yet"; });
  CHECK(asked == 3);
}

}  // namespace
}  // namespace ctc::base
