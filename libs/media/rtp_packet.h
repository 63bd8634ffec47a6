// RTP packets (RFC 3550 section 5). Pure; nothing is allocated.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace ctc::media {

inline constexpr size_t kRtpHeader = 12;  // without CSRCs and extension, as we write it

struct RtpHeader {
  bool marker = false;
  uint8_t payload_type = 0;  // 0-127
  uint16_t sequence = 0;
  uint32_t timestamp = 0;
  uint32_t ssrc = 0;
};

struct RtpPacket {
  RtpHeader header;
  std::span<const uint8_t> payload;  // of the bytes read
};

// None when it is no RTP packet of version 2, or one whose lengths (CSRCs, extension, padding) do
// not fit.
std::optional<RtpPacket> ReadRtp(std::span<const uint8_t> bytes);

// The first 12 bytes of a packet.
void WriteRtpHeader(const RtpHeader& header, std::span<uint8_t, kRtpHeader> out);

}  // namespace ctc::media
