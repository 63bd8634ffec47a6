#include "services/dispatch/service/gate.h"

#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"

namespace ctc::dispatch {
namespace {

constexpr absl::Duration kLookUpTimeout = absl::Seconds(5);

}  // namespace

Verdict Gate::VerdictOf(const absl::Status& status) {
  if (status.ok()) return Verdict::kGood;
  for (const base::ErrorSpec* fault : {&base::kProviderUnreachable, &base::kProviderTimeout,
                                       &base::kProviderError, &base::kProviderCredentials}) {
    if (base::IsError(status, *fault)) return Verdict::kBad;
  }
  return Verdict::kNeutral;
}

void Gate::Count(const providers::Account& account, const char* operation,
                 const std::string& outcome, absl::Duration elapsed) {
  const ProviderTypes::Value type = account.config.provider_type();
  const base::MutexLock lock(mutex_);
  const auto [found, is_new] = metrics_.try_emplace({type, operation});
  Metrics& metrics = found->second;
  const std::string name = ProviderTypes::Value_Name(type);
  if (is_new) {
    metrics.seconds =
        observability::MakeHistogram("ctc_provider_seconds", "How long providers took to answer.",
                                     {{"type", name}, {"operation", operation}});
  }
  metrics.seconds.Observe(absl::ToDoubleSeconds(elapsed));
  auto counter = metrics.outcomes.find(outcome);
  if (counter == metrics.outcomes.end()) {
    counter =
        metrics.outcomes
            .emplace(outcome,
                     observability::MakeCounter(
                         "ctc_provider_requests_total", "Requests to providers by how they ended.",
                         {{"type", name}, {"operation", operation}, {"outcome", outcome}}))
            .first;
  }
  counter->second.Add();
}

void Gate::Report(const providers::Account& account, const char* operation, Verdict verdict,
                  const std::string& outcome, absl::Duration elapsed, const std::string& error) {
  Count(account, operation, outcome, elapsed);
  if (verdict == Verdict::kBad) {
    observability::Warn(
        "provider request failed",
        {{"provider", account.config.id()}, {"operation", operation}, {"error", error}});
  }
  if (board_.Report(account.config, verdict, error)) StartProbing(account);
}

void Gate::StartProbing(const providers::Account& account) {
  background_.Spawn("probe", [this, tenant = account.tenant, id = account.config.id()] {
    return Probe(tenant, id);
  });
}

// Lives as long as the circuit is not closed: an idle system with healthy providers asks nobody.
Task<void> Gate::Probe(base::TenantId tenant, std::string provider_id) {
  while (co_await background_.Sleep(board_.RetryAfter(provider_id) + absl::Milliseconds(50))) {
    if (board_.Describe(provider_id).circuit() == "closed") co_return;
    const absl::StatusOr<AccountPtr> account =
        co_await directory_.Find(tenant, provider_id, clock_.Now() + kLookUpTimeout);
    if (absl::IsNotFound(account.status())) co_return;
    if (!account.ok() || !board_.Allow(provider_id)) {
      if (!co_await background_.Sleep(absl::Seconds(1))) co_return;
      continue;
    }
    const absl::StatusOr<std::string> answer = co_await Check(*account);
    // Nothing can be asked there: the next call is the probe.
    if (base::IsError(answer.status(), base::kCapabilityMissing)) co_return;
  }
}

Task<absl::StatusOr<std::string>> Gate::Check(AccountPtr account) {
  providers::Adapter* adapter = registry_.Find(account->config.provider_type());
  if (adapter == nullptr) {
    co_return base::MakeError(base::kCapabilityMissing, "this provider type is not available");
  }
  const absl::Duration began = clock_.Monotonic();
  absl::StatusOr<std::string> answer = co_await adapter->Check(*account);
  const absl::Status status = answer.status();
  // A check that is refused for whatever reason is a fault: it asks for nothing a caller could
  // spoil. Where there is nothing to ask with, nobody was asked.
  const bool asked = !base::IsError(status, base::kCapabilityMissing);
  const Verdict verdict = status.ok() ? Verdict::kGood : asked ? Verdict::kBad : Verdict::kNeutral;
  Report(*account, "check", verdict, status.ok() ? "ok" : base::DetailOf(status).code,
         clock_.Monotonic() - began, std::string(status.message()));
  co_return answer;
}

}  // namespace ctc::dispatch
