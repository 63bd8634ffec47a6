#include "libs/media/telephone_event.h"

#include <catch2/catch.hpp>

namespace ctc::media {
namespace {

// Feeds events and keeps what the reader tells.
struct Ear {
  EventReader reader;
  std::string heard;
  void Take(uint32_t timestamp, uint8_t event, uint16_t duration, bool end = false,
            uint32_t ssrc = 1) {
    const auto payload = WriteTelephoneEvent({event, end, 10, duration});
    if (const auto digit = reader.Take(ssrc, timestamp, payload)) heard += *digit;
  }
};

TEST_CASE("an event is written as RFC 4733 has it", "[media][event]") {
  const auto payload = WriteTelephoneEvent({11, true, 10, 800});
  CHECK(payload == std::array<uint8_t, 4>{11, 0x8a, 0x03, 0x20});
  const auto read = ReadTelephoneEvent(payload);
  REQUIRE(read);
  CHECK(read->event == 11);
  CHECK(read->end);
  CHECK(read->volume == 10);
  CHECK(read->duration == 800);
  CHECK_FALSE(ReadTelephoneEvent(std::span(payload).first(3)));
}

TEST_CASE("keys have numbers", "[media][event]") {
  const std::string keys = "0123456789*#ABCD";
  for (uint8_t event = 0; event < 16; ++event) {
    CHECK(DigitOf(event) == keys[event]);
    CHECK(EventOf(keys[event]) == event);
  }
  CHECK_FALSE(DigitOf(16));
  CHECK_FALSE(EventOf('x'));
}

TEST_CASE("a key is told once", "[media][event]") {
  Ear ear;
  SECTION("with all its packets") {
    for (const uint16_t duration : {160, 320, 480}) ear.Take(1000, 5, duration);
    for (int i = 0; i < 3; ++i) ear.Take(1000, 5, 640, true);
    CHECK(ear.heard == "5");
  }
  SECTION("when only its end comes") {
    ear.Take(1000, 5, 640, true);
    ear.Take(1000, 5, 640, true);
    CHECK(ear.heard == "5");
  }
  SECTION("when its end is lost") {
    ear.Take(1000, 5, 160);
    ear.Take(3000, 5, 160);
    ear.Take(3000, 5, 320, true);
    CHECK(ear.heard == "55");
  }
  SECTION("when the next overtakes it") {
    ear.Take(1000, 1, 160);
    ear.Take(3000, 2, 160);
    ear.Take(1000, 1, 800, true);
    ear.Take(3000, 2, 800, true);
    CHECK(ear.heard == "12");
  }
  SECTION("across the end of the timestamps") {
    ear.Take(0xffffff00, 1, 800, true);
    ear.Take(0x00000500, 1, 800, true);
    ear.Take(0xffffff00, 1, 800, true);
    CHECK(ear.heard == "11");
  }
  SECTION("held for so long that it comes in segments") {
    ear.Take(1000, 9, 0xffff);
    ear.Take(1000 + 0xffff, 9, 160);
    ear.Take(1000 + 0xffff, 9, 320, true);
    CHECK(ear.heard == "9");
  }
  SECTION("but another one as far away is another") {
    ear.Take(1000, 9, 800, true);
    ear.Take(1000 + 0xffff, 9, 160);
    CHECK(ear.heard == "99");
  }
}

TEST_CASE("another source or another count of time is heard", "[media][event]") {
  Ear ear;
  ear.Take(1'000'000, 1, 800, true);
  ear.Take(1'000'000, 2, 800, true, 2);
  ear.Take(1000, 3, 800, true, 2);
  CHECK(ear.heard == "123");
}

TEST_CASE("what is no key is not told", "[media][event]") {
  Ear ear;
  ear.Take(1000, 16, 160);
  CHECK_FALSE(ear.reader.Take(1, 2000, std::vector<uint8_t>{1, 2}));
  CHECK(ear.heard.empty());
}

TEST_CASE("keys are sent with their end three times, and a pause", "[media][event]") {
  EventWriter writer;
  writer.Add("1x#");
  Ear ear;
  std::vector<int> durations;
  int ends = 0;
  int marked = 0;
  uint32_t timestamp = 5000;
  std::vector<uint32_t> begins;
  for (int frame = 0; frame < 20; ++frame, timestamp += 160) {
    const auto step = writer.Next(timestamp);
    if (!step) continue;
    durations.push_back(step->event.duration);
    ends += step->event.end ? 1 : 0;
    marked += step->first ? 1 : 0;
    if (step->first) begins.push_back(step->timestamp);
    ear.Take(step->timestamp, step->event.event, step->event.duration, step->event.end);
  }
  CHECK(ear.heard == "1#");
  CHECK(durations ==
        std::vector<int>{160, 320, 480, 640, 800, 800, 800, 160, 320, 480, 640, 800, 800, 800});
  CHECK(ends == 6);
  CHECK(marked == 2);
  CHECK(begins == std::vector<uint32_t>{5000, 5000 + 8 * 160});
  CHECK(writer.idle());
}

TEST_CASE("no more keys wait than a minute's", "[media][event]") {
  EventWriter writer;
  writer.Add(std::string(10'000, '1'));
  int frames = 0;
  while (!writer.idle() && frames < 10'000) {
    writer.Next(static_cast<uint32_t>(frames));
    ++frames;
  }
  CHECK(frames == 3000);
}

}  // namespace
}  // namespace ctc::media
