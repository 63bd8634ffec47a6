// Providers' questions what to do with a caller: verified, carried to the session service and
// answered in the provider's language, each with a line in the log.
#pragma once

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "ctc/session/v1/session_service.pb.h"
#include "ctc/webhook/v1/webhook_service.pb.h"
#include "libs/rpc/channel.h"
#include "services/webhook/service/reception.h"

namespace ctc::webhook {

// How the log calls such a line; it is never applied, so that there is nothing to replay.
inline constexpr std::string_view kFlowEvent = "flow";

// Rpcs ReceiveFlow and IngestFlow. Thread-safe.
class FlowIntake {
 public:
  // The references outlive this object.
  FlowIntake(rpc::Channel& dispatch, rpc::Channel& session, Reception& reception, LogWriter& log)
      : dispatch_(dispatch), session_(session), reception_(reception), log_(log) {}

  // Errors as of Intake::ReceiveWebhook; kCapabilityMissing for a step the provider cannot do.
  // UNAVAILABLE while a part is away: the provider does what its number says for that case.
  Task<absl::StatusOr<v1::ReceiveFlowResponse>> ReceiveFlow(rpc::Context context,
                                                            const v1::ReceiveFlowRequest& request);
  Task<absl::StatusOr<v1::IngestFlowResponse>> IngestFlow(rpc::Context context,
                                                          const v1::IngestFlowRequest& request);

 private:
  Task<absl::StatusOr<dispatch::v1::ReadFlowResponse>> Read(const rpc::Context& context,
                                                            const v1::ReceiveFlowRequest& request,
                                                            const Arrival& arrival);
  // The caller's next step, with the question's line written.
  Task<absl::StatusOr<session::v1::AdvanceFlowResponse>> Advance(
      const rpc::Context& context, Arrival arrival, session::v1::AdvanceFlowRequest question);
  Task<absl::StatusOr<dispatch::v1::RenderFlowResponse>> Render(
      const rpc::Context& context, const base::TenantId& tenant, absl::Time deadline,
      const session::v1::AdvanceFlowResponse& step, const common::v1::HttpRequest& question);
  Task<absl::Status> Log(Arrival arrival);

  rpc::Channel& dispatch_;
  rpc::Channel& session_;
  Reception& reception_;
  LogWriter& log_;
};

}  // namespace ctc::webhook
