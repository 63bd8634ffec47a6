#include "libs/media/rtp_packet.h"

#include <catch2/catch.hpp>

namespace ctc::media {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Packet(uint8_t first, const Bytes& rest) {
  Bytes bytes = {first, 0x80, 0x12, 0x34, 0, 0, 0, 160, 0xca, 0xfe, 0, 1};
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

Bytes PayloadOf(const Bytes& bytes) {
  const auto packet = ReadRtp(bytes);
  REQUIRE(packet);
  return {packet->payload.begin(), packet->payload.end()};
}

TEST_CASE("a header that was written is read", "[media][rtp]") {
  const RtpHeader header{true, 101, 0xfffe, 0x89abcdef, 0x01020304};
  std::array<uint8_t, kRtpHeader> bytes{};
  WriteRtpHeader(header, bytes);
  const auto read = ReadRtp(bytes);
  REQUIRE(read);
  CHECK(read->header.marker);
  CHECK(read->header.payload_type == 101);
  CHECK(read->header.sequence == 0xfffe);
  CHECK(read->header.timestamp == 0x89abcdef);
  CHECK(read->header.ssrc == 0x01020304);
  CHECK(read->payload.empty());
}

TEST_CASE("sources, extension and padding are left out of the payload", "[media][rtp]") {
  CHECK(PayloadOf(Packet(0x80, {7, 8})) == Bytes{7, 8});
  CHECK(PayloadOf(Packet(0x81, {1, 1, 1, 1, 7})) == Bytes{7});
  CHECK(PayloadOf(Packet(0x90, {0xbe, 0xde, 0, 1, 2, 2, 2, 2, 7})) == Bytes{7});
  CHECK(PayloadOf(Packet(0xb1, {1, 1, 1, 1, 0, 0, 0, 0, 7, 0, 2})) == Bytes{7});
  CHECK(PayloadOf(Packet(0xa0, {0, 0, 3})).empty());
}

TEST_CASE("what is no packet is told from one", "[media][rtp]") {
  CHECK_FALSE(ReadRtp(Bytes{}));
  CHECK_FALSE(ReadRtp(Bytes(11, 0x80)));
  CHECK_FALSE(ReadRtp(Packet(0x40, {7})));              // version 1
  CHECK_FALSE(ReadRtp(Packet(0x8f, {1, 2, 3})));        // fifteen sources
  CHECK_FALSE(ReadRtp(Packet(0x90, {0xbe, 0xde, 0})));  // half an extension's head
  CHECK_FALSE(ReadRtp(Packet(0x90, {0xbe, 0xde, 0xff, 0xff, 7})));
  CHECK_FALSE(ReadRtp(Packet(0xa0, {})));      // padding without a byte
  CHECK_FALSE(ReadRtp(Packet(0xa0, {7, 0})));  // of no length
  CHECK_FALSE(ReadRtp(Packet(0xa0, {7, 3})));  // longer than what is there
}

}  // namespace
}  // namespace ctc::media
