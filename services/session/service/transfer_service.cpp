// The rpcs of TransferService.
#include "services/session/service/transfer_service.h"

#include <algorithm>

#include "ctc/session/v1/transfer_service.rpc.h"
#include "libs/rpc/page_bounds.h"

namespace ctc::session {

void TransferService::Bind(rpc::HandlerMap& handlers) {
  namespace rpcs = v1::TransferServiceRpc;
  CTC_BIND(handlers, rpcs, *this, TransferCall);
  CTC_BIND(handlers, rpcs, *this, ListTransfers);
  CTC_BIND(handlers, rpcs, *this, CompleteTransfer);
  CTC_BIND(handlers, rpcs, *this, CancelTransfer);
  CTC_BIND(handlers, rpcs, *this, AddParty);
  CTC_BIND(handlers, rpcs, *this, RemoveParty);
  CTC_BIND(handlers, rpcs, *this, MonitorCall);
  CTC_BIND(handlers, rpcs, *this, ReferCall);
}

Task<absl::StatusOr<v1::TransferCallResponse>> TransferService::TransferCall(
    rpc::Context context, const v1::TransferCallRequest& request) {
  v1::TransferCallResponse response;
  CTC_CO_ASSIGN_OR_RETURN(*response.mutable_transfer(),
                          co_await transfers_.Begin(std::move(context), request));
  co_return response;
}

Task<absl::StatusOr<v1::ListTransfersResponse>> TransferService::ListTransfers(
    rpc::Context context, const v1::ListTransfersRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const rpc::PageBounds bounds, rpc::BoundsOf(request));
  CTC_CO_ASSIGN_OR_RETURN(const store::RecordPtr record,
                          co_await GetVisible(core_, context, request.id()));
  v1::ListTransfersResponse response;
  const int total = static_cast<int>(record->transfers.size());
  response.set_total(total);
  response.set_limit(bounds.limit);
  response.set_offset(bounds.offset);
  const int begin = std::min(bounds.offset, total);
  const int end = std::min(total - begin, bounds.limit) + begin;
  for (int i = begin; i < end; ++i) {
    *response.add_transfers() = record->transfers[static_cast<size_t>(i)].transfer();
  }
  co_return response;
}

Task<absl::StatusOr<v1::CompleteTransferResponse>> TransferService::CompleteTransfer(
    rpc::Context context, const v1::CompleteTransferRequest& request) {
  v1::CompleteTransferResponse response;
  CTC_CO_ASSIGN_OR_RETURN(
      *response.mutable_transfer(),
      co_await transfers_.Complete(std::move(context), request.id(), request.transfer_id()));
  co_return response;
}

Task<absl::StatusOr<v1::CancelTransferResponse>> TransferService::CancelTransfer(
    rpc::Context context, const v1::CancelTransferRequest& request) {
  v1::CancelTransferResponse response;
  CTC_CO_ASSIGN_OR_RETURN(
      *response.mutable_transfer(),
      co_await transfers_.Cancel(std::move(context), request.id(), request.transfer_id()));
  co_return response;
}

Task<absl::StatusOr<v1::AddPartyResponse>> TransferService::AddParty(
    rpc::Context context, const v1::AddPartyRequest& request) {
  v1::AddPartyResponse response;
  CTC_CO_ASSIGN_OR_RETURN(*response.mutable_leg(),
                          co_await conference_.Add(std::move(context), request));
  co_return response;
}

Task<absl::StatusOr<v1::RemovePartyResponse>> TransferService::RemoveParty(
    rpc::Context context, const v1::RemovePartyRequest& request) {
  CTC_CO_RETURN_IF_ERROR(co_await conference_.Remove(std::move(context), request));
  co_return v1::RemovePartyResponse();
}

Task<absl::StatusOr<v1::MonitorCallResponse>> TransferService::MonitorCall(
    rpc::Context context, const v1::MonitorCallRequest& request) {
  v1::MonitorCallResponse response;
  CTC_CO_ASSIGN_OR_RETURN(*response.mutable_leg(),
                          co_await conference_.Monitor(std::move(context), request));
  co_return response;
}

Task<absl::StatusOr<v1::ReferCallResponse>> TransferService::ReferCall(
    rpc::Context context, const v1::ReferCallRequest& request) {
  v1::ReferCallResponse response;
  CTC_CO_ASSIGN_OR_RETURN(*response.mutable_transfer(),
                          co_await transfers_.Refer(std::move(context), request));
  co_return response;
}

}  // namespace ctc::session
