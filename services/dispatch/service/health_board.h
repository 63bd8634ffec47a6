// What this process knows of each account's health: circuit, last error, event socket. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "ctc/dispatch/v1/provider.pb.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/observability/metrics.h"
#include "services/dispatch/domain/breaker.h"

namespace ctc::dispatch {

// How a request ended, for the circuit. Busy, no answer and wrong numbers are kNeutral.
enum class Verdict { kGood, kBad, kNeutral };

class HealthBoard {
 public:
  explicit HealthBoard(const base::Clock& clock) : clock_(clock) {}

  // May a request be sent? In the half-open state the first caller gets the probe and must Report.
  bool Allow(const std::string& provider_id);
  bool WouldAllow(const std::string& provider_id) const;
  absl::Duration RetryAfter(const std::string& provider_id) const;
  // Returns true when this report opened the circuit: someone should begin to probe.
  bool Report(const v1::Provider& provider, Verdict verdict, const std::string& error);
  void SetEventSocket(const std::string& provider_id, bool connected);
  void Forget(const std::string& provider_id);

  v1::ProviderHealth Describe(const std::string& provider_id) const;

 private:
  struct Entry {
    Breaker breaker;
    common::v1::ProviderType::Value type = common::v1::ProviderType::PROVIDER_TYPE_UNSPECIFIED;
    std::string last_error;
    absl::Time checked_at = absl::InfinitePast();
    std::string event_socket;
  };

  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::dispatch
