#include "libs/media/tone.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>

namespace ctc::media {
namespace {

constexpr size_t kFade = kSampleRate / 500;
// Peaks of sines: 0 dBm0 is 3.14 dB below the largest (ITU-T G.711).
constexpr double kLowGroup = 8000;    // -9 dBm0
constexpr double kHighGroup = 10000;  // -7 dBm0
constexpr double kRingLevel = 4500;
constexpr double kMelodyLevel = 1800;

struct KeyTones {
  double low;
  double high;
};

std::optional<KeyTones> TonesOf(char digit) {
  static constexpr std::string_view kKeys = "123A456B789C*0#D";
  static constexpr std::array<double, 4> kLow = {697, 770, 852, 941};
  static constexpr std::array<double, 4> kHigh = {1209, 1336, 1477, 1633};
  const size_t at = kKeys.find(digit);
  if (at == std::string_view::npos) return std::nullopt;
  return KeyTones{kLow[at / 4], kHigh[at % 4]};
}

double Sine(double hertz, size_t at) {
  return std::sin(2 * std::numbers::pi * hertz * static_cast<double>(at) / kSampleRate);
}

int16_t Rounded(double value) {
  return static_cast<int16_t>(std::lround(std::clamp(value, -32768.0, 32767.0)));
}

double FadeAt(size_t at, size_t count) {
  const size_t from_end = std::min(at, count - 1 - at);
  return std::min(1.0, static_cast<double>(from_end) / kFade);
}

// A plucked note with its octave, added to what is there; it rings on into the notes after it, and
// from the end round to the beginning, so that the repetition is not heard.
void Pluck(std::vector<double>& melody, size_t begin, double hertz) {
  constexpr size_t kRings = kSampleRate * 2;
  for (size_t i = 0; i < kRings; ++i) {
    const double seconds = static_cast<double>(i) / kSampleRate;
    const double attack = std::min(1.0, seconds / 0.02);
    const double level = attack * std::exp(-2.2 * seconds) * (1 - static_cast<double>(i) / kRings);
    const double note = Sine(hertz, i) + 0.25 * Sine(hertz * 2, i);
    melody[(begin + i) % melody.size()] += kMelodyLevel * level * note;
  }
}

}  // namespace

size_t SamplesIn(absl::Duration length) {
  const absl::Duration within = std::clamp(length, absl::ZeroDuration(), absl::Hours(1));
  return static_cast<size_t>(absl::ToInt64Microseconds(within) * kSampleRate / 1'000'000);
}

std::vector<int16_t> ToneSamples(std::span<const double> hertz, absl::Duration length,
                                 double amplitude) {
  std::vector<int16_t> samples(SamplesIn(length));
  for (size_t i = 0; i < samples.size(); ++i) {
    double value = 0;
    for (const double each : hertz) value += Sine(each, i);
    samples[i] = Rounded(value * amplitude * FadeAt(i, samples.size()));
  }
  return samples;
}

std::vector<int16_t> DigitSamples(char digit, absl::Duration length) {
  std::vector<int16_t> samples(SamplesIn(length));
  const auto tones = TonesOf(digit);
  if (!tones) return samples;
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i] = Rounded(FadeAt(i, samples.size()) *
                         (kLowGroup * Sine(tones->low, i) + kHighGroup * Sine(tones->high, i)));
  }
  return samples;
}

std::vector<int16_t> RingbackPeriod() {
  static constexpr std::array<double, 1> kRing = {425};
  std::vector<int16_t> period = ToneSamples(kRing, absl::Seconds(1), kRingLevel);
  period.resize(SamplesIn(absl::Seconds(5)));
  return period;
}

std::vector<int16_t> HoldMelody() {
  // Four broken chords, up and down: C, A minor, F, G.
  static constexpr std::array<std::array<double, 4>, 4> kChords = {
      {{261.63, 329.63, 392.00, 523.25},
       {220.00, 261.63, 329.63, 440.00},
       {174.61, 220.00, 261.63, 349.23},
       {196.00, 246.94, 293.66, 392.00}}};
  static constexpr std::array<size_t, 8> kOrder = {0, 1, 2, 3, 2, 1, 2, 1};
  constexpr size_t kNote = kSampleRate / 2;
  std::vector<double> melody(kNote * kChords.size() * kOrder.size());
  size_t begin = 0;
  for (const auto& chord : kChords) {
    for (const size_t note : kOrder) {
      Pluck(melody, begin, chord[note]);
      begin += kNote;
    }
  }
  std::vector<int16_t> samples(melody.size());
  std::transform(melody.begin(), melody.end(), samples.begin(), Rounded);
  return samples;
}

}  // namespace ctc::media
