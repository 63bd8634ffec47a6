// rpcs that show recordings.
#include "libs/rpc/page_bounds.h"
#include "services/recording/service/recording_service.h"
#include "services/recording/store/recording_store.h"

namespace ctc::recording {

Answer<v1::ListRecordingsResponse> RecordingService::ListRecordings(
    rpc::Context context, const v1::ListRecordingsRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const rpc::PageBounds bounds, rpc::BoundsOf(request));
  v1::ListRecordingsResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(auto page,
                             RecordingStore(context.tenant)
                                 .List(c, request.session_id(), bounds.limit, bounds.offset));
        response.set_total(page.total);
        response.clear_recordings();
        for (auto& recording : page.recordings) *response.add_recordings() = std::move(recording);
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  response.set_limit(bounds.limit);
  response.set_offset(bounds.offset);
  co_return response;
}

Answer<v1::GetRecordingResponse> RecordingService::GetRecording(
    rpc::Context context, const v1::GetRecordingRequest& request) {
  v1::GetRecordingResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(*response.mutable_recording(),
                             RecordingStore(context.tenant).Get(c, request.id()));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

}  // namespace ctc::recording
