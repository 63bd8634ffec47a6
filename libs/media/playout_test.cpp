#include "libs/media/playout.h"

#include <catch2/catch.hpp>

#include "libs/media/g711.h"

namespace ctc::media {
namespace {

constexpr uint32_t kSsrc = 7;
constexpr int kLead = 2;  // frames of silence before the first

// Packets whose every sample is the level of one code: 1, 2, 3 ... tells which packet it was.
struct Line {
  Playout playout;
  uint32_t base = 0xffffff00;  // timestamps wrap around soon

  void Put(int number, int frames = 1, uint32_t ssrc = kSsrc) {
    const std::vector<uint8_t> payload(kFrameSamples * static_cast<size_t>(frames), Code(number));
    playout.Put(ssrc, base + static_cast<uint32_t>(number) * kFrameSamples, Codec::kPcmu, payload);
  }
  static uint8_t Code(int number) { return static_cast<uint8_t>(0x80 + number % 100); }
  // Which packet the next frame is of; 0: silence, -1: neither.
  int Take() {
    Frame frame;
    const bool heard = playout.Take(frame);
    if (!heard && frame == Frame{}) return 0;
    for (int number = 0; number < 100; ++number) {
      Frame whole;
      whole.fill(FromUlaw(Code(number)));
      if (frame == whole) return number;
    }
    return -1;
  }
  std::vector<int> Take(int frames) {
    std::vector<int> heard;
    for (int i = 0; i < frames; ++i) heard.push_back(Take());
    return heard;
  }
};

TEST_CASE("what comes in time is played in order, after a lead", "[media][playout]") {
  Line line;
  std::vector<int> heard;
  for (int i = 1; i <= 20; ++i) {
    line.Put(i);
    heard.push_back(line.Take());
  }
  CHECK(heard[0] == 0);
  CHECK(heard[1] == 0);
  for (int i = kLead; i < 20; ++i) CHECK(heard[static_cast<size_t>(i)] == i + 1 - kLead);
}

TEST_CASE("disorder and duplicates are not heard", "[media][playout]") {
  Line line;
  for (const int number : {2, 2, 1, 4, 3, 4}) line.Put(number);
  CHECK(line.Take(5) == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("packets of other lengths are the same sound", "[media][playout]") {
  Line line;
  line.Put(1, 3);
  CHECK(line.Take(5) == std::vector<int>{0, 0, 1, 1, 1});
  Playout halves;
  const std::vector<uint8_t> half(kFrameSamples / 2, Line::Code(9));
  for (uint32_t i = 0; i < 4; ++i) halves.Put(kSsrc, i * 80, Codec::kPcmu, half);
  Frame frame;
  for (int i = 0; i < kLead; ++i) CHECK_FALSE(halves.Take(frame));
  CHECK(halves.Take(frame));
  CHECK(frame.front() == FromUlaw(Line::Code(9)));
  CHECK(frame.back() == FromUlaw(Line::Code(9)));
}

TEST_CASE("a loss is covered with the sound before, which fades", "[media][playout]") {
  Line line;
  line.Put(1);
  CHECK(line.Take(2) == std::vector<int>{0, 0});
  line.Put(4);
  CHECK(line.Take() == 1);
  Frame frame;
  const int16_t level = FromUlaw(Line::Code(1));
  CHECK(line.playout.Take(frame));
  CHECK(frame[0] == level >> 1);
  CHECK(line.playout.Take(frame));
  CHECK(frame[0] == level >> 2);
  CHECK(line.Take() == 4);
}

TEST_CASE("what comes too late is passed over, and several move the time back",
          "[media][playout]") {
  Line line;
  for (int i = 11; i <= 13; ++i) line.Put(i);
  CHECK(line.Take(4) == std::vector<int>{0, 0, 11, 12});
  line.Put(11);
  CHECK(line.Take() == 13);
  for (int i = 1; i <= 3; ++i) line.Put(i);
  line.Put(14);  // it was they who were late
  CHECK(line.Take() == 14);
  for (int i = 1; i <= 6; ++i) line.Put(i);
  CHECK(line.Take(4) == std::vector<int>{0, 0, 5, 6});
}

TEST_CASE("a burst is cut to what may wait", "[media][playout]") {
  Line line;
  for (int i = 1; i <= 30; ++i) {
    line.Put(i);
    CHECK(line.playout.depth() <= absl::Milliseconds(100));
  }
  CHECK(line.playout.depth() >= absl::Milliseconds(60));
  std::vector<int> heard = line.Take(5);
  heard.erase(std::remove(heard.begin(), heard.end(), 0), heard.end());
  REQUIRE_FALSE(heard.empty());
  CHECK(std::is_sorted(heard.begin(), heard.end()));
  CHECK(std::count(heard.begin(), heard.end(), 30) == 1);
}

TEST_CASE("without packets the time stands still, and a pause begins anew", "[media][playout]") {
  Line line;
  for (int i = 1; i <= 3; ++i) line.Put(i);
  CHECK(line.Take(5) == std::vector<int>{0, 0, 1, 2, 3});
  Frame frame;
  CHECK(line.playout.Take(frame));  // covered
  line.Put(4);
  CHECK(line.Take() == 4);  // though a frame later than it should
  int silent = 0;
  for (int i = 0; i < 20; ++i) silent += line.playout.Take(frame) ? 0 : 1;
  CHECK(silent == 17);
  line.Put(40);
  CHECK(line.Take(3) == std::vector<int>{0, 0, 40});
}

TEST_CASE("another source or a jump of time begins anew", "[media][playout]") {
  Line line;
  for (int i = 1; i <= 3; ++i) line.Put(i);
  line.Put(50, 1, kSsrc + 1);
  CHECK(line.Take(3) == std::vector<int>{0, 0, 50});
  line.base += 1'000'000'000;
  line.Put(7);
  CHECK(line.Take(3) == std::vector<int>{0, 0, 7});
}

// A sender whose clock differs by one part in a hundred, for a minute.
TEST_CASE("a clock that drifts neither fills the buffer nor empties it", "[media][playout]") {
  const int every = GENERATE(100, -100);
  Line line;
  int number = 0;
  int heard = 0;
  for (int frame = 0; frame < 3000; ++frame) {
    if (every < 0 && frame % -every == 1) continue;  // ours is ahead: no packet for this frame
    line.Put(++number);
    if (every > 0 && frame % every == 1) line.Put(++number);
    REQUIRE(line.playout.depth() <= absl::Milliseconds(100));
    Frame out;
    heard += line.playout.Take(out) ? 1 : 0;
    if (every < 0 && frame % -every == 2) heard += line.playout.Take(out) ? 1 : 0;
  }
  CHECK(heard > 2950);
}

TEST_CASE("what is no sound of a call is not taken", "[media][playout]") {
  Line line;
  line.playout.Put(kSsrc, 0, Codec::kPcmu, {});
  line.playout.Put(kSsrc, 0, Codec::kPcmu, std::vector<uint8_t>(801));
  CHECK(line.playout.depth() == absl::ZeroDuration());
  CHECK(line.Take() == 0);
}

}  // namespace
}  // namespace ctc::media
