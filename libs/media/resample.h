// Other sample rates made 8 kHz. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ctc::media {

// `samples` of `rate` a second (8000 or more) at 8 kHz, with what would alias filtered out.
std::vector<int16_t> Resampled(std::span<const int16_t> samples, int rate);

}  // namespace ctc::media
