#include "libs/media/reception.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "libs/media/sound.h"

namespace ctc::media {
namespace {

// A.1: a jump this far is a gap, one this far back is disorder, another is a new count.
constexpr uint16_t kMostDropped = 3000;
constexpr uint16_t kMostDisordered = 100;
constexpr int64_t kLostMost = 0x7fffff;
constexpr int64_t kLostLeast = -0x800000;

}  // namespace

void Reception::Begin(const RtpHeader& header) {
  if (any_) lost_before_ += Expected() - received_;
  any_ = true;
  ssrc_ = header.ssrc;
  first_ = highest_ = header.sequence;
  cycles_ = 0;
  received_ = expected_prior_ = received_prior_ = 0;
  jumped_to_ = ~0U;
  transit_ = 0;
}

void Reception::Add(const RtpHeader& header, absl::Duration arrival) {
  const auto step = static_cast<uint16_t>(header.sequence - highest_);
  if (!any_ || header.ssrc != ssrc_) {
    Begin(header);
    jitter_ = 0;
  } else if (step < kMostDropped) {
    if (header.sequence < highest_) cycles_ += 0x10000;
    highest_ = header.sequence;
  } else if (step <= 0x10000 - kMostDisordered) {
    // Two in a row are another count; one alone is nothing.
    if (header.sequence != jumped_to_) {
      jumped_to_ = static_cast<uint16_t>(header.sequence + 1);
      return;
    }
    Begin(header);
  }
  ++received_;
  MeasureJitter(header.timestamp, arrival);
}

void Reception::MeasureJitter(uint32_t timestamp, absl::Duration arrival) {
  const int64_t samples = absl::ToInt64Microseconds(arrival) * kSampleRate / 1'000'000;
  const uint32_t transit = static_cast<uint32_t>(samples) - timestamp;
  if (received_ > 1) {
    const double change = std::abs(static_cast<double>(static_cast<int32_t>(transit - transit_)));
    // A sender that begins its timestamps anew, or was silent, is not an unsteady network.
    if (change < kSampleRate) jitter_ += (change - jitter_) / 16;
  }
  transit_ = transit;
}

int64_t Reception::Expected() const { return int64_t{cycles_} + highest_ - first_ + 1; }

int64_t Reception::lost() const {
  return any_ ? lost_before_ + Expected() - received_ : lost_before_;
}

absl::Duration Reception::jitter() const {
  return absl::Microseconds(std::llround(jitter_ * 1'000'000 / kSampleRate));
}

ReceptionReport Reception::Report() {
  ReceptionReport report;
  report.ssrc = ssrc_;
  report.lost = static_cast<int32_t>(std::clamp(lost(), kLostLeast, kLostMost));
  report.highest = cycles_ + highest_;
  report.jitter = static_cast<uint32_t>(jitter_);
  const int64_t expected = Expected() - expected_prior_;
  const int64_t lost_now = expected - (received_ - received_prior_);
  if (expected > 0 && lost_now > 0) {
    report.fraction_lost = static_cast<uint8_t>(std::min<int64_t>(lost_now * 256 / expected, 255));
  }
  expected_prior_ = Expected();
  received_prior_ = received_;
  return report;
}

}  // namespace ctc::media
