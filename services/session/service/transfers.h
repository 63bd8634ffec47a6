// Handovers as clients ask for them.
#pragma once

#include <string>

#include "services/session/service/party_keeper.h"

namespace ctc::session {

// Thread-safe.
class Transfers {
 public:
  Transfers(Core& core, PartyKeeper& keeper) : core_(core), keeper_(keeper) {}

  // Errors: VALIDATION_FAILED, CALL_NOT_LIVE, TRANSFER_OPEN, TRANSFER_LIMIT, CAPABILITY_MISSING,
  // BLOCKED_BY_POLICY, AGENT_INACTIVE, NO_AGENT_AVAILABLE, and the provider's when it does not ring
  // the target. A repeated Idempotency-Key gives the transfer there is.
  Task<absl::StatusOr<v1::Transfer>> Begin(rpc::Context context,
                                           const v1::TransferCallRequest& request);
  // The same for a phone that asked by itself: the target is what it named, an agent's phone or a
  // number, and the conversation's newest session is meant.
  Task<absl::StatusOr<v1::Transfer>> Refer(rpc::Context context,
                                           const v1::ReferCallRequest& request);
  // Errors: NOT_FOUND, TRANSFER_STATE, CALL_NOT_LIVE, the provider's. Again is no error.
  Task<absl::StatusOr<v1::Transfer>> Complete(rpc::Context context, std::string session,
                                              std::string transfer);
  Task<absl::StatusOr<v1::Transfer>> Cancel(rpc::Context context, std::string session,
                                            std::string transfer);

 private:
  Task<absl::StatusOr<v1::StoredTransfer>> MakePlan(rpc::Context context, store::RecordPtr record,
                                                    const v1::TransferCallRequest& request);
  // Into `stored` what is to be known of a queue.
  Task<absl::StatusOr<Callee>> FindTarget(rpc::Context context, store::RecordPtr record,
                                          const v1::TransferCallRequest& request,
                                          v1::StoredTransfer& stored);
  v1::StoredTransfer PlanFor(const store::Record& record, const Callee& callee,
                             v1::Transfer::Type type);
  // Written down, the customer put on hold, the target rung.
  Task<absl::StatusOr<v1::Transfer>> Carry(rpc::Context context, store::RecordPtr record,
                                           v1::StoredTransfer wanted);
  Task<absl::Status> CheckDepth(store::RecordPtr record);
  Task<absl::StatusOr<store::RecordPtr>> WriteRequest(store::RecordPtr record,
                                                      v1::StoredTransfer wanted);
  Task<absl::Status> HoldFirst(rpc::Context context, store::RecordPtr record);
  Task<absl::Status> DialTarget(rpc::Context context, store::RecordPtr record,
                                std::string transfer);
  Task<absl::Status> Hold(rpc::Context context, store::RecordPtr record);
  Task<absl::StatusOr<v1::Transfer>> Decide(rpc::Context context, std::string session,
                                            std::string transfer, domain::TransferEvent event,
                                            v1::Transfer::Status wanted);
  // The transfer as it is now.
  Task<absl::StatusOr<v1::Transfer>> Newest(base::TenantId tenant, std::string session,
                                            std::string transfer);

  Core& core_;
  PartyKeeper& keeper_;
};

}  // namespace ctc::session
