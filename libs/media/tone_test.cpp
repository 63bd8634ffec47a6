// Tones, and the keys that are heard in them.
#include "libs/media/tone.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "libs/media/digit_detector.h"
#include "libs/media/g711.h"
#include "libs/media/tone_for_test.h"

namespace ctc::media {
namespace {

std::string HeardIn(const std::vector<int16_t>& samples) {
  std::string heard;
  DigitDetector detector([&heard](char digit) { heard += digit; });
  for (size_t at = 0; at + kFrameSamples <= samples.size(); at += kFrameSamples) {
    Frame frame;
    std::copy_n(samples.begin() + static_cast<std::ptrdiff_t>(at), kFrameSamples, frame.begin());
    detector.Take(frame);
  }
  return heard;
}

std::vector<int16_t> Pressed(std::string_view digits, absl::Duration on, absl::Duration off) {
  std::vector<int16_t> samples;
  for (const char digit : digits) {
    for (const int16_t sample : DigitSamples(digit, on)) {
      samples.push_back(FromUlaw(ToUlaw(sample)));
    }
    samples.resize(samples.size() + SamplesIn(off));
  }
  return samples;
}

TEST_CASE("a length has so many samples", "[media][tone]") {
  CHECK(SamplesIn(absl::Milliseconds(20)) == kFrameSamples);
  CHECK(SamplesIn(absl::ZeroDuration()) == 0);
  CHECK(SamplesIn(-absl::Seconds(1)) == 0);
  CHECK(SamplesIn(absl::InfiniteDuration()) == size_t{3600} * kSampleRate);
}

TEST_CASE("a tone has its frequency and no other", "[media][tone]") {
  const std::vector<double> hertz = {1000};
  const auto samples = ToneSamples(hertz, absl::Seconds(1), 8000);
  CHECK(LevelAt(samples, 1000) == Approx(8000).epsilon(0.02));
  CHECK(LevelAt(samples, 1200) < 80);
  CHECK(samples.front() == 0);
  CHECK(ToneSamples(hertz, -absl::Seconds(1), 8000).empty());
}

TEST_CASE("every key is heard by its tones, once", "[media][tone]") {
  const std::string keys = "0123456789*#ABCD";
  CHECK(HeardIn(Pressed(keys, absl::Milliseconds(100), absl::Milliseconds(60))) == keys);
  CHECK(HeardIn(Pressed("5", absl::Seconds(3), absl::Milliseconds(60))) == "5");
  CHECK(HeardIn(Pressed("55", absl::Milliseconds(60), absl::Milliseconds(60))) == "55");
  CHECK(HeardIn(Pressed("xyz", absl::Milliseconds(100), absl::Milliseconds(60))).empty());
}

TEST_CASE("ring-back is one second of five and no key", "[media][tone]") {
  const auto period = RingbackPeriod();
  REQUIRE(period.size() == SamplesIn(absl::Seconds(5)));
  const std::span<const int16_t> samples(period);
  CHECK(LevelAt(samples.first(kSampleRate), 425) > 4000);
  const auto rest = samples.subspan(kSampleRate);
  CHECK(std::all_of(rest.begin(), rest.end(), [](int16_t sample) { return sample == 0; }));
  CHECK(HeardIn(period).empty());
}

TEST_CASE("the melody is quiet, goes on, and is no key", "[media][tone]") {
  const auto melody = HoldMelody();
  CHECK(melody.size() == SamplesIn(absl::Seconds(16)));
  const auto [low, high] = std::minmax_element(melody.begin(), melody.end());
  CHECK(*high < 8000);
  CHECK(*low > -8000);
  for (size_t at = 0; at + kSampleRate <= melody.size(); at += kSampleRate) {
    const auto begin = melody.begin() + static_cast<std::ptrdiff_t>(at);
    CHECK(*std::max_element(begin, begin + kSampleRate) > 800);
  }
  // The end passes into the beginning without a click.
  CHECK(std::abs(melody.front() - melody.back()) < 400);
  CHECK(HeardIn(melody).empty());
}

}  // namespace
}  // namespace ctc::media
