#include "libs/media/mixer.h"

#include <algorithm>
#include <limits>

namespace ctc::media {

void Mix(std::span<const Frame* const> voices, Frame& out) {
  if (voices.empty()) {
    out.fill(0);
    return;
  }
  if (voices.size() == 1) {
    out = *voices.front();
    return;
  }
  std::array<int32_t, kFrameSamples> sum{};
  for (const Frame* voice : voices) {
    for (size_t i = 0; i < kFrameSamples; ++i) sum[i] += (*voice)[i];
  }
  using Limits = std::numeric_limits<int16_t>;
  for (size_t i = 0; i < kFrameSamples; ++i) {
    out[i] = static_cast<int16_t>(std::clamp<int32_t>(sum[i], Limits::min(), Limits::max()));
  }
}

}  // namespace ctc::media
