// Sound inside: 16 bit linear PCM, one channel, 8000 samples a second, in frames of 20 ms.
#pragma once

#include <absl/time/time.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

namespace ctc::media {

inline constexpr int kSampleRate = 8000;
inline constexpr size_t kFrameSamples = 160;
inline constexpr absl::Duration kFrameLength = absl::Milliseconds(20);

using Frame = std::array<int16_t, kFrameSamples>;

// A whole prompt; shared by those who play it. Never null in a Clip.
using Sound = std::shared_ptr<const std::vector<int16_t>>;

// A key's two tones (ITU-T Q.23): 0-9, *, #, A-D; another character is silence.
struct DigitTone {
  char digit = '0';
  absl::Duration length = absl::Milliseconds(100);
};
struct Beep {
  int hertz = 1000;
  absl::Duration length = absl::Milliseconds(300);
};
struct Silence {
  absl::Duration length;
};

// A piece of what is played.
using Clip = std::variant<Sound, DigitTone, Beep, Silence>;

}  // namespace ctc::media
