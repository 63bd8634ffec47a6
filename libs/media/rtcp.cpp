#include "libs/media/rtcp.h"

#include <algorithm>

#include "libs/media/byte_order.h"

namespace ctc::media {
namespace {

constexpr uint8_t kSenderReport = 200;
constexpr uint8_t kReceiverReport = 201;
constexpr uint8_t kDescription = 202;
constexpr uint8_t kBye = 203;
constexpr uint8_t kCname = 1;
constexpr size_t kSenderPart = 28;
constexpr size_t kReceiverPart = 8;
constexpr size_t kBlock = 24;
constexpr uint64_t kNtpOffset = 2'208'988'800;  // 1900 to 1970, in seconds
constexpr int64_t kLongestRound = 30 * 65536;   // what is longer is a wrong count

uint64_t Ntp(absl::Time time) {
  const int64_t nanos = std::max<int64_t>(absl::ToUnixNanos(time), 0);
  const uint64_t seconds = static_cast<uint64_t>(nanos) / 1'000'000'000;
  const uint64_t rest = static_cast<uint64_t>(nanos) % 1'000'000'000;
  return (seconds + kNtpOffset) << 32 | (rest << 32) / 1'000'000'000;
}

// One packet of the compound; empty when the rest is broken.
std::span<const uint8_t> TakePart(std::span<const uint8_t>& rest) {
  if (rest.size() < 4 || rest[0] >> 6 != 2) return {};
  const size_t length = (size_t{Get16(&rest[2])} + 1) * 4;
  if (length > rest.size()) return {};
  const auto part = rest.first(length);
  rest = rest.subspan(length);
  return part;
}

void ReadBlocks(std::span<const uint8_t> blocks, size_t count, uint32_t ours, PeerReport& report) {
  for (; count > 0 && blocks.size() >= kBlock; --count, blocks = blocks.subspan(kBlock)) {
    if (Get32(&blocks[0]) != ours) continue;
    report.about_us = {.last_report = Get32(&blocks[16]), .delay = Get32(&blocks[20])};
  }
}

void WriteHead(uint8_t count, uint8_t type, size_t length, uint8_t* out) {
  out[0] = static_cast<uint8_t>(0x80 | count);
  out[1] = type;
  Put16(out + 2, static_cast<uint16_t>(length / 4 - 1));
}

void WriteBlock(const OurReport& report, uint8_t* out) {
  const ReceptionReport& heard = *report.heard;
  Put32(out, heard.ssrc);
  Put32(out + 4,
        uint32_t{heard.fraction_lost} << 24 | (static_cast<uint32_t>(heard.lost) & 0xffffffU));
  Put32(out + 8, heard.highest);
  Put32(out + 12, heard.jitter);
  Put32(out + 16, report.peer_sent_at);
  const int64_t delay = report.peer_sent_at == 0
                            ? 0
                            : absl::ToInt64Microseconds(report.since_peer) * 65536 / 1'000'000;
  Put32(out + 20, static_cast<uint32_t>(std::clamp<int64_t>(delay, 0, UINT32_MAX)));
}

size_t WriteReport(const OurReport& report, uint8_t* out) {
  const bool sender = report.packets > 0;
  const size_t head = sender ? kSenderPart : kReceiverPart;
  const size_t length = head + (report.heard ? kBlock : 0);
  WriteHead(report.heard ? 1 : 0, sender ? kSenderReport : kReceiverReport, length, out);
  Put32(out + 4, report.ssrc);
  if (sender) {
    const uint64_t now = Ntp(report.now);
    Put32(out + 8, static_cast<uint32_t>(now >> 32));
    Put32(out + 12, static_cast<uint32_t>(now));
    Put32(out + 16, report.timestamp);
    Put32(out + 20, report.packets);
    Put32(out + 24, report.octets);
  }
  if (report.heard) WriteBlock(report, out + head);
  return length;
}

// The CNAME is the SSRC in hex: it names nobody (RFC 7022 wants one that is drawn for the call).
size_t WriteDescription(uint32_t ssrc, uint8_t* out) {
  constexpr size_t kLength = 20;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::fill_n(out, kLength, uint8_t{0});
  WriteHead(1, kDescription, kLength, out);
  Put32(out + 4, ssrc);
  out[8] = kCname;
  out[9] = 8;
  for (size_t i = 0; i < 8; ++i) {
    out[10 + i] = static_cast<uint8_t>(kHex[ssrc >> (28 - 4 * i) & 15]);
  }
  return kLength;
}

}  // namespace

uint32_t MiddleNtp(absl::Time time) { return static_cast<uint32_t>(Ntp(time) >> 16); }

std::optional<PeerReport> ReadRtcp(std::span<const uint8_t> bytes, uint32_t ours) {
  PeerReport report;
  bool first = true;
  while (!bytes.empty()) {
    const auto part = TakePart(bytes);
    if (part.empty()) return std::nullopt;
    const uint8_t type = part[1];
    const size_t head = type == kSenderReport ? kSenderPart : kReceiverPart;
    if (type == kSenderReport || type == kReceiverReport) {
      if (part.size() < head) return std::nullopt;
      if (type == kSenderReport) report.sent_at = Get32(&part[10]);
      ReadBlocks(part.subspan(head), part[0] & 0x1f, ours, report);
    } else if (first) {
      return std::nullopt;
    }
    first = false;
  }
  return first ? std::nullopt : std::optional(report);
}

std::optional<absl::Duration> RoundTrip(const PeerReport::AboutUs& about, absl::Time arrival) {
  if (about.last_report == 0) return std::nullopt;
  const auto units = static_cast<int32_t>(MiddleNtp(arrival) - about.last_report - about.delay);
  if (units < 0 || units > kLongestRound) return std::nullopt;
  return absl::Microseconds(int64_t{units} * 1'000'000 / 65536);
}

size_t WriteRtcp(const OurReport& report, std::span<uint8_t, kLongestReport> out) {
  size_t length = WriteReport(report, out.data());
  length += WriteDescription(report.ssrc, out.data() + length);
  if (report.bye) {
    WriteHead(1, kBye, 8, out.data() + length);
    Put32(out.data() + length + 4, report.ssrc);
    length += 8;
  }
  return length;
}

}  // namespace ctc::media
