// rpcs that show recordings and give their audio.
#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "services/recording/domain/media_type.h"
#include "services/recording/domain/recording_track.h"
#include "services/recording/service/recording_service.h"
#include "services/recording/store/recording_store.h"

namespace ctc::recording {
namespace {

absl::Status NoSuchRecording() {
  return base::MakeError(base::kNotFound, "there is no such recording");
}

// Where its audio is to be had.
void AddPath(v1::Recording& recording) {
  if (recording.state() != kReady) return;
  recording.set_media_path("/api/v1/recordings/" + recording.id() + "/media");
}

absl::Status NotReady(const v1::Recording& recording) {
  if (recording.state() == kDeleted) {
    return base::MakeError(base::kRecordingMissing,
                           "The recording was deleted at the end of its retention");
  }
  if (recording.state() == kFailed) {
    return base::MakeError(base::kRecordingMissing,
                           "The recording failed: " + recording.error_message());
  }
  base::ErrorDetail extra;
  extra.metadata["state"] = recording.state();
  return base::MakeError(base::kRecordingNotReady, "The recording is " + recording.state(),
                         std::move(extra));
}

}  // namespace

Task<absl::StatusOr<RecordingPage>> RecordingService::PageOf(rpc::Context context,
                                                             RecordingFilter filter,
                                                             db::ListPage page) {
  RecordingPage found;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(found, RecordingStore(context.tenant).List(c, filter, page));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  for (v1::Recording& recording : found.recordings) AddPath(recording);
  co_return found;
}

Answer<v1::ListRecordingsResponse> RecordingService::ListRecordings(
    rpc::Context context, const v1::ListRecordingsRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(kRecordingOrders, context.tenant, request));
  RecordingFilter filter;
  filter.session_id = request.session_id();
  filter.state = request.state();
  CTC_CO_ASSIGN_OR_RETURN(RecordingPage found, co_await PageOf(context, std::move(filter), page));
  v1::ListRecordingsResponse response;
  page.Describe(found.total, found.next_cursor, response);
  for (v1::Recording& recording : found.recordings) {
    *response.add_recordings() = std::move(recording);
  }
  co_return response;
}

Answer<v1::ListSessionRecordingsResponse> RecordingService::ListSessionRecordings(
    rpc::Context context, const v1::ListSessionRecordingsRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(kSessionRecordingOrders, context.tenant, request));
  CTC_CO_ASSIGN_OR_RETURN(const session::v1::Session session,
                          co_await SessionOf(context, request.id()));
  RecordingFilter filter;
  filter.session_id = session.id();
  CTC_CO_ASSIGN_OR_RETURN(RecordingPage found, co_await PageOf(context, std::move(filter), page));
  v1::ListSessionRecordingsResponse response;
  page.Describe(found.total, found.next_cursor, response);
  for (v1::Recording& recording : found.recordings) {
    *response.add_recordings() = std::move(recording);
  }
  co_return response;
}

Task<absl::StatusOr<v1::Recording>> RecordingService::Find(rpc::Context context, std::string id) {
  v1::Recording recording;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(recording, RecordingStore(context.tenant).Get(c, id));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  co_return recording;
}

// As the caller may see it: an agent's token reads the agent's own calls only.
Task<absl::StatusOr<session::v1::Session>> RecordingService::SessionOf(rpc::Context context,
                                                                       std::string id) {
  session::v1::GetSessionRequest request;
  request.set_id(std::move(id));
  CTC_CO_ASSIGN_OR_RETURN(session::v1::GetSessionResponse response,
                          co_await rpc::Call(sessions_, session::v1::SessionServiceRpc::kGetSession,
                                             std::move(context), request));
  co_return std::move(*response.mutable_session());
}

Answer<v1::GetRecordingResponse> RecordingService::GetRecording(
    rpc::Context context, const v1::GetRecordingRequest& request) {
  v1::GetRecordingResponse response;
  CTC_CO_ASSIGN_OR_RETURN(*response.mutable_recording(), co_await Find(context, request.id()));
  AddPath(*response.mutable_recording());
  co_return response;
}

Answer<v1::GetRecordingMediaResponse> RecordingService::GetRecordingMedia(
    rpc::Context context, const v1::GetRecordingMediaRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const v1::Recording recording, co_await Find(context, request.id()));
  const absl::StatusOr<session::v1::Session> session =
      co_await SessionOf(context, recording.session_id());
  if (absl::IsNotFound(session.status())) co_return NoSuchRecording();
  CTC_CO_RETURN_IF_ERROR(session.status());
  if (recording.state() != kReady) co_return NotReady(recording);
  MediaPlace place;
  place.provider_id = session->provider_id();
  place.recording_url = recording.recording_url();
  v1::GetRecordingMediaResponse response;
  CTC_CO_ASSIGN_OR_RETURN(*response.mutable_media(),
                          co_await media_.Read(context, std::move(place), request.range()));
  common::v1::MediaPiece& media = *response.mutable_media();
  media.set_content_type(SafeMediaType(media.content_type()));
  media.set_file_name(recording.id() + std::string(ExtensionOf(media.content_type())));
  co_return response;
}

}  // namespace ctc::recording
