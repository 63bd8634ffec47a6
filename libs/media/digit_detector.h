// Keys in the sound itself (DTMF, ITU-T Q.23), for phones without telephone-event. The detector is
// spandsp's, which is used nowhere else. One thread at a time.
#pragma once

#include <functional>
#include <memory>

#include "libs/media/sound.h"

struct dtmf_rx_state_s;  // spandsp's

namespace ctc::media {

class DigitDetector {
 public:
  using Sink = std::function<void(char digit)>;

  explicit DigitDetector(Sink sink);
  ~DigitDetector();
  DigitDetector(const DigitDetector&) = delete;
  DigitDetector& operator=(const DigitDetector&) = delete;

  // Each frame of the stream, silence too; tells a key once, some 40 ms after it began.
  void Take(const Frame& frame);

 private:
  struct Free {
    void operator()(dtmf_rx_state_s* state) const;
  };
  Sink sink_;
  std::unique_ptr<dtmf_rx_state_s, Free> state_;
};

}  // namespace ctc::media
