#include "libs/media/playback.h"

#include <catch2/catch.hpp>

#include "libs/media/tone_for_test.h"

namespace ctc::media {
namespace {

Sound Of(size_t samples, int16_t value) {
  return std::make_shared<const std::vector<int16_t>>(samples, value);
}

TEST_CASE("clips follow each other to the sample", "[media][playback]") {
  Playback playback(PiecesOf({Of(100, 1), Silence{absl::Milliseconds(5)}, Of(100, 3)}));
  Frame frame;
  CHECK(playback.Take(frame));
  CHECK(frame[99] == 1);
  CHECK(frame[100] == 0);
  CHECK(frame[139] == 0);
  CHECK(frame[140] == 3);
  CHECK_FALSE(playback.done());
  CHECK(playback.Take(frame));
  CHECK(frame[79] == 3);
  CHECK(frame[80] == 0);
  CHECK(playback.done());
  CHECK_FALSE(playback.Take(frame));
  CHECK(frame == Frame{});
}

TEST_CASE("silence is not heard, but takes its time", "[media][playback]") {
  Playback playback(PiecesOf({Silence{absl::Milliseconds(40)}}));
  Frame frame;
  CHECK_FALSE(playback.Take(frame));
  CHECK_FALSE(playback.done());
  CHECK_FALSE(playback.Take(frame));
  CHECK(playback.done());
}

TEST_CASE("nothing, and pieces of no length, are done with the first frame", "[media][playback]") {
  CHECK(Playback().done());
  Playback empty(PiecesOf({Of(0, 1), Silence{-absl::Seconds(1)}, Sound()}));
  CHECK_FALSE(empty.done());
  Frame frame;
  CHECK_FALSE(empty.Take(frame));
  CHECK(empty.done());
}

TEST_CASE("more may be added behind", "[media][playback]") {
  Playback playback;
  playback.Add({Of(160, 1), 160});
  Frame frame;
  CHECK(playback.Take(frame));
  CHECK(playback.done());
  playback.Add({Of(160, 2), 160});
  CHECK(playback.Take(frame));
  CHECK(frame[0] == 2);
}

TEST_CASE("tones are computed, and a tone without end has one", "[media][playback]") {
  const auto pieces = PiecesOf(
      {DigitTone{'1', absl::Milliseconds(100)}, Beep{.hertz = 1000, .length = absl::Hours(10)}});
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].length == 800);
  CHECK(LevelAt(*pieces[0].sound, 697) > 6000);
  CHECK(LevelAt(*pieces[0].sound, 1209) > 8000);
  CHECK(pieces[1].length == size_t{60} * kSampleRate);
}

TEST_CASE("a loop goes on for ever", "[media][playback]") {
  Loop loop(std::make_shared<const std::vector<int16_t>>(std::vector<int16_t>{1, 2, 3}));
  Frame frame;
  CHECK(loop.Take(frame));
  CHECK(frame[3] == 1);
  CHECK(frame[159] == 1);
  CHECK(loop.Take(frame));
  CHECK(frame[0] == 2);
  CHECK_FALSE(Loop().Take(frame));
  CHECK_FALSE(Loop(Of(0, 0)).Take(frame));
}

}  // namespace
}  // namespace ctc::media
