#include "libs/media/rtcp.h"

#include <catch2/catch.hpp>

namespace ctc::media {
namespace {

constexpr uint32_t kOurs = 0x11223344;
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000) + absl::Milliseconds(250);

std::vector<uint8_t> Written(const OurReport& report) {
  std::array<uint8_t, kLongestReport> bytes{};
  const size_t length = WriteRtcp(report, bytes);
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)};
}

OurReport AReport() {
  OurReport report;
  report.ssrc = 0xaabbccdd;
  report.now = kNow;
  report.timestamp = 16000;
  report.packets = 100;
  report.octets = 16000;
  report.heard = ReceptionReport{kOurs, 64, -2, 0x10005, 33};
  report.peer_sent_at = MiddleNtp(kNow - absl::Seconds(1));
  report.since_peer = absl::Milliseconds(500);
  return report;
}

TEST_CASE("NTP counts from 1900", "[media][rtcp]") {
  CHECK(MiddleNtp(absl::FromUnixSeconds(0)) == (2'208'988'800 & 0xffff) << 16);
  CHECK((MiddleNtp(kNow) & 0xffff) == 0x4000);
}

TEST_CASE("a report that was written is read", "[media][rtcp]") {
  const auto bytes = Written(AReport());
  CHECK(bytes.size() == 28 + 24 + 20);
  CHECK(bytes[0] == 0x81);
  CHECK(bytes[1] == 200);
  CHECK(bytes[28 + 4] == 64);
  CHECK(bytes[28 + 5] == 0xff);  // -2 in 24 bits
  CHECK(bytes[28 + 7] == 0xfe);
  const auto read = ReadRtcp(bytes, kOurs);
  REQUIRE(read);
  CHECK(read->sent_at == MiddleNtp(kNow));
  REQUIRE(read->about_us);
  CHECK(read->about_us->last_report == MiddleNtp(kNow - absl::Seconds(1)));
  CHECK(read->about_us->delay == 32768);
  CHECK_FALSE(ReadRtcp(bytes, kOurs + 1)->about_us);
}

TEST_CASE("who has sent nothing reports as a receiver, and who leaves says so", "[media][rtcp]") {
  OurReport report = AReport();
  report.packets = 0;
  report.bye = true;
  const auto bytes = Written(report);
  CHECK(bytes[1] == 201);
  CHECK(bytes.size() == 8 + 24 + 20 + 8);
  CHECK(bytes[bytes.size() - 7] == 203);
  const auto read = ReadRtcp(bytes, kOurs);
  REQUIRE(read);
  CHECK_FALSE(read->sent_at);
  CHECK(read->about_us);
  report.heard.reset();
  CHECK_FALSE(ReadRtcp(Written(report), kOurs)->about_us);
}

TEST_CASE("the round trip is what the peer did not wait", "[media][rtcp]") {
  const PeerReport::AboutUs about{MiddleNtp(kNow), 65536};
  const auto round = RoundTrip(about, kNow + absl::Milliseconds(1080));
  REQUIRE(round);
  CHECK(absl::ToDoubleMilliseconds(*round) == Approx(80).margin(0.1));
  CHECK_FALSE(RoundTrip({0, 0}, kNow));
  CHECK_FALSE(RoundTrip(about, kNow + absl::Milliseconds(900)));  // before it was sent
  CHECK_FALSE(RoundTrip(about, kNow + absl::Minutes(2)));
}

TEST_CASE("what is no report is told from one", "[media][rtcp]") {
  const auto bytes = Written(AReport());
  CHECK_FALSE(ReadRtcp({}, kOurs));
  for (size_t length = 1; length < bytes.size(); ++length) {
    CAPTURE(length);
    // The report alone is a packet of its own.
    CHECK(ReadRtcp(std::span(bytes).first(length), kOurs).has_value() == (length == 52));
  }
  auto broken = bytes;
  broken[0] = 0x41;
  CHECK_FALSE(ReadRtcp(broken, kOurs));
  broken = bytes;
  broken[1] = 202;  // no report first
  CHECK_FALSE(ReadRtcp(broken, kOurs));
  broken = {0x81, 200, 0, 1, 0, 0, 0, 0};  // a sender's without its numbers
  CHECK_FALSE(ReadRtcp(broken, kOurs));
  broken = {0x9f, 201, 0, 1, 0, 0, 0, 0};  // 31 blocks of which none is there
  REQUIRE(ReadRtcp(broken, kOurs));
  CHECK_FALSE(ReadRtcp(broken, kOurs)->about_us);
}

}  // namespace
}  // namespace ctc::media
