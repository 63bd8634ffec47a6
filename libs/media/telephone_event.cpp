#include "libs/media/telephone_event.h"

#include <algorithm>

#include "libs/media/byte_order.h"
#include "libs/media/sound.h"

namespace ctc::media {
namespace {

constexpr std::string_view kKeys = "0123456789*#ABCD";
// A packet from further back is a new count of time, not one that was overtaken.
constexpr int32_t kOvertaken = 5 * kSampleRate;
constexpr uint32_t kLongestDuration = 0xffff;
constexpr int kOn = 5;       // frames
constexpr int kRepeats = 2;  // of the end
constexpr int kFrames = 8;   // with the pause
constexpr size_t kMostWaiting = 60 * 50 / kFrames;

}  // namespace

std::optional<TelephoneEvent> ReadTelephoneEvent(std::span<const uint8_t> payload) {
  if (payload.size() < 4) return std::nullopt;
  TelephoneEvent event;
  event.event = payload[0];
  event.end = (payload[1] & 0x80) != 0;
  event.volume = payload[1] & 0x3f;
  event.duration = Get16(&payload[2]);
  return event;
}

std::array<uint8_t, 4> WriteTelephoneEvent(const TelephoneEvent& event) {
  std::array<uint8_t, 4> payload{};
  payload[0] = event.event;
  payload[1] = static_cast<uint8_t>((event.end ? 0x80 : 0) | (event.volume & 0x3f));
  Put16(&payload[2], event.duration);
  return payload;
}

std::optional<char> DigitOf(uint8_t event) {
  if (event >= kKeys.size()) return std::nullopt;
  return kKeys[event];
}

std::optional<uint8_t> EventOf(char digit) {
  const size_t at = kKeys.find(digit);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<uint8_t>(at);
}

bool EventReader::IsNew(const Seen& now) const {
  if (!last_ || now.ssrc != last_->ssrc) return true;
  if (now.timestamp == last_->timestamp) return false;
  const auto later = static_cast<int32_t>(now.timestamp - last_->timestamp);
  if (later < 0) return later < -kOvertaken;
  // A key held for more than eight seconds is told in segments (section 2.5.1.3).
  const bool goes_on = now.event.event == last_->event.event && !last_->event.end &&
                       now.timestamp - last_->timestamp == kLongestDuration;
  return !goes_on;
}

std::optional<char> EventReader::Take(uint32_t ssrc, uint32_t timestamp,
                                      std::span<const uint8_t> payload) {
  const auto event = ReadTelephoneEvent(payload);
  if (!event) return std::nullopt;
  const auto digit = DigitOf(event->event);
  if (!digit) return std::nullopt;
  const Seen now{ssrc, timestamp, *event};
  const bool is_new = IsNew(now);
  const bool overtaken = !is_new && static_cast<int32_t>(timestamp - last_->timestamp) < 0;
  if (!overtaken) {
    const bool ended = !is_new && timestamp == last_->timestamp && last_->event.end;
    last_ = now;
    last_->event.end = event->end || ended;
  }
  return is_new ? digit : std::nullopt;
}

void EventWriter::Add(std::string_view digits) {
  for (const char digit : digits) {
    const auto event = EventOf(digit);
    if (event && waiting_.size() < kMostWaiting) waiting_.push_back(*event);
  }
}

std::optional<EventWriter::Step> EventWriter::Next(uint32_t timestamp) {
  if (waiting_.empty()) return std::nullopt;
  if (step_ == 0) begin_ = timestamp;
  const int now = step_++;
  Step step;
  step.event.event = waiting_.front();
  step.event.end = now >= kOn - 1;
  step.event.duration = static_cast<uint16_t>(std::min(now + 1, kOn) * int{kFrameSamples});
  step.first = now == 0;
  step.timestamp = begin_;
  if (step_ == kFrames) {
    step_ = 0;
    waiting_.pop_front();
  }
  if (now >= kOn + kRepeats) return std::nullopt;
  return step;
}

}  // namespace ctc::media
