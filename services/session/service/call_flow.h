// The way of an inbound caller through menus and queues: opens the call's session, has routing
// decide each next step, and keeps both so that a repeated question gets the same answer.
#pragma once

#include "ctc/routing/v1/ivr_service.pb.h"
#include "services/session/service/core.h"

namespace ctc::session {

// Thread-safe.
class CallFlow {
 public:
  explicit CallFlow(Core& core) : core_(core) {}

  // Errors: VALIDATION_FAILED; NOT_FOUND for a session of another account or an outbound one;
  // routing's and the database's, after which nothing but the session was made.
  Task<absl::StatusOr<v1::AdvanceFlowResponse>> AdvanceFlow(rpc::Context context,
                                                            const v1::AdvanceFlowRequest& request);
  Task<absl::StatusOr<v1::GetFlowStepResponse>> GetFlowStep(rpc::Context context,
                                                            const v1::GetFlowStepRequest& request);

  // Tells routing that a caller has left its way, when `record` says so and the flow does not: a
  // queue is not to count it, nor an agent to be kept for it.
  Task<void> NoteGone(store::RecordPtr record);

 private:
  Task<absl::StatusOr<store::RecordPtr>> FindOrOpen(const rpc::Context& context,
                                                    const v1::AdvanceFlowRequest& request);
  Task<absl::StatusOr<store::RecordPtr>> Open(const rpc::Context& context,
                                              const v1::AdvanceFlowRequest& request);
  // ABORTED when the call went on meanwhile, by the same question or another.
  Task<absl::StatusOr<store::RecordPtr>> Advance(const rpc::Context& context,
                                                 store::RecordPtr record,
                                                 const v1::AdvanceFlowRequest& request);
  Task<absl::StatusOr<routing::v1::NextFlowStepResponse>> AskRouting(const rpc::Context& context,
                                                                     const store::Record& record,
                                                                     routing::v1::FlowState state,
                                                                     routing::v1::FlowInput input);
  // The step as the rules on recording allow it: a conversation that may not be recorded goes on
  // without, in place of a message that may not routing decides what follows.
  Task<absl::StatusOr<routing::v1::NextFlowStepResponse>> Restrain(
      const rpc::Context& context, const store::Record& record,
      routing::v1::NextFlowStepResponse next);

  Core& core_;
};

}  // namespace ctc::session
