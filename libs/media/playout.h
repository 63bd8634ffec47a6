// The playout buffer: takes packets as the network brings them, gives one frame every 20 ms.
// Samples are kept by their RTP timestamps, so that order, repetition and packet length do not
// matter. What waits is held to some 60 to 100 ms: a burst is cut, a clock that is too fast loses a
// frame now and then, one too slow has one repeated. One thread at a time; nothing is allocated
// after the start.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <span>

#include "libs/media/sound.h"
#include "libs/media/stream.h"

namespace ctc::media {

class Playout {
 public:
  // A packet's payload. One too late is passed over; another SSRC, or a timestamp far ahead, begins
  // anew, and so do several that seem late. More than 100 ms in one packet is not taken.
  void Put(uint32_t ssrc, uint32_t timestamp, Codec codec, std::span<const uint8_t> payload);

  // The next 20 ms; false when there is nothing to hear, `out` being silence. What was lost is
  // filled with the sound before, fading.
  bool Take(Frame& out);

  void Clear();
  // Of sound that waits.
  absl::Duration depth() const;

 private:
  static constexpr uint32_t kRing = 4096;  // samples; a power of two

  void Begin(uint32_t ssrc, uint32_t timestamp);
  void Trim(uint32_t newest);
  void Skip(uint32_t samples);
  void WatchDepth(int32_t waiting);
  bool TakeReady(Frame& out);
  bool Conceal(Frame& out);
  int32_t Waiting() const { return static_cast<int32_t>(end_ - next_); }

  std::array<int16_t, kRing> samples_{};
  std::bitset<kRing> there_;
  bool running_ = false;
  uint32_t ssrc_ = 0;
  uint32_t next_ = 0;  // timestamp of the next sample to play
  uint32_t end_ = 0;   // behind the last one known
  int late_ = 0;       // packets in a row
  Frame last_{};
  int concealed_ = 0;   // frames in a row without a sample of their own
  int32_t lowest_ = 0;  // least waiting in this second
  int watched_ = 0;     // frames of this second
};

}  // namespace ctc::media
