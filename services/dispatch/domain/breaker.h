// The circuit breaker of one provider account, as a pure state machine over monotonic time. Not
// thread-safe: its owner holds a lock.
#pragma once

#include <absl/time/time.h>

#include <deque>

namespace ctc::dispatch {

// Opens after 5 failures in a row, or when more than half of at least 20 requests within 60 s
// failed. Lets one probe through after 30 s, doubling to 10 min with every probe that fails.
class Breaker {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };
  enum class Result { kSuccess, kFailure };

  State state(absl::Duration now) const;
  // True when a request may be sent. In the half-open state the first caller gets the one probe and
  // must report what became of it.
  bool Allow(absl::Duration now);
  // The same question without taking the probe: for showing, and for choosing routes.
  bool WouldAllow(absl::Duration now) const;
  void Report(Result result, absl::Duration now);
  // The probe came to no verdict (refused for the caller's own fault): another may try.
  void Release() { probing_ = false; }

  int consecutive_failures() const { return consecutive_failures_; }
  // How long until a probe may be sent; zero while closed.
  absl::Duration RetryAfter(absl::Duration now) const;

 private:
  struct Sample {
    absl::Duration at;
    bool failed;
  };
  void Open(absl::Duration now);
  void Close();
  void Forget(absl::Duration now);

  bool open_ = false;
  bool probing_ = false;
  absl::Duration probe_started_;
  absl::Duration probe_at_;
  absl::Duration wait_;
  int consecutive_failures_ = 0;
  int failed_samples_ = 0;
  std::deque<Sample> samples_;  // of the last 60 s, at most kMaxSamples
};

}  // namespace ctc::dispatch
