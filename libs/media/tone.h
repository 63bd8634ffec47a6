// Tones and a melody, computed: what is played without a file. Pure.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <span>
#include <vector>

#include "libs/media/sound.h"

namespace ctc::media {

// Samples in `length`, none for a negative one and at most an hour's.
size_t SamplesIn(absl::Duration length);

// The frequencies together, each at `amplitude`, faded in and out for 2 ms so that nothing clicks.
std::vector<int16_t> ToneSamples(std::span<const double> hertz, absl::Duration length,
                                 double amplitude);

// Both tones of a key (ITU-T Q.23) at -9 and -7 dBm0, or silence for what is no key.
std::vector<int16_t> DigitSamples(char digit, absl::Duration length);

// One period of ring-back: 425 Hz for one second, four of silence (ITU-T E.180 as most of Europe
// has it; a single tone, which no detector takes for a key).
std::vector<int16_t> RingbackPeriod();

// Some sixteen seconds of quiet music to be repeated.
std::vector<int16_t> HoldMelody();

}  // namespace ctc::media
