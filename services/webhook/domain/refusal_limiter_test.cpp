// How many refusals are written down, whoever sends them.
#include "services/webhook/domain/refusal_limiter.h"

#include <catch2/catch.hpp>

namespace ctc::webhook {
namespace {

constexpr absl::Duration kStart = absl::Hours(5);

// How many of so many refusals of a key are written.
int Written(RefusalLimiter& limiter, const std::string& key, int refusals, bool invented = false,
            absl::Duration now = kStart) {
  int written = 0;
  for (int i = 0; i < refusals; ++i) written += limiter.Count(key, invented, now).write ? 1 : 0;
  return written;
}

int WrittenOfKeys(RefusalLimiter& limiter, const std::string& prefix, int keys, bool invented) {
  int written = 0;
  for (int i = 0; i < keys; ++i) {
    written += Written(limiter, prefix + std::to_string(i), 1, invented);
  }
  return written;
}

TEST_CASE("sixty refusals of a key are written in a minute") {
  RefusalLimiter limiter;
  CHECK(Written(limiter, "a", 60) == 60);
  CHECK(Written(limiter, "a", 1000) == 0);
  CHECK(Written(limiter, "b", 100) == 60);
  const absl::Duration second = kStart + absl::Minutes(1);
  CHECK(Written(limiter, "a", 100, false, second - absl::Nanoseconds(1)) == 0);
  CHECK(Written(limiter, "a", 100, false, second) == 60);
  CHECK(Written(limiter, "b", 100, false, second) == 60);
}

TEST_CASE("the limit is told when it is met, once for each key and minute") {
  RefusalLimiter limiter;
  for (const absl::Duration now : {kStart, kStart + absl::Minutes(1)}) {
    for (const char* key : {"a", "b"}) {
      int told = 0;
      for (int i = 0; i < 60; ++i) told += limiter.Count(key, false, now).limit_met ? 1 : 0;
      CHECK(told == 0);
      CHECK(limiter.Count(key, false, now).limit_met);
      for (int i = 0; i < 60; ++i) told += limiter.Count(key, false, now).limit_met ? 1 : 0;
      CHECK(told == 0);
    }
  }
}

TEST_CASE("how many were left out is told once, with the next minute") {
  RefusalLimiter limiter;
  CHECK(limiter.Count("a", false, kStart).left_out_before == 0);
  Written(limiter, "a", 69);
  Written(limiter, "b", 65);
  const absl::Duration later = kStart + absl::Hours(1);
  CHECK(limiter.Count("c", false, later).left_out_before == 15);
  CHECK(limiter.Count("c", false, later).left_out_before == 0);
  CHECK(limiter.Count("c", false, later + absl::Hours(1)).left_out_before == 0);
}

TEST_CASE("keys that anyone can invent share a limit") {
  RefusalLimiter limiter;
  CHECK(WrittenOfKeys(limiter, "invented", 100000, true) == 600);
  CHECK(Written(limiter, "invented0", 1, true) == 0);
  SECTION("and take nothing from the others") { CHECK(Written(limiter, "a", 100) == 60); }
  SECTION("whose end is told once") {
    CHECK_FALSE(limiter.Count("one more", true, kStart).limit_met);
    const absl::Duration later = kStart + absl::Minutes(1);
    CHECK(limiter.Count("a", true, later).left_out_before == 100000 - 600 + 2);
  }
}

TEST_CASE("an invented key has no more than any other") {
  RefusalLimiter limiter;
  CHECK(Written(limiter, "a", 1000, true) == 60);
  CHECK(Written(limiter, "b", 1000, true) == 60);
}

TEST_CASE("keys beyond those for which there is a place share a limit") {
  RefusalLimiter limiter;
  CHECK(WrittenOfKeys(limiter, "known", 1024, false) == 1024);
  CHECK(WrittenOfKeys(limiter, "more", 10000, false) == 600);
  CHECK(Written(limiter, "known7", 100) == 59);
}

}  // namespace
}  // namespace ctc::webhook
