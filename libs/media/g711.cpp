#include "libs/media/g711.h"

#include <algorithm>
#include <array>
#include <bit>

namespace ctc::media {
namespace {

// u-law counts from 33 in steps of 14 bits: with it each segment begins at a power of two.
constexpr int kUlawBias = 33;
constexpr int kUlawMost = 8158;

constexpr int16_t UlawLevel(uint8_t code) {
  const unsigned bits = static_cast<uint8_t>(~code);
  const unsigned segment = bits >> 4 & 7;
  const int level = static_cast<int>((((bits & 15) << 1) + kUlawBias) << segment) - kUlawBias;
  return static_cast<int16_t>(((bits & 0x80) != 0 ? -level : level) * 4);
}

constexpr int16_t AlawLevel(uint8_t code) {
  const unsigned bits = code ^ 0x55U;
  const unsigned segment = bits >> 4 & 7;
  const unsigned step = (bits & 15) << 1 | 1;
  const int level = static_cast<int>(segment == 0 ? step : (step + 32) << (segment - 1));
  return static_cast<int16_t>(((bits & 0x80) != 0 ? level : -level) * 8);
}

using Levels = std::array<int16_t, 256>;

template <class Level>
constexpr Levels LevelsOf(Level level) {
  Levels levels{};
  for (size_t code = 0; code < levels.size(); ++code) {
    levels[code] = level(static_cast<uint8_t>(code));
  }
  return levels;
}

constexpr Levels kUlaw = LevelsOf(UlawLevel);
constexpr Levels kAlaw = LevelsOf(AlawLevel);

}  // namespace

uint8_t ToUlaw(int16_t sample) {
  const int rounded = sample >> 2;  // to 14 bits
  const unsigned sign = rounded < 0 ? 0x80 : 0;
  const int magnitude = std::min(rounded < 0 ? ~rounded : rounded, kUlawMost);
  const auto level = static_cast<unsigned>(magnitude + kUlawBias);
  const auto segment = static_cast<unsigned>(std::bit_width(level)) - 6;
  return static_cast<uint8_t>(~(sign | segment << 4 | (level >> (segment + 1) & 15)));
}

uint8_t ToAlaw(int16_t sample) {
  const int rounded = sample >> 3;  // to 13 bits
  const unsigned sign = rounded < 0 ? 0 : 0x80;
  const auto level = static_cast<unsigned>(rounded < 0 ? ~rounded : rounded);
  const unsigned segment = level < 32 ? 0 : static_cast<unsigned>(std::bit_width(level)) - 5;
  const unsigned step = level >> std::max(segment, 1U) & 15;
  return static_cast<uint8_t>((sign | segment << 4 | step) ^ 0x55);
}

int16_t FromUlaw(uint8_t code) { return kUlaw[code]; }
int16_t FromAlaw(uint8_t code) { return kAlaw[code]; }

void Encode(Codec codec, std::span<const int16_t> samples, std::span<uint8_t> out) {
  const size_t count = std::min(samples.size(), out.size());
  if (codec == Codec::kPcmu) {
    for (size_t i = 0; i < count; ++i) out[i] = ToUlaw(samples[i]);
  } else {
    for (size_t i = 0; i < count; ++i) out[i] = ToAlaw(samples[i]);
  }
}

void Decode(Codec codec, std::span<const uint8_t> codes, std::span<int16_t> out) {
  const Levels& levels = codec == Codec::kPcmu ? kUlaw : kAlaw;
  const size_t count = std::min(codes.size(), out.size());
  for (size_t i = 0; i < count; ++i) out[i] = levels[codes[i]];
}

}  // namespace ctc::media
