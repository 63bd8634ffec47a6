// The table of watchdogs.
#include "services/session/domain/watchdog_policy.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"

namespace ctc::session::domain {
namespace {

Fact Inferred(v1::CallFact::Kind kind, v1::EndReason reason, std::string_view message,
              absl::Time now) {
  Fact fact;
  fact.set_event_key(std::string(kConclusion));
  fact.set_kind(kind);
  fact.set_source(v1::TIMEOUT);
  fact.set_reason(reason);
  fact.set_message(std::string(message));
  *fact.mutable_received_time() = base::ToProto(now);
  return fact;
}

Fact Lost(const base::ErrorSpec& error, std::string_view message, absl::Time now) {
  Fact fact = Inferred(v1::CallFact::CALL_FAILED, v1::LOST, message, now);
  fact.set_error_code(std::string(error.code));
  return fact;
}

// Nobody knows whether the call was placed, or it was, and nothing more was heard.
Fact NeverTold(const Watched& watched, absl::Time now) {
  constexpr char kMessage[] = "The provider never told what became of the call";
  if (watched.submission == v1::Session::ACCEPTED) return Lost(base::kProviderError, kMessage, now);
  if (watched.answer.empty()) return Lost(base::kSubmissionUnknown, kMessage, now);
  return Lost(base::kSubmissionUnknown,
              absl::StrCat(kMessage, ". To the request it answered: ", watched.answer), now);
}

bool IsUnjoinedCaller(const Watched& watched) {
  return watched.direction == v1::Session::INBOUND && !IsJoined(watched.status);
}

// Menus, queues and messages may take long, and nobody hangs up on a waiting caller: the provider
// is asked whether it is still there, and believed.
WatchdogPlan PlanCaller(const Watched& watched, const WatchdogTimes& times, absl::Time now) {
  const absl::Time too_long = watched.created_at + times.max_duration + times.max_duration_grace;
  WatchdogPlan plan;
  plan.due = std::min(watched.last_heard + times.accepted, too_long);
  plan.hang_up = now >= too_long;
  plan.give_up = plan.hang_up ? too_long : watched.last_heard + times.silence;
  return plan;
}

std::optional<Fact> ConcludeCaller(const WatchdogPlan& plan, Found found, absl::Time now) {
  const bool silent = now >= plan.give_up && (found != Found::kLive || plan.hang_up);
  if (found != Found::kNotFound && !silent) return std::nullopt;
  return Lost(base::kProviderError, "The provider lost the caller", now);
}

}  // namespace

WatchdogPlan PlanWatch(const Watched& watched, const WatchdogTimes& times, absl::Time now) {
  if (IsUnjoinedCaller(watched)) return PlanCaller(watched, times, now);
  WatchdogPlan plan;
  switch (watched.status) {
    case v1::Session::INITIATED:
      if (watched.submission == v1::Session::ACCEPTED) {
        plan.due = watched.last_heard + times.accepted;
        plan.give_up = plan.due + times.ring_limit + times.ring_grace;
      } else if (watched.submission == v1::Session::UNKNOWN_OUTCOME) {
        plan.due = watched.created_at;
        plan.give_up = watched.last_heard + times.submit + times.submit_grace;
      } else {
        plan.due = watched.created_at + times.submit;
        plan.give_up = plan.due + times.submit_grace;
      }
      return plan;
    case v1::Session::RINGING:
      plan.due = watched.last_heard + times.ring_limit + times.ring_grace;
      plan.give_up = plan.due + times.ring_limit + times.ring_grace;
      plan.hang_up = true;
      return plan;
    default:
      break;
  }
  const absl::Time too_long = watched.joined_at.value_or(watched.created_at) + times.max_duration +
                              times.max_duration_grace;
  plan.give_up = too_long + times.max_duration_grace;
  plan.hang_up = now >= too_long;
  plan.due = std::min(watched.last_heard + times.silence, too_long);
  return plan;
}

std::optional<Fact> Conclude(const Watched& watched, const WatchdogPlan& plan, Found found,
                             absl::Time now) {
  const bool hopeless = now >= plan.give_up;
  // Its own facts tell how, and should have long since.
  if (found == Found::kEnded && !hopeless) return std::nullopt;
  if (IsUnjoinedCaller(watched)) return ConcludeCaller(plan, found, now);
  const bool gone = found == Found::kNotFound || found == Found::kEnded;
  switch (watched.status) {
    case v1::Session::INITIATED:
      // Right after the request the provider may not show the call yet.
      if (gone && watched.submission == v1::Session::ACCEPTED) {
        return Lost(base::kProviderError, "The provider lost the call", now);
      }
      if (!hopeless || found == Found::kLive) return std::nullopt;
      return NeverTold(watched, now);
    case v1::Session::RINGING:
      if (!gone && found != Found::kCannotAsk && !hopeless) return std::nullopt;
      return Inferred(v1::CallFact::CALL_NO_ANSWER, v1::RING_TIMEOUT,
                      "Nobody answered within the limit", now);
    case v1::Session::CONNECTED:
    case v1::Session::ON_HOLD:
      if (gone) {
        return Inferred(v1::CallFact::CALL_ENDED, v1::LOST, "The provider no longer knows the call",
                        now);
      }
      if (!hopeless) return std::nullopt;
      return Inferred(v1::CallFact::CALL_ENDED, v1::MAX_DURATION,
                      "The call passed the longest duration", now);
    default:
      return std::nullopt;
  }
}

absl::Time NextLook(const WatchdogPlan& plan, absl::Time now) {
  const absl::Duration gone = now - plan.due;
  const absl::Time next =
      now + std::clamp<absl::Duration>(gone, absl::Seconds(5), absl::Minutes(5));
  // The moment to give up is not slept over.
  return now < plan.give_up ? std::min(next, std::max(plan.give_up, now + absl::Seconds(1))) : next;
}

}  // namespace ctc::session::domain
