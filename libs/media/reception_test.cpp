#include "libs/media/reception.h"

#include <catch2/catch.hpp>

namespace ctc::media {
namespace {

struct Counted {
  Reception reception;
  void Add(uint16_t sequence, absl::Duration late = absl::ZeroDuration(), uint32_t ssrc = 1) {
    const RtpHeader header{false, 0, sequence, uint32_t{sequence} * 160, ssrc};
    reception.Add(header, absl::Seconds(100) + sequence * absl::Milliseconds(20) + late);
  }
};

TEST_CASE("losses are counted as RFC 3550 has them", "[media][reception]") {
  Counted counted;
  CHECK_FALSE(counted.reception.any());
  for (const uint16_t sequence : {10, 11, 13, 14, 17}) counted.Add(sequence);
  CHECK(counted.reception.any());
  CHECK(counted.reception.lost() == 3);
  const ReceptionReport report = counted.reception.Report();
  CHECK(report.lost == 3);
  CHECK(report.fraction_lost == 3 * 256 / 8);
  CHECK(report.highest == 17);
  CHECK(report.ssrc == 1);
  counted.Add(18);
  CHECK(counted.reception.Report().fraction_lost == 0);
  // One that comes after all is not lost, and one that comes twice is one less.
  counted.Add(12);
  counted.Add(12);
  CHECK(counted.reception.lost() == 1);
  CHECK(counted.reception.Report().fraction_lost == 0);
}

TEST_CASE("sequence numbers go round", "[media][reception]") {
  Counted counted;
  for (const uint16_t sequence : {65534, 65535, 0, 1}) counted.Add(sequence);
  CHECK(counted.reception.lost() == 0);
  CHECK(counted.reception.Report().highest == 0x10001);
}

TEST_CASE("a stray number is nothing, two in a row are another count", "[media][reception]") {
  Counted counted;
  for (const uint16_t sequence : {10, 11, 13}) counted.Add(sequence);
  counted.Add(30000);
  CHECK(counted.reception.Report().highest == 13);
  counted.Add(14);
  CHECK(counted.reception.lost() == 1);
  counted.Add(40000);
  counted.Add(40001);
  CHECK(counted.reception.Report().highest == 40001);
  CHECK(counted.reception.lost() == 1);
}

TEST_CASE("another source begins anew, and the losses stay", "[media][reception]") {
  Counted counted;
  for (const uint16_t sequence : {10, 12}) counted.Add(sequence);
  counted.Add(500, absl::ZeroDuration(), 2);
  counted.Add(502, absl::ZeroDuration(), 2);
  CHECK(counted.reception.lost() == 2);
  const ReceptionReport report = counted.reception.Report();
  CHECK(report.ssrc == 2);
  CHECK(report.highest == 502);
}

TEST_CASE("jitter is the mean of the changes of delay", "[media][reception]") {
  Counted steady;
  for (uint16_t sequence = 0; sequence < 100; ++sequence) steady.Add(sequence);
  CHECK(steady.reception.jitter() == absl::ZeroDuration());
  Counted shaken;
  for (uint16_t sequence = 0; sequence < 500; ++sequence) {
    shaken.Add(sequence, absl::Milliseconds(sequence % 2 == 0 ? 0 : 10));
  }
  CHECK(absl::ToDoubleMilliseconds(shaken.reception.jitter()) == Approx(10).epsilon(0.01));
  CHECK(shaken.reception.Report().jitter == Approx(80).margin(1));
}

}  // namespace
}  // namespace ctc::media
