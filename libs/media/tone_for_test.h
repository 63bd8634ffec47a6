// Which tone is in a sound.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>

#include "libs/media/sound.h"

namespace ctc::media {

// The amplitude of `hertz` in `samples`; best over whole periods.
inline double LevelAt(std::span<const int16_t> samples, double hertz) {
  double sine = 0;
  double cosine = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double angle = 2 * std::numbers::pi * hertz * static_cast<double>(i) / kSampleRate;
    sine += samples[i] * std::sin(angle);
    cosine += samples[i] * std::cos(angle);
  }
  return samples.empty() ? 0 : 2 * std::hypot(sine, cosine) / static_cast<double>(samples.size());
}

}  // namespace ctc::media
