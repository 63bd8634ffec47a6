#include "libs/media/mixer.h"

#include <catch2/catch.hpp>

#include "libs/media/media_server.h"

namespace ctc::media {
namespace {

Frame Of(int16_t value) {
  Frame frame;
  frame.fill(value);
  return frame;
}

Frame Mixed(const std::vector<Frame>& voices) {
  std::vector<const Frame*> pointers;
  for (const Frame& voice : voices) pointers.push_back(&voice);
  Frame out = Of(77);
  Mix(pointers, out);
  return out;
}

TEST_CASE("voices are added up within 16 bits", "[media][mixer]") {
  CHECK(Mixed({}) == Of(0));
  CHECK(Mixed({Of(-5)}) == Of(-5));
  CHECK(Mixed({Of(100), Of(-30), Of(7)}) == Of(77));
  CHECK(Mixed({Of(30000), Of(30000)}) == Of(32767));
  CHECK(Mixed({Of(-30000), Of(-30000)}) == Of(-32768));
  // Held only at the end: what cancels out is not lost on the way.
  CHECK(Mixed({Of(30000), Of(30000), Of(-30000)}) == Of(30000));
}

TEST_CASE("everybody hears everybody else", "[media][mixer]") {
  const Hearing three = EverybodyOf({"a", "b", "c"});
  CHECK(three.size() == 6);
  CHECK(std::count(three.begin(), three.end(), Heard{"a", "c"}) == 1);
  CHECK(std::count(three.begin(), three.end(), Heard{"b", "b"}) == 0);
  CHECK(EverybodyOf({"a"}).empty());
}

}  // namespace
}  // namespace ctc::media
