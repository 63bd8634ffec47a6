#include "libs/media/playout.h"

#include <algorithm>

#include "libs/media/g711.h"

namespace ctc::media {
namespace {

constexpr uint32_t kFrame = kFrameSamples;
// What waits before the first frame is played, so that the next packets may be as late.
constexpr uint32_t kLead = 2 * kFrame;
constexpr uint32_t kMost = 4 * kFrame;      // waiting, beside the packet that comes
constexpr int32_t kTooDeep = 3 * kFrame;    // when it never is less for a second
constexpr uint32_t kLongest = 5 * kFrame;   // packet
constexpr int kSecond = 50;                 // frames
constexpr int kLateLimit = 5;               // packets, then it is we who are wrong
constexpr int32_t kFarAhead = kSampleRate;  // a jump, not a gap
constexpr int kConcealed = 3;               // frames that a loss is covered for
constexpr int kForgotten = 10;              // frames without a packet: a pause, begin anew

}  // namespace

void Playout::Clear() {
  running_ = false;
  there_.reset();
  concealed_ = 0;
  late_ = 0;
  last_.fill(0);
}

void Playout::Begin(uint32_t ssrc, uint32_t timestamp) {
  there_.reset();
  running_ = true;
  ssrc_ = ssrc;
  next_ = timestamp - kLead;
  end_ = timestamp;
  late_ = 0;
  lowest_ = kRing;
  watched_ = 0;
  // The lead has nothing to be heard; it is no loss.
  last_.fill(0);
  concealed_ = kConcealed;
}

void Playout::Put(uint32_t ssrc, uint32_t timestamp, Codec codec,
                  std::span<const uint8_t> payload) {
  if (payload.empty() || payload.size() > kLongest) return;
  const auto count = static_cast<uint32_t>(payload.size());
  const auto ahead = static_cast<int32_t>(timestamp - next_);
  if (!running_ || ssrc != ssrc_ || ahead > kFarAhead) {
    Begin(ssrc, timestamp);
  } else if (ahead + static_cast<int32_t>(count) <= 0) {
    if (++late_ < kLateLimit) return;
    Begin(ssrc, timestamp);
  }
  late_ = 0;
  if (static_cast<int32_t>(timestamp + count - end_) > 0) {
    end_ = timestamp + count;
    Trim(count);
  }
  std::array<int16_t, kLongest> decoded;
  Decode(codec, payload, decoded);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t at = timestamp + i;
    if (static_cast<int32_t>(at - next_) < 0) continue;
    samples_[at % kRing] = decoded[i];
    there_.set(at % kRing);
  }
}

// A burst is cut once and down to the lead, instead of a little with each of its packets.
void Playout::Trim(uint32_t newest) {
  const auto waiting = static_cast<uint32_t>(Waiting());
  if (waiting > kMost + newest) Skip(waiting - kLead - newest);
}

void Playout::Skip(uint32_t samples) {
  for (uint32_t i = 0; i < std::min(samples, kRing); ++i) there_.reset((next_ + i) % kRing);
  next_ += samples;
}

bool Playout::Take(Frame& out) {
  if (running_ && concealed_ >= kForgotten && Waiting() <= 0) Clear();
  if (!running_) {
    out.fill(0);
    return false;
  }
  const int32_t waiting = Waiting();
  // Without more, time stands still: what comes will be that much later, too.
  if (waiting <= 0) return Conceal(out);
  WatchDepth(waiting);
  return TakeReady(out);
}

void Playout::WatchDepth(int32_t waiting) {
  lowest_ = std::min(lowest_, waiting);
  if (++watched_ < kSecond) return;
  if (lowest_ > kTooDeep) Skip(kFrame);
  lowest_ = kRing;
  watched_ = 0;
}

bool Playout::TakeReady(Frame& out) {
  const Frame before = last_;
  const int fade = concealed_ + 1;
  size_t found = 0;
  for (uint32_t i = 0; i < kFrame; ++i) {
    const uint32_t at = (next_ + i) % kRing;
    if (there_.test(at)) {
      out[i] = samples_[at];
      there_.reset(at);
      ++found;
    } else {
      out[i] = fade > kConcealed ? int16_t{0} : static_cast<int16_t>(before[i] >> fade);
    }
  }
  next_ += kFrame;
  if (found > 0) {
    last_ = out;
    concealed_ = 0;
    return true;
  }
  ++concealed_;
  return fade <= kConcealed;
}

bool Playout::Conceal(Frame& out) {
  const int fade = ++concealed_;
  for (size_t i = 0; i < kFrameSamples; ++i) {
    out[i] = fade > kConcealed ? int16_t{0} : static_cast<int16_t>(last_[i] >> fade);
  }
  return fade <= kConcealed;
}

absl::Duration Playout::depth() const {
  return running_ ? absl::Microseconds(int64_t{std::max(Waiting(), 0)} * 1'000'000 / kSampleRate)
                  : absl::ZeroDuration();
}

}  // namespace ctc::media
