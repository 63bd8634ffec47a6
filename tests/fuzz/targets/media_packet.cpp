// What a phone's packets are read as: RTP with sound or keys, and RTCP. The first byte picks.
#include <algorithm>

#include "libs/media/playout.h"
#include "libs/media/rtcp.h"
#include "libs/media/rtp_packet.h"
#include "libs/media/telephone_event.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

constexpr uint32_t kOurs = 7;

// A stream of packets, each behind a byte that says its length.
void Rtp(std::string_view bytes) {
  media::Playout playout;
  media::Reception reception;
  media::EventReader keys;
  media::Frame frame;
  absl::Duration now;
  while (!bytes.empty()) {
    const size_t length = TakeByte(bytes);
    const std::vector<uint8_t> one(
        bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min(length, bytes.size())));
    bytes.remove_prefix(one.size());
    now += absl::Milliseconds(length);
    const auto packet = media::ReadRtp(one);
    if (packet) {
      Require(packet->payload.size() + media::kRtpHeader <= one.size(),
              "a payload is of its packet");
      reception.Add(packet->header, now);
      const auto digit = keys.Take(packet->header.ssrc, packet->header.timestamp, packet->payload);
      Require(!digit || media::EventOf(*digit), "what is told is a key");
      playout.Put(packet->header.ssrc, packet->header.timestamp, media::Codec::kPcma,
                  packet->payload);
    }
    if (length % 3 != 0) playout.Take(frame);
    Require(playout.depth() <= absl::Milliseconds(180), "what waits has a limit");
    if (reception.any()) {
      const media::ReceptionReport report = reception.Report();
      Require(report.lost <= 0x7fffff && report.lost >= -0x800000, "losses have 24 bits");
    }
  }
}

void Rtcp(std::string_view bytes) {
  const std::vector<uint8_t> packet(bytes.begin(), bytes.end());
  const auto report = media::ReadRtcp(packet, kOurs);
  if (!report || !report->about_us) return;
  const auto round = media::RoundTrip(*report->about_us, absl::FromUnixSeconds(1'800'000'000));
  Require(!round || (*round >= absl::ZeroDuration() && *round <= absl::Seconds(30)),
          "a round trip has a limit");
}

}  // namespace

void MediaPacket(std::string_view bytes) {
  if (TakeByte(bytes) % 2 == 0) {
    Rtp(bytes);
  } else {
    Rtcp(bytes);
  }
}

}  // namespace ctc::fuzz
