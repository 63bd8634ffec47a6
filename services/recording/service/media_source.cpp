#include "services/recording/service/media_source.h"

#include "ctc/dispatch/v1/dispatch_service.rpc.h"

namespace ctc::recording {

Task<absl::StatusOr<common::v1::MediaPiece>> ProviderMedia::Read(rpc::Context context,
                                                                 MediaPlace place,
                                                                 common::v1::ByteRange range) {
  dispatch::v1::FetchRecordingRequest request;
  request.set_provider_id(place.provider_id);
  request.set_recording_url(place.recording_url);
  *request.mutable_range() = range;
  rpc::Context ours = rpc::Context::ForService(context.tenant, context.deadline);
  ours.request_id = context.request_id;
  ours.traceparent = context.traceparent;
  CTC_CO_ASSIGN_OR_RETURN(
      dispatch::v1::FetchRecordingResponse response,
      co_await rpc::Call(dispatch_, dispatch::v1::DispatchServiceRpc::kFetchRecording,
                         std::move(ours), request));
  co_return std::move(*response.mutable_media());
}

Task<absl::Status> ProviderMedia::Delete(rpc::Context context, MediaPlace place) {
  dispatch::v1::DeleteRecordingRequest request;
  request.set_provider_id(place.provider_id);
  request.set_recording_url(place.recording_url);
  const absl::StatusOr<dispatch::v1::DeleteRecordingResponse> response = co_await rpc::Call(
      dispatch_, dispatch::v1::DispatchServiceRpc::kDeleteRecording, std::move(context), request);
  co_return response.status();
}

}  // namespace ctc::recording
