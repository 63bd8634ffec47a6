// The rpcs of TransferService: unpack, call, pack.
#pragma once

#include "libs/rpc/handler_map.h"
#include "services/session/service/conference.h"
#include "services/session/service/transfers.h"

namespace ctc::session {

class TransferService {
 public:
  TransferService(Core& core, PartyKeeper& keeper)
      : core_(core), transfers_(core, keeper), conference_(core, keeper) {}

  void Bind(rpc::HandlerMap& handlers);

  Task<absl::StatusOr<v1::TransferCallResponse>> TransferCall(rpc::Context,
                                                              const v1::TransferCallRequest&);
  Task<absl::StatusOr<v1::ListTransfersResponse>> ListTransfers(rpc::Context,
                                                                const v1::ListTransfersRequest&);
  Task<absl::StatusOr<v1::CompleteTransferResponse>> CompleteTransfer(
      rpc::Context, const v1::CompleteTransferRequest&);
  Task<absl::StatusOr<v1::CancelTransferResponse>> CancelTransfer(rpc::Context,
                                                                  const v1::CancelTransferRequest&);
  Task<absl::StatusOr<v1::AddPartyResponse>> AddParty(rpc::Context, const v1::AddPartyRequest&);
  Task<absl::StatusOr<v1::RemovePartyResponse>> RemoveParty(rpc::Context,
                                                            const v1::RemovePartyRequest&);
  Task<absl::StatusOr<v1::MonitorCallResponse>> MonitorCall(rpc::Context,
                                                            const v1::MonitorCallRequest&);

  Task<absl::StatusOr<v1::ReferCallResponse>> ReferCall(rpc::Context, const v1::ReferCallRequest&);

 private:
  Core& core_;
  Transfers transfers_;
  Conference conference_;
};

}  // namespace ctc::session
