#include "services/dispatch/domain/breaker.h"

#include <catch2/catch.hpp>

namespace ctc::dispatch {
namespace {

using State = Breaker::State;
using Result = Breaker::Result;

void Fail(Breaker& breaker, int times, absl::Duration at) {
  for (int i = 0; i < times; ++i) breaker.Report(Result::kFailure, at);
}

TEST_CASE("a circuit opens after five failures in a row", "[breaker]") {
  Breaker breaker;
  Fail(breaker, 4, absl::Seconds(1));
  CHECK(breaker.Allow(absl::Seconds(1)));
  Fail(breaker, 1, absl::Seconds(1));
  CHECK(breaker.state(absl::Seconds(1)) == State::kOpen);
  CHECK_FALSE(breaker.Allow(absl::Seconds(30)));
  CHECK(breaker.RetryAfter(absl::Seconds(11)) == absl::Seconds(20));
}

TEST_CASE("a success in between starts the count anew", "[breaker]") {
  Breaker breaker;
  Fail(breaker, 4, absl::Seconds(1));
  breaker.Report(Result::kSuccess, absl::Seconds(2));
  Fail(breaker, 4, absl::Seconds(3));
  CHECK(breaker.state(absl::Seconds(3)) == State::kClosed);
}

TEST_CASE("more than half of twenty failures within a minute open it", "[breaker]") {
  Breaker breaker;
  for (int i = 0; i < 9; ++i) {
    breaker.Report(Result::kFailure, absl::Seconds(i));
    breaker.Report(Result::kSuccess, absl::Seconds(i));
  }
  Fail(breaker, 1, absl::Seconds(10));
  CHECK(breaker.state(absl::Seconds(10)) == State::kClosed);  // 10 of 19
  Fail(breaker, 1, absl::Seconds(10));
  CHECK(breaker.state(absl::Seconds(10)) == State::kOpen);  // 11 of 20
}

TEST_CASE("failures older than a minute are forgotten", "[breaker]") {
  Breaker breaker;
  for (int i = 0; i < 9; ++i) {
    breaker.Report(Result::kFailure, absl::Seconds(1));
    breaker.Report(Result::kSuccess, absl::Seconds(1));
  }
  Fail(breaker, 2, absl::Seconds(90));
  CHECK(breaker.state(absl::Seconds(90)) == State::kClosed);
}

TEST_CASE("a half-open circuit lets one probe through", "[breaker]") {
  Breaker breaker;
  Fail(breaker, 5, absl::ZeroDuration());
  CHECK(breaker.state(absl::Seconds(30)) == State::kHalfOpen);
  CHECK(breaker.WouldAllow(absl::Seconds(30)));
  CHECK(breaker.Allow(absl::Seconds(30)));
  CHECK_FALSE(breaker.Allow(absl::Seconds(31)));

  SECTION("success closes it") {
    breaker.Report(Result::kSuccess, absl::Seconds(31));
    CHECK(breaker.state(absl::Seconds(31)) == State::kClosed);
    CHECK(breaker.consecutive_failures() == 0);
  }
  SECTION("failure doubles the wait, to ten minutes at most") {
    absl::Duration now = absl::Seconds(31);
    for (const int wait : {60, 120, 240, 480, 600, 600}) {
      breaker.Report(Result::kFailure, now);
      CHECK(breaker.RetryAfter(now) == absl::Seconds(wait));
      now += absl::Seconds(wait);
      CHECK(breaker.Allow(now));
    }
  }
  SECTION("a probe without a verdict gives its place up") {
    breaker.Release();
    CHECK(breaker.Allow(absl::Seconds(32)));
  }
  SECTION("a probe that is never reported does not keep it shut") {
    CHECK(breaker.Allow(absl::Seconds(30 + 130)));
  }
}

TEST_CASE("late answers do not move an open circuit", "[breaker]") {
  Breaker breaker;
  Fail(breaker, 5, absl::ZeroDuration());
  breaker.Report(Result::kSuccess, absl::Seconds(1));
  CHECK(breaker.state(absl::Seconds(1)) == State::kOpen);
  Fail(breaker, 3, absl::Seconds(2));
  CHECK(breaker.RetryAfter(absl::Seconds(2)) == absl::Seconds(28));
}

}  // namespace
}  // namespace ctc::dispatch
