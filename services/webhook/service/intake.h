// Takes events in: verifies, logs durably, answers. Applying comes after the answer, elsewhere.
#pragma once

#include <string>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "ctc/webhook/v1/webhook_service.pb.h"
#include "libs/base/clock.h"
#include "libs/rpc/channel.h"
#include "services/webhook/service/reception.h"

namespace ctc::webhook {

// Rpcs ReceiveWebhook and IngestFacts. Thread-safe.
class Intake {
 public:
  // The references outlive this object.
  Intake(rpc::Channel& dispatch, rpc::Channel& session, Reception& reception, LogWriter& log,
         const base::Clock& clock);

  // Errors a provider sees: kUnknownProviderType, kTenantRequired, kTenantMismatch, kBodyTooLarge,
  // kSignatureMissing, kSignatureInvalid, kWebhookOutsideWindow, kWebhookUnreadable,
  // kUnknownSession; UNAVAILABLE and kOverloaded: nothing was taken, send it again.
  Task<absl::StatusOr<v1::ReceiveWebhookResponse>> ReceiveWebhook(
      rpc::Context context, const v1::ReceiveWebhookRequest& request);
  Task<absl::StatusOr<v1::IngestFactsResponse>> IngestFacts(rpc::Context context,
                                                            const v1::IngestFactsRequest& request);

 private:
  Task<absl::StatusOr<dispatch::v1::ReadWebhookResponse>> Read(
      const rpc::Context& context, const v1::ReceiveWebhookRequest& request,
      const Arrival& arrival);
  Task<bool> IsOfUnknownSession(const rpc::Context& context, Arrival& arrival);
  Task<absl::StatusOr<session::v1::ResolveSessionResponse>> Resolve(
      const rpc::Context& context, const Arrival& arrival, const session::v1::SessionFact& fact);
  Task<absl::Status> Commit(Arrival arrival);

  rpc::Channel& dispatch_;
  rpc::Channel& session_;
  Reception& reception_;
  LogWriter& log_;
  const base::Clock& clock_;
};

}  // namespace ctc::webhook
