// The rpcs of TransferService.
#include "services/session/service/transfer_service.h"

#include <algorithm>

#include "ctc/session/v1/transfer_service.rpc.h"
#include "libs/db/list_page.h"

namespace ctc::session {
namespace {

constexpr db::SortKey kSortKeys[] = {{"requested_at", "id"}};
const db::ListOrders kTransferOrders = {"transfers", "requested_at", kSortKeys};

// Of one session, in the order asked for, behind the cursor: a session has few of them.
absl::StatusOr<std::vector<v1::Transfer>> TransfersOf(const store::Record& record,
                                                      const db::ListPage& page) {
  std::vector<v1::Transfer> transfers;
  for (const v1::StoredTransfer& stored : record.transfers) transfers.push_back(stored.transfer());
  if (page.descending()) std::reverse(transfers.begin(), transfers.end());
  if (page.after_id().empty()) return transfers;
  const auto last = std::find_if(transfers.begin(), transfers.end(),
                                 [&](const v1::Transfer& t) { return t.id() == page.after_id(); });
  if (last == transfers.end()) return db::NoSuchCursor();
  transfers.erase(transfers.begin(), last + 1);
  return transfers;
}

}  // namespace

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
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(kTransferOrders, context.tenant, request));
  CTC_CO_ASSIGN_OR_RETURN(const store::RecordPtr record,
                          co_await GetVisible(core_, context, request.id()));
  CTC_CO_ASSIGN_OR_RETURN(std::vector<v1::Transfer> transfers, TransfersOf(*record, page));
  const int left = static_cast<int>(transfers.size());
  const int begin = std::min(page.offset(), left);
  const int end = std::min(left - begin, page.limit()) + begin;
  v1::ListTransfersResponse response;
  for (int i = begin; i < end; ++i) {
    *response.add_transfers() = std::move(transfers[static_cast<size_t>(i)]);
  }
  std::string next_cursor;
  if (begin < end && end < left) {
    next_cursor = page.CursorAfter(response.transfers(response.transfers_size() - 1).id());
  }
  page.Describe(std::ssize(record->transfers), next_cursor, response);
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
