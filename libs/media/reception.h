// What an RTP receiver counts of one source for its reports (RFC 3550 appendix A). Pure; one thread
// at a time.
#pragma once

#include <absl/time/time.h>

#include <cstdint>

#include "libs/media/rtp_packet.h"

namespace ctc::media {

// A report block's part of it (section 6.4.1).
struct ReceptionReport {
  uint32_t ssrc = 0;
  uint8_t fraction_lost = 0;  // of 256, since the last report
  int32_t lost = 0;           // 24 bits
  uint32_t highest = 0;       // sequence number, extended
  uint32_t jitter = 0;        // in samples
};

class Reception {
 public:
  // A packet that came at `arrival`, by any clock that does not jump. Another SSRC begins anew.
  void Add(const RtpHeader& header, absl::Duration arrival);
  bool any() const { return any_; }
  // Cumulative; A.3.
  int64_t lost() const;
  absl::Duration jitter() const;
  // Begins the next interval.
  ReceptionReport Report();

 private:
  int64_t Expected() const;
  void Begin(const RtpHeader& header);
  void MeasureJitter(uint32_t timestamp, absl::Duration arrival);

  bool any_ = false;
  uint32_t ssrc_ = 0;
  uint16_t first_ = 0;
  uint16_t highest_ = 0;
  uint32_t cycles_ = 0;
  uint32_t jumped_to_ = ~0U;  // the number after one that was far off; more than 16 bits: none
  int64_t received_ = 0;
  int64_t lost_before_ = 0;  // of sources before this one
  int64_t expected_prior_ = 0;
  int64_t received_prior_ = 0;
  uint32_t transit_ = 0;
  double jitter_ = 0;  // samples
};

}  // namespace ctc::media
