#include "services/dispatch/domain/breaker.h"

#include <algorithm>

namespace ctc::dispatch {
namespace {

constexpr int kFailuresInARow = 5;
constexpr size_t kMinSamples = 20;
constexpr size_t kMaxSamples = 1000;
constexpr absl::Duration kWindow = absl::Seconds(60);
constexpr absl::Duration kFirstWait = absl::Seconds(30);
constexpr absl::Duration kLongestWait = absl::Minutes(10);
// A probe that was never reported must not keep the circuit shut; longer than any provider's
// timeout.
constexpr absl::Duration kProbeLost = absl::Seconds(130);

}  // namespace

Breaker::State Breaker::state(absl::Duration now) const {
  if (!open_) return State::kClosed;
  return now >= probe_at_ ? State::kHalfOpen : State::kOpen;
}

bool Breaker::WouldAllow(absl::Duration now) const {
  if (!open_) return true;
  if (now < probe_at_) return false;
  return !probing_ || now - probe_started_ >= kProbeLost;
}

bool Breaker::Allow(absl::Duration now) {
  if (!WouldAllow(now)) return false;
  if (open_) {
    probing_ = true;
    probe_started_ = now;
  }
  return true;
}

absl::Duration Breaker::RetryAfter(absl::Duration now) const {
  return open_ ? std::max(absl::ZeroDuration(), probe_at_ - now) : absl::ZeroDuration();
}

void Breaker::Report(Result result, absl::Duration now) {
  const bool failed = result == Result::kFailure;
  if (open_) {
    // Answers to requests that left before it opened say nothing of the present.
    if (!probing_) return;
    probing_ = false;
    if (failed) {
      ++consecutive_failures_;
      Open(now);
    } else {
      Close();
    }
    return;
  }
  consecutive_failures_ = failed ? consecutive_failures_ + 1 : 0;
  Forget(now);
  samples_.push_back({now, failed});
  failed_samples_ += failed ? 1 : 0;
  const bool too_many =
      samples_.size() >= kMinSamples && static_cast<size_t>(failed_samples_) * 2 > samples_.size();
  if (consecutive_failures_ >= kFailuresInARow || (failed && too_many)) Open(now);
}

void Breaker::Open(absl::Duration now) {
  wait_ = open_ ? std::min(wait_ * 2, kLongestWait) : kFirstWait;
  open_ = true;
  probe_at_ = now + wait_;
}

void Breaker::Close() {
  open_ = false;
  consecutive_failures_ = 0;
  failed_samples_ = 0;
  samples_.clear();
}

void Breaker::Forget(absl::Duration now) {
  while (!samples_.empty() &&
         (now - samples_.front().at > kWindow || samples_.size() >= kMaxSamples)) {
    failed_samples_ -= samples_.front().failed ? 1 : 0;
    samples_.pop_front();
  }
}

}  // namespace ctc::dispatch
