#include "libs/media/pacer.h"

#include <catch2/catch.hpp>

namespace ctc::media {
namespace {

constexpr absl::Duration kStart = absl::Seconds(5);
absl::Duration At(int milliseconds) { return kStart + absl::Milliseconds(milliseconds); }

TEST_CASE("a frame is due every 20 ms of the start's clock", "[media][pacer]") {
  Pacer pacer(kStart);
  CHECK(pacer.TakeDue(At(0)) == 0);
  CHECK(pacer.UntilNext(At(0)) == absl::Milliseconds(20));
  CHECK(pacer.TakeDue(At(19)) == 0);
  CHECK(pacer.TakeDue(At(21)) == 1);
  CHECK(pacer.frame() == 0);
  // Late by one, the next is due sooner.
  CHECK(pacer.UntilNext(At(21)) == absl::Milliseconds(19));
  CHECK(pacer.TakeDue(At(40)) == 1);
  CHECK(pacer.frame() == 1);
  CHECK(pacer.UntilNext(At(75)) == absl::ZeroDuration());
}

TEST_CASE("what was missed is made up for, but not a long sleep", "[media][pacer]") {
  Pacer pacer(kStart);
  CHECK(pacer.TakeDue(At(65)) == 3);
  CHECK(pacer.frame() == 0);
  CHECK(pacer.TakeDue(At(10'000)) == 5);
  CHECK(pacer.frame() == 495);  // and the count goes with the time
  CHECK(pacer.TakeDue(At(10'020)) == 1);
  CHECK(pacer.frame() == 500);
}

TEST_CASE("a clock that stands still makes no frame", "[media][pacer]") {
  Pacer pacer(kStart);
  CHECK(pacer.TakeDue(At(45)) == 2);
  CHECK(pacer.TakeDue(At(45)) == 0);
  CHECK(pacer.TakeDue(At(0)) == 0);
  CHECK(pacer.TakeDue(At(60)) == 1);
}

}  // namespace
}  // namespace ctc::media
