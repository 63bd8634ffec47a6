// The counters of the intake, made once.
#include "services/webhook/service/intake_metrics.h"

#include <string>

namespace ctc::webhook {
namespace {

constexpr std::array<const char*, 10> kVerdictNames = {
    "genuine",    "unsigned",        "forged",       "outside_window", "unreadable",
    "no_account", "unknown_session", "bad_envelope", "not_taken",      "event_socket"};

std::string Label(common::v1::ProviderType::Value type) {
  if (type == common::v1::ProviderType::PROVIDER_TYPE_UNSPECIFIED) return "UNKNOWN";
  return common::v1::ProviderType::Value_Name(type);
}

}  // namespace

IntakeMetrics::IntakeMetrics() {
  static_assert(kVerdictNames.size() == kVerdicts);
  for (size_t type = 0; type < kTypes; ++type) {
    const std::string label = Label(static_cast<common::v1::ProviderType::Value>(type));
    for (size_t verdict = 0; verdict < kVerdicts; ++verdict) {
      received_[type][verdict] = observability::MakeCounter(
          "ctc_webhook_received_total", "Events that came in.",
          {{"provider_type", label}, {"verdict", kVerdictNames[verdict]}});
    }
  }
}

void IntakeMetrics::Count(common::v1::ProviderType::Value type, Verdict verdict) const {
  const auto row = static_cast<size_t>(type);
  received_[row < kTypes ? row : 0][static_cast<size_t>(verdict)].Add();
}

}  // namespace ctc::webhook
