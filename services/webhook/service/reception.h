// What events and questions of providers have in common on their way in: the look at the envelope,
// the line of the log, and the words of a refusal.
#pragma once

#include <string>
#include <string_view>

#include "ctc/common/v1/http.pb.h"
#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/rpc/context.h"
#include "services/webhook/domain/refusal_limiter.h"
#include "services/webhook/service/intake_metrics.h"
#include "services/webhook/service/log_writer.h"

namespace ctc::webhook {

// What is kept of a text from outside.
inline constexpr size_t kMaxPayload = 16 << 10;
inline constexpr size_t kMaxRefusedPayload = 4 << 10;
inline constexpr size_t kMaxId = 64;

// One request on its way through.
struct Arrival {
  LogWriter::NewEntry line;
  base::TenantId tenant;
  common::v1::ProviderType::Value type = common::v1::ProviderType::PROVIDER_TYPE_UNSPECIFIED;
  absl::Time deadline;
};

// What can be said without any secret; finds the tenant. Errors: kUnknownProviderType,
// kTenantRequired, kTenantMismatch, VALIDATION_FAILED, kBodyTooLarge.
absl::Status CheckEnvelope(const common::v1::HttpRequest& raw, Arrival& arrival);

// The body, or else the query, fit for the log.
std::string PayloadOf(const common::v1::HttpRequest& request, size_t max_bytes);

bool IsSignedRightly(dispatch::v1::ReadWebhookResponse::Verdict verdict);

struct Refusal {
  Verdict verdict;
  absl::Status status;
};
// What a provider is told. A tenant without an account of the type looks like a wrong signature, so
// that nobody learns which tenants there are; the log tells the difference.
Refusal RefusalFor(dispatch::v1::ReadWebhookResponse::Verdict verdict, std::string_view reason);

// For a question to another service on behalf of an arrival.
rpc::Context ContextFor(const rpc::Context& from, const base::TenantId& tenant,
                        absl::Time deadline);

// Thread-safe.
class Reception {
 public:
  // The references outlive this object.
  Reception(LogWriter& log, const base::Clock& clock, base::Random& random)
      : log_(log), clock_(clock), ids_(clock, random) {}

  // A request by HTTP; `provider` is the type in its path.
  Arrival Begin(const rpc::Context& context, std::string_view provider);
  // An event of one of our own sockets.
  Arrival BeginEvent(const rpc::Context& context, base::TenantId tenant,
                     common::v1::ProviderType::Value type, const std::string& provider_id);
  // Logs why, once for people and once for the tenant, and hands the error back. Beyond the limits
  // of RefusalLimiter it is only counted.
  Task<absl::Status> Refuse(Arrival arrival, Verdict verdict, absl::Status why,
                            std::string_view reason);
  const IntakeMetrics& metrics() const { return metrics_; }

 private:
  // Whether this refusal is to be written down.
  bool IsWritten(const Arrival& arrival, Verdict verdict);

  LogWriter& log_;
  const base::Clock& clock_;
  base::IdGenerator ids_;
  const IntakeMetrics metrics_;
  RefusalLimiter refusals_;
};

}  // namespace ctc::webhook
