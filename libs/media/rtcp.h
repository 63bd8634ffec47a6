// RTCP (RFC 3550 section 6): the reports we send, and what we read of the peer's. Pure.
#pragma once

#include <absl/time/time.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "libs/media/reception.h"

namespace ctc::media {

// The middle 32 bits of an NTP timestamp: seconds and fractions, 16 bits each.
uint32_t MiddleNtp(absl::Time time);

// What a compound packet of the peer tells.
struct PeerReport {
  std::optional<uint32_t> sent_at;  // its sender report's time, MiddleNtp
  struct AboutUs {
    uint32_t last_report = 0;  // our report's time it has seen, MiddleNtp; 0: none
    uint32_t delay = 0;        // since it came there, in 1/65536 s
  };
  std::optional<AboutUs> about_us;
};

// None when it is no compound packet: each part's version and length, a report first. `ours` is the
// SSRC under which we send.
std::optional<PeerReport> ReadRtcp(std::span<const uint8_t> bytes, uint32_t ours);

// By the peer's word and the time of its coming (section 6.4.1, A - LSR - DLSR); none when it has
// seen no report of ours, or counts wrongly.
std::optional<absl::Duration> RoundTrip(const PeerReport::AboutUs& about, absl::Time arrival);

// Our report.
struct OurReport {
  uint32_t ssrc = 0;
  absl::Time now;
  uint32_t timestamp = 0;  // RTP's, of now
  uint32_t packets = 0;    // sent; none: a receiver report
  uint32_t octets = 0;     // of payload sent
  std::optional<ReceptionReport> heard;
  uint32_t peer_sent_at = 0;                         // of its last sender report, MiddleNtp
  absl::Duration since_peer = absl::ZeroDuration();  // it came
  bool bye = false;
};

inline constexpr size_t kLongestReport = 128;

// SR or RR, SDES with a CNAME made of the SSRC, and BYE when asked; returns its length.
size_t WriteRtcp(const OurReport& report, std::span<uint8_t, kLongestReport> out);

}  // namespace ctc::media
