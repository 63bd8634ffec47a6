#include "libs/media/digit_detector.h"

#include <cstdint>
#include <cstdlib>
#include <utility>

// spandsp's headers want each other in this order.
// clang-format off
#include <spandsp/telephony.h>
#include <spandsp/logging.h>
#include <spandsp/super_tone_rx.h>
#include <spandsp/dtmf.h>
// clang-format on

namespace ctc::media {
namespace {

void Tell(void* sink, const char* digits, int count) {
  for (int i = 0; i < count; ++i) (*static_cast<DigitDetector::Sink*>(sink))(digits[i]);
}

}  // namespace

void DigitDetector::Free::operator()(dtmf_rx_state_s* state) const { dtmf_rx_free(state); }

DigitDetector::DigitDetector(Sink sink)
    : sink_(std::move(sink)), state_(dtmf_rx_init(nullptr, Tell, &sink_)) {}

DigitDetector::~DigitDetector() = default;

void DigitDetector::Take(const Frame& frame) {
  if (state_) dtmf_rx(state_.get(), frame.data(), static_cast<int>(frame.size()));
}

}  // namespace ctc::media
