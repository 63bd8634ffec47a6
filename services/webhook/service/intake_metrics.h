// What came in, by provider type and verdict.
#pragma once

#include <array>
#include <cstddef>

#include "ctc/common/v1/provider_type.pb.h"
#include "libs/observability/metrics.h"

namespace ctc::webhook {

enum class Verdict {
  kGenuine,
  kUnsigned,
  kForged,
  kOutsideWindow,
  kUnreadable,
  kNoAccount,
  kUnknownSession,
  kBadEnvelope,  // type, tenant or size
  kNotTaken,     // our own fault: the sender is asked to come again
  kEventSocket,
};

// Thread-safe.
class IntakeMetrics {
 public:
  IntakeMetrics();
  void Count(common::v1::ProviderType::Value type, Verdict verdict) const;

 private:
  static constexpr size_t kVerdicts = static_cast<size_t>(Verdict::kEventSocket) + 1;
  static constexpr size_t kTypes = common::v1::ProviderType::Value_ARRAYSIZE;
  std::array<std::array<observability::Counter, kVerdicts>, kTypes> received_;
};

}  // namespace ctc::webhook
