// G.711 in both laws (ITU-T G.711): 8 bits a sample, 14 and 13 bits of it kept. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "libs/media/stream.h"

namespace ctc::media {

// What silence is in each law.
inline constexpr uint8_t kUlawSilence = 0xff;
inline constexpr uint8_t kAlawSilence = 0xd5;

uint8_t ToUlaw(int16_t sample);
uint8_t ToAlaw(int16_t sample);
int16_t FromUlaw(uint8_t code);
int16_t FromAlaw(uint8_t code);

// As many samples as both have.
void Encode(Codec codec, std::span<const int16_t> samples, std::span<uint8_t> out);
void Decode(Codec codec, std::span<const uint8_t> codes, std::span<int16_t> out);

}  // namespace ctc::media
