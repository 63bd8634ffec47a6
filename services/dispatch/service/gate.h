// What stands around every request to a provider: circuit, metrics, log, and the prober that asks
// an account with an open circuit until it answers again. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "libs/base/mutex.h"
#include "libs/host/background.h"
#include "libs/observability/metrics.h"
#include "services/dispatch/service/directory.h"
#include "services/dispatch/service/health_board.h"
#include "services/dispatch/service/registry.h"

namespace ctc::dispatch {

class Gate {
 public:
  Gate(const Registry& registry, Directory& directory, HealthBoard& board,
       host::Background& background, const base::Clock& clock)
      : registry_(registry),
        directory_(directory),
        board_(board),
        background_(background),
        clock_(clock) {}

  // Notes how a request to `account` ended, in the circuit and as Count. `operation` is a constant,
  // as "place".
  void Report(const providers::Account& account, const char* operation, Verdict verdict,
              const std::string& outcome, absl::Duration elapsed, const std::string& error);
  // For the metrics alone: of what says nothing about whether the account takes calls.
  void Count(const providers::Account& account, const char* operation, const std::string& outcome,
             absl::Duration elapsed);
  // The verdict of a control or look-up: only the provider's own faults count.
  static Verdict VerdictOf(const absl::Status& status);
  // Asks the provider now. OK with what answered, or what is wrong; counts in the circuit.
  // kCapabilityMissing, which does not, when there is nothing to ask it with.
  Task<absl::StatusOr<std::string>> Check(AccountPtr account);

 private:
  struct Metrics {
    std::map<std::string, observability::Counter> outcomes;
    observability::Histogram seconds;
  };
  void StartProbing(const providers::Account& account);
  Task<void> Probe(base::TenantId tenant, std::string provider_id);

  const Registry& registry_;
  Directory& directory_;
  HealthBoard& board_;
  host::Background& background_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  std::map<std::pair<ProviderTypes::Value, std::string>, Metrics> metrics_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::dispatch
