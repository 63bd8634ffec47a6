#include "libs/media/resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "libs/media/sound.h"

namespace ctc::media {
namespace {

// Of the low pass: telephone speech ends at 3.4 kHz, and the slope has to be over at 4.
constexpr double kCutOff = 3600;
constexpr double kHalfWidth = 32.0 / kSampleRate;  // seconds: 32 output samples to each side

// A windowed sinc (von Hann) at `seconds` from its middle, its sum over all samples being one.
double Kernel(double seconds, int rate) {
  const double x = 2 * kCutOff * seconds;
  const double sinc =
      std::abs(x) < 1e-9 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
  const double window = 0.5 + 0.5 * std::cos(std::numbers::pi * seconds / kHalfWidth);
  return std::abs(seconds) >= kHalfWidth ? 0 : 2 * kCutOff / rate * sinc * window;
}

// The kernel at each of the places that an output sample can have between two input samples.
struct Phases {
  int count = 1;  // that differ
  int taps = 0;   // input samples before and after
  std::vector<float> weights;
};

Phases PhasesOf(int rate) {
  Phases phases;
  phases.count = kSampleRate / std::gcd(rate, kSampleRate);
  phases.taps = static_cast<int>(std::ceil(kHalfWidth * rate));
  phases.weights.reserve(static_cast<size_t>(phases.count) *
                         (2 * static_cast<size_t>(phases.taps)));
  for (int phase = 0; phase < phases.count; ++phase) {
    for (int tap = 1 - phases.taps; tap <= phases.taps; ++tap) {
      const double seconds = (tap - static_cast<double>(phase) / phases.count) / rate;
      phases.weights.push_back(static_cast<float>(Kernel(seconds, rate)));
    }
  }
  return phases;
}

}  // namespace

std::vector<int16_t> Resampled(std::span<const int16_t> samples, int rate) {
  if (rate == kSampleRate) return {samples.begin(), samples.end()};
  const Phases phases = PhasesOf(rate);
  const auto given = static_cast<int64_t>(samples.size());
  std::vector<int16_t> out(static_cast<size_t>(given * kSampleRate / rate));
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t place = static_cast<int64_t>(i) * rate;  // in 1/8000 of an input sample
    const int64_t middle = place / kSampleRate;
    const int64_t phase = place % kSampleRate * phases.count / kSampleRate;
    const float* weights = &phases.weights[static_cast<size_t>(phase * 2 * phases.taps)];
    const int64_t begin = middle + 1 - phases.taps;
    const int64_t from = std::max<int64_t>(0, -begin);
    const int64_t to = std::min<int64_t>(2 * phases.taps, given - begin);
    float sum = 0;
    for (int64_t tap = from; tap < to; ++tap) {
      sum += weights[tap] * static_cast<float>(samples[static_cast<size_t>(begin + tap)]);
    }
    out[i] = static_cast<int16_t>(std::lround(std::clamp(sum, -32768.0F, 32767.0F)));
  }
  return out;
}

}  // namespace ctc::media
