#include "libs/media/g711.h"

// clang-format off
#include <spandsp/telephony.h>
#include <spandsp/fast_convert.h>
#include <spandsp/bit_operations.h>
#include <spandsp/g711.h>
// clang-format on

#include <catch2/catch.hpp>

namespace ctc::media {
namespace {

TEST_CASE("the levels are those of G.711", "[media][g711]") {
  CHECK(FromUlaw(0xff) == 0);
  CHECK(FromUlaw(0x80) == 32124);
  CHECK(FromUlaw(0x00) == -32124);
  CHECK(FromUlaw(0xe7) == 260);
  CHECK(FromAlaw(0xd5) == 8);
  CHECK(FromAlaw(0x55) == -8);
  CHECK(FromAlaw(0xaa) == 32256);
  CHECK(FromAlaw(0x2a) == -32256);
  CHECK(ToUlaw(0) == kUlawSilence);
  CHECK(ToAlaw(0) == kAlawSilence);
  CHECK(ToUlaw(32767) == 0x80);
  CHECK(ToUlaw(-32768) == 0x00);
  CHECK(ToAlaw(32767) == 0xaa);
  CHECK(ToAlaw(-32768) == 0x2a);
}

TEST_CASE("a code is its level's code", "[media][g711]") {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<uint8_t>(code);
    CAPTURE(code);
    // Two codes of u-law mean 0.
    CHECK(ToUlaw(FromUlaw(byte)) == (byte == 0x7f ? kUlawSilence : byte));
    CHECK(ToAlaw(FromAlaw(byte)) == byte);
  }
}

TEST_CASE("every sample gets the code that another implementation gives it", "[media][g711]") {
  for (int sample = 0; sample <= 32767; ++sample) {
    const auto value = static_cast<int16_t>(sample);
    const auto below = static_cast<int16_t>(~sample);  // the same with the other sign (ITU-T G.191)
    const bool same =
        ToUlaw(value) == linear_to_ulaw(sample) && ToAlaw(value) == linear_to_alaw(sample) &&
        ToUlaw(below) == (ToUlaw(value) ^ 0x80) && ToAlaw(below) == (ToAlaw(value) ^ 0x80);
    if (!same) FAIL("sample " << sample);
  }
}

TEST_CASE("as much is coded as there is room for", "[media][g711]") {
  const std::vector<int16_t> samples = {0, 32767, 0};
  std::vector<uint8_t> codes(2, 1);
  Encode(Codec::kPcma, samples, codes);
  CHECK(codes == std::vector<uint8_t>{0xd5, 0xaa});
  std::vector<int16_t> back(3, 1);
  Decode(Codec::kPcma, codes, back);
  CHECK(back == std::vector<int16_t>{8, 32256, 1});
}

}  // namespace
}  // namespace ctc::media
