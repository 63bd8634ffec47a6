#include "libs/media/recording.h"

#include <algorithm>
#include <utility>

#include "libs/media/g711.h"

namespace ctc::media {
namespace {

// -40 dBm0: some 20 dB below speech, well above the noise of a line.
constexpr int64_t kQuiet = 158;  // root mean square

int64_t FramesIn(absl::Duration length) {
  return std::max<int64_t>(absl::Ceil(length, kFrameLength) / kFrameLength, 0);
}

bool IsQuiet(const Frame& frame) {
  int64_t energy = 0;
  for (const int16_t sample : frame) energy += int64_t{sample} * sample;
  return energy < kQuiet * kQuiet * static_cast<int64_t>(frame.size());
}

}  // namespace

Recording::Recording(absl::Duration max_length, absl::Duration silence_end, absl::Duration lead)
    : most_(FramesIn(max_length)), silence_limit_(FramesIn(silence_end)), lead_(FramesIn(lead)) {}

std::optional<RecordEnd> Recording::Add(const Frame& voices) {
  if (lead_ > 0) {
    --lead_;
    return std::nullopt;
  }
  if (paused_) return std::nullopt;
  if (frames_ >= most_) return RecordEnd::kMaxLength;
  ++frames_;
  std::array<uint8_t, kFrameSamples> codes;
  Encode(Codec::kPcmu, voices, codes);
  bytes_.append(codes.begin(), codes.end());
  silent_ = IsQuiet(voices) ? silent_ + 1 : 0;
  if (silence_limit_ > 0 && silent_ >= silence_limit_) return RecordEnd::kSilence;
  return frames_ == most_ ? std::optional(RecordEnd::kMaxLength) : std::nullopt;
}

std::string Recording::TakeBytes(size_t least) {
  return bytes_.size() < least ? std::string() : std::exchange(bytes_, std::string());
}

}  // namespace ctc::media
