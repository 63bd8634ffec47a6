// When silence becomes suspicious, and what is concluded from the provider's answer. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/session/domain/state.h"

namespace ctc::session::domain {

// Event key of what is concluded: a session has one such fact at most.
inline constexpr std::string_view kConclusion = "watchdog:end";

struct WatchdogTimes {
  absl::Duration submit = absl::Seconds(30);        // SENT without an answer
  absl::Duration submit_grace = absl::Seconds(60);  // after that: given up
  absl::Duration accepted = absl::Seconds(45);      // ACCEPTED without ringing
  absl::Duration ring_limit = absl::Seconds(60);    // RINGING
  absl::Duration ring_grace = absl::Seconds(30);
  absl::Duration silence = absl::Minutes(15);    // CONNECTED without any event
  absl::Duration max_duration = absl::Hours(4);  // CONNECTED at all
  absl::Duration max_duration_grace = absl::Seconds(60);
};

struct Watched {
  Status status = v1::Session::INITIATED;
  v1::Session::Submission submission = v1::Session::SENT;
  absl::Time created_at;
  absl::Time last_heard;  // the newest fact, or the creation
  std::optional<absl::Time> joined_at;
  v1::Session::Direction direction = v1::Session::OUTBOUND;
  std::string answer;  // what the provider said to the submission, where that left it open
};

// When to ask, whether to hang up first, and when to stop asking.
struct WatchdogPlan {
  absl::Time due;
  absl::Time give_up;
  bool hang_up = false;
};
WatchdogPlan PlanWatch(const Watched& watched, const WatchdogTimes& times, absl::Time now);

// What the provider said.
enum class Found { kUnreachable, kLive, kEnded, kNotFound, kCannotAsk };

// The fact that ends a session whose end nobody told; none while there is hope. `now` is past
// plan.due.
std::optional<Fact> Conclude(const Watched& watched, const WatchdogPlan& plan, Found found,
                             absl::Time now);

// When to ask again, growing with the time gone since it was due.
absl::Time NextLook(const WatchdogPlan& plan, absl::Time now);

}  // namespace ctc::session::domain
