// What of a call's voices goes into its recording, and when that is over. Pure; one thread at a
// time.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>

#include "libs/media/media_server.h"
#include "libs/media/sound.h"

namespace ctc::media {

class Recording {
 public:
  // `lead` is how long the beep takes, which is not recorded.
  Recording(absl::Duration max_length, absl::Duration silence_end, absl::Duration lead);

  // A frame of all voices together. Why it is over, when it is.
  std::optional<RecordEnd> Add(const Frame& voices);
  void Pause() { paused_ = true; }
  void Resume() { paused_ = false; }

  // What has come since the last call, as G.711 u-law; empty when less than `least` bytes have.
  std::string TakeBytes(size_t least);
  absl::Duration length() const { return frames_ * kFrameLength; }

 private:
  const int64_t most_;           // frames
  const int64_t silence_limit_;  // frames; 0: never
  int64_t lead_;                 // frames to come
  bool paused_ = false;
  int64_t frames_ = 0;
  int64_t silent_ = 0;  // frames in a row
  std::string bytes_;
};

}  // namespace ctc::media
