#include "services/dispatch/service/health_board.h"

#include "libs/base/proto_time.h"
#include "libs/observability/log.h"

namespace ctc::dispatch {
namespace {

using State = Breaker::State;

void CountOpen(common::v1::ProviderType::Value type, double change) {
  observability::MakeGauge("ctc_provider_circuits_open", "Accounts whose circuit is not closed.",
                           {{"type", common::v1::ProviderType::Value_Name(type)}})
      .Add(change);
}

const char* NameOf(State state) {
  switch (state) {
    case State::kClosed:
      return "closed";
    case State::kOpen:
      return "open";
    case State::kHalfOpen:
      return "half_open";
  }
  return "";
}

}  // namespace

bool HealthBoard::Allow(const std::string& provider_id) {
  const base::MutexLock lock(mutex_);
  const auto found = entries_.find(provider_id);
  return found == entries_.end() || found->second.breaker.Allow(clock_.Monotonic());
}

bool HealthBoard::WouldAllow(const std::string& provider_id) const {
  const base::MutexLock lock(mutex_);
  const auto found = entries_.find(provider_id);
  return found == entries_.end() || found->second.breaker.WouldAllow(clock_.Monotonic());
}

absl::Duration HealthBoard::RetryAfter(const std::string& provider_id) const {
  const base::MutexLock lock(mutex_);
  const auto found = entries_.find(provider_id);
  return found == entries_.end() ? absl::ZeroDuration()
                                 : found->second.breaker.RetryAfter(clock_.Monotonic());
}

bool HealthBoard::Report(const v1::Provider& provider, Verdict verdict, const std::string& error) {
  const absl::Duration now = clock_.Monotonic();
  const base::MutexLock lock(mutex_);
  Entry& entry = entries_[provider.id()];
  entry.type = provider.provider_type();
  const State before = entry.breaker.state(now);
  entry.checked_at = clock_.Now();
  if (verdict == Verdict::kNeutral) {
    entry.breaker.Release();
    return false;
  }
  if (verdict == Verdict::kBad) entry.last_error = error;
  entry.breaker.Report(
      verdict == Verdict::kBad ? Breaker::Result::kFailure : Breaker::Result::kSuccess, now);
  const State after = entry.breaker.state(now);
  if (before == State::kClosed && after != State::kClosed) {
    CountOpen(entry.type, 1);
    observability::Warn("circuit opened", {{"provider", provider.id()}, {"error", error}});
    return true;
  }
  if (before != State::kClosed && after == State::kClosed) {
    CountOpen(entry.type, -1);
    observability::Info("circuit closed", {{"provider", provider.id()}});
  }
  return false;
}

void HealthBoard::SetEventSocket(const std::string& provider_id, bool connected) {
  const base::MutexLock lock(mutex_);
  entries_[provider_id].event_socket = connected ? "CONNECTED" : "DISCONNECTED";
}

void HealthBoard::Forget(const std::string& provider_id) {
  const base::MutexLock lock(mutex_);
  const auto found = entries_.find(provider_id);
  if (found == entries_.end()) return;
  const Entry& entry = found->second;
  if (entry.breaker.state(clock_.Monotonic()) != State::kClosed) CountOpen(entry.type, -1);
  entries_.erase(found);
}

v1::ProviderHealth HealthBoard::Describe(const std::string& provider_id) const {
  v1::ProviderHealth health;
  health.set_provider_id(provider_id);
  health.set_state("UNKNOWN");
  health.set_circuit("closed");
  const base::MutexLock lock(mutex_);
  const auto found = entries_.find(provider_id);
  if (found == entries_.end()) return health;
  const Entry& entry = found->second;
  const State state = entry.breaker.state(clock_.Monotonic());
  health.set_circuit(NameOf(state));
  health.set_event_socket(entry.event_socket);
  health.set_consecutive_failures(entry.breaker.consecutive_failures());
  health.set_last_error(entry.last_error);
  if (entry.checked_at == absl::InfinitePast()) return health;
  *health.mutable_checked_at() = base::ToProto(entry.checked_at);
  health.set_state(state == State::kOpen       ? "DOWN"
                   : state == State::kHalfOpen ? "DEGRADED"
                                               : "HEALTHY");
  return health;
}

}  // namespace ctc::dispatch
