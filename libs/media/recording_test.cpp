#include "libs/media/recording.h"

#include <catch2/catch.hpp>

#include "libs/media/g711.h"

namespace ctc::media {
namespace {

Frame Of(int16_t value) {
  Frame frame;
  frame.fill(value);
  return frame;
}

const Frame kSpeech = Of(1000);
const Frame kNoise = Of(40);

// How many frames are added until it is over, of at most a minute.
int FramesUntil(RecordEnd end, Recording& recording, const Frame& frame) {
  for (int i = 1; i <= 3000; ++i) {
    if (const auto over = recording.Add(frame)) return *over == end ? i : -1;
  }
  return 0;
}

TEST_CASE("it is over at its longest", "[media][recording]") {
  Recording recording(absl::Seconds(1), absl::ZeroDuration(), absl::ZeroDuration());
  CHECK(FramesUntil(RecordEnd::kMaxLength, recording, kNoise) == 50);
  CHECK(recording.length() == absl::Seconds(1));
  Recording none(absl::ZeroDuration(), absl::ZeroDuration(), absl::ZeroDuration());
  CHECK(FramesUntil(RecordEnd::kMaxLength, none, kSpeech) == 1);
  CHECK(none.TakeBytes(1).empty());
}

TEST_CASE("it is over when nothing was said for long enough", "[media][recording]") {
  Recording recording(absl::Hours(1), absl::Milliseconds(110), absl::ZeroDuration());
  for (int i = 0; i < 100; ++i) CHECK_FALSE(recording.Add(i % 6 == 0 ? kSpeech : kNoise));
  CHECK_FALSE(recording.Add(kSpeech));
  CHECK(FramesUntil(RecordEnd::kSilence, recording, kNoise) == 6);
  Recording never(absl::Hours(1), absl::ZeroDuration(), absl::ZeroDuration());
  CHECK(FramesUntil(RecordEnd::kSilence, never, kNoise) == 0);
}

TEST_CASE("neither the beep nor a pause is in it", "[media][recording]") {
  Recording recording(absl::Seconds(10), absl::Seconds(1), absl::Milliseconds(300));
  for (int i = 0; i < 15; ++i) CHECK_FALSE(recording.Add(kNoise));
  CHECK(recording.length() == absl::ZeroDuration());
  recording.Add(kSpeech);
  recording.Pause();
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(recording.Add(kNoise));
  recording.Resume();
  recording.Add(kSpeech);
  CHECK(recording.length() == absl::Milliseconds(40));
  CHECK(recording.TakeBytes(321).empty());
  CHECK(recording.TakeBytes(320) == std::string(320, static_cast<char>(ToUlaw(1000))));
  CHECK(recording.TakeBytes(1).empty());
}

}  // namespace
}  // namespace ctc::media
