// The head of the WAV files we write. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace ctc::media {

inline constexpr size_t kWavHeader = 58;

// Of a file with `bytes` of G.711 u-law, mono, 8 kHz behind it; odd ones want a byte of padding.
std::string UlawWavHeader(uint32_t bytes);

}  // namespace ctc::media
