#include "libs/media/rtp_packet.h"

#include "libs/media/byte_order.h"

namespace ctc::media {

std::optional<RtpPacket> ReadRtp(std::span<const uint8_t> bytes) {
  if (bytes.size() < kRtpHeader || bytes[0] >> 6 != 2) return std::nullopt;
  const bool padded = (bytes[0] & 0x20) != 0;
  const bool extended = (bytes[0] & 0x10) != 0;
  RtpPacket packet;
  packet.header.marker = (bytes[1] & 0x80) != 0;
  packet.header.payload_type = bytes[1] & 0x7f;
  packet.header.sequence = Get16(&bytes[2]);
  packet.header.timestamp = Get32(&bytes[4]);
  packet.header.ssrc = Get32(&bytes[8]);
  size_t begin = kRtpHeader + size_t{bytes[0] & 0x0fU} * 4;
  if (extended) {
    if (bytes.size() < begin + 4) return std::nullopt;
    begin += 4 + size_t{Get16(&bytes[begin + 2])} * 4;
  }
  if (bytes.size() < begin) return std::nullopt;
  std::span<const uint8_t> payload = bytes.subspan(begin);
  if (padded) {
    // The last byte says how many there are, itself included.
    if (payload.empty() || payload.back() == 0 || payload.back() > payload.size()) {
      return std::nullopt;
    }
    payload = payload.first(payload.size() - payload.back());
  }
  packet.payload = payload;
  return packet;
}

void WriteRtpHeader(const RtpHeader& header, std::span<uint8_t, kRtpHeader> out) {
  out[0] = 0x80;
  out[1] = static_cast<uint8_t>((header.marker ? 0x80 : 0) | (header.payload_type & 0x7f));
  Put16(&out[2], header.sequence);
  Put32(&out[4], header.timestamp);
  Put32(&out[8], header.ssrc);
}

}  // namespace ctc::media
