// The rpcs that change a session.
#include <algorithm>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/session/domain/transitions.h"
#include "services/session/service/click.h"
#include "services/session/service/session_service.h"

namespace ctc::session {
namespace {

// Every command answers with the session after it.
template <class Response>
absl::StatusOr<Response> Answer(const absl::StatusOr<store::RecordPtr>& record) {
  if (!record.ok()) return record.status();
  Response response;
  response.set_success(true);
  *response.mutable_session() = (*record)->session;
  return response;
}

// A session that is full takes claims of its end only.
absl::Status NoRoom(const store::Record& record) {
  std::string legal;
  for (const domain::Status status : domain::LegalClaims(record.state.status)) {
    if (domain::IsLive(status)) continue;
    if (!legal.empty()) legal += ',';
    legal += v1::Session::Status_Name(status);
  }
  base::ErrorDetail extra;
  extra.metadata["status"] = v1::Session::Status_Name(record.state.status);
  extra.metadata["legal"] = std::move(legal);
  return base::MakeError(base::kIllegalTransition,
                         "The session was changed too often; it can only end now",
                         std::move(extra));
}

absl::Status CheckWrapUp(const v1::WrapUpSessionRequest& request) {
  if (request.disposition().empty()) return base::InvalidField("disposition", "is required");
  CTC_RETURN_IF_ERROR(CheckText("disposition", request.disposition(), 128));
  if (request.tags_size() > 20) return base::InvalidField("tags", "are more than 20");
  for (const std::string& tag : request.tags()) {
    if (tag.empty()) return base::InvalidField("tags", "contain an empty label");
    CTC_RETURN_IF_ERROR(CheckText("tags", tag, 64));
  }
  // Notes are prose: line breaks and tabs belong in them, other control characters do not.
  std::string notes = request.notes();
  std::replace_if(
      notes.begin(), notes.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return CheckText("notes", notes, 4000);
}

}  // namespace

void SessionService::Bind(rpc::HandlerMap& handlers) {
  namespace rpcs = v1::SessionServiceRpc;
  CTC_BIND(handlers, rpcs, *this, InitiateCall);
  CTC_BIND(handlers, rpcs, *this, GetSession);
  CTC_BIND(handlers, rpcs, *this, ListSessions);
  CTC_BIND(handlers, rpcs, *this, UpdateSessionStatus);
  CTC_BIND(handlers, rpcs, *this, EndCall);
  CTC_BIND(handlers, rpcs, *this, HoldCall);
  CTC_BIND(handlers, rpcs, *this, ResumeCall);
  CTC_BIND(handlers, rpcs, *this, MuteCall);
  CTC_BIND(handlers, rpcs, *this, UnmuteCall);
  CTC_BIND(handlers, rpcs, *this, SendDtmf);
  CTC_BIND(handlers, rpcs, *this, StartRecording);
  CTC_BIND(handlers, rpcs, *this, StopRecording);
  CTC_BIND(handlers, rpcs, *this, PauseRecording);
  CTC_BIND(handlers, rpcs, *this, ResumeRecording);
  CTC_BIND(handlers, rpcs, *this, WrapUpSession);
  CTC_BIND(handlers, rpcs, *this, ListSessionEvents);
  CTC_BIND(handlers, rpcs, *this, GetSessionRoute);
  CTC_BIND(handlers, rpcs, *this, ResolveSession);
  CTC_BIND(handlers, rpcs, *this, ApplyFacts);
  CTC_BIND(handlers, rpcs, *this, ReadFeed);
  CTC_BIND(handlers, rpcs, *this, ListLiveSessions);
  CTC_BIND(handlers, rpcs, flow_, AdvanceFlow);
  CTC_BIND(handlers, rpcs, flow_, GetFlowStep);
}

Task<absl::StatusOr<v1::InitiateCallResponse>> SessionService::InitiateCall(
    rpc::Context context, const v1::InitiateCallRequest& request) {
  co_return co_await initiation_.InitiateCall(std::move(context), request);
}

Task<absl::StatusOr<v1::UpdateSessionStatusResponse>> SessionService::UpdateSessionStatus(
    rpc::Context context, const v1::UpdateSessionStatusRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const store::RecordPtr seen,
                          co_await GetVisible(core_, context, request.id()));
  store::Change change;
  change.tenant = context.tenant;
  change.id = seen->id();
  const domain::Fact claim =
      OwnFact(core_, v1::CallFact::CALL_ENDED, v1::CLIENT, core_.ids.Token("claim:", 8));
  const domain::Status wanted = request.status();
  change.decide = [claim, wanted](const store::Record& newest) -> absl::StatusOr<domain::Facts> {
    CTC_ASSIGN_OR_RETURN(const v1::CallFact::Kind kind,
                         domain::ClaimedKind(newest.state.status, wanted));
    if (kind == v1::CallFact::KIND_UNSPECIFIED) return domain::Facts{};
    domain::Facts facts{claim};
    facts.front().set_kind(kind);
    if (!store::HasRoomFor(newest, facts.front())) return NoRoom(newest);
    return facts;
  };
  const auto claimed = co_await core_.writer.Apply(std::move(change), core_.WriteDeadline());
  if (claimed.ok()) keeper_.News(*claimed);
  co_return Answer<v1::UpdateSessionStatusResponse>(claimed);
}

Task<absl::StatusOr<v1::EndCallResponse>> SessionService::EndCall(
    rpc::Context context, const v1::EndCallRequest& request) {
  const auto ended = co_await control_.EndCall(std::move(context), request);
  if (ended.ok()) keeper_.News(*ended);  // others than agent and customer may be left
  co_return Answer<v1::EndCallResponse>(ended);
}

Task<absl::StatusOr<v1::HoldCallResponse>> SessionService::HoldCall(
    rpc::Context context, const v1::HoldCallRequest& request) {
  co_return Answer<v1::HoldCallResponse>(co_await control_.Hold(std::move(context), request.id()));
}

Task<absl::StatusOr<v1::ResumeCallResponse>> SessionService::ResumeCall(
    rpc::Context context, const v1::ResumeCallRequest& request) {
  co_return Answer<v1::ResumeCallResponse>(
      co_await control_.Resume(std::move(context), request.id()));
}

Task<absl::StatusOr<v1::MuteCallResponse>> SessionService::MuteCall(
    rpc::Context context, const v1::MuteCallRequest& request) {
  co_return Answer<v1::MuteCallResponse>(co_await control_.Mute(std::move(context), request.id()));
}

Task<absl::StatusOr<v1::UnmuteCallResponse>> SessionService::UnmuteCall(
    rpc::Context context, const v1::UnmuteCallRequest& request) {
  co_return Answer<v1::UnmuteCallResponse>(
      co_await control_.Unmute(std::move(context), request.id()));
}

Task<absl::StatusOr<v1::SendDtmfResponse>> SessionService::SendDtmf(
    rpc::Context context, const v1::SendDtmfRequest& request) {
  co_return Answer<v1::SendDtmfResponse>(co_await control_.SendDtmf(std::move(context), request));
}

Task<absl::StatusOr<v1::StartRecordingResponse>> SessionService::StartRecording(
    rpc::Context context, const v1::StartRecordingRequest& request) {
  co_return Answer<v1::StartRecordingResponse>(co_await control_.Record(
      std::move(context), request.id(), LiveControl::RecordingStep::kStart));
}

Task<absl::StatusOr<v1::StopRecordingResponse>> SessionService::StopRecording(
    rpc::Context context, const v1::StopRecordingRequest& request) {
  co_return Answer<v1::StopRecordingResponse>(co_await control_.Record(
      std::move(context), request.id(), LiveControl::RecordingStep::kStop));
}

Task<absl::StatusOr<v1::PauseRecordingResponse>> SessionService::PauseRecording(
    rpc::Context context, const v1::PauseRecordingRequest& request) {
  co_return Answer<v1::PauseRecordingResponse>(co_await control_.Record(
      std::move(context), request.id(), LiveControl::RecordingStep::kPause));
}

Task<absl::StatusOr<v1::ResumeRecordingResponse>> SessionService::ResumeRecording(
    rpc::Context context, const v1::ResumeRecordingRequest& request) {
  co_return Answer<v1::ResumeRecordingResponse>(co_await control_.Record(
      std::move(context), request.id(), LiveControl::RecordingStep::kResume));
}

Task<absl::StatusOr<v1::WrapUpSessionResponse>> SessionService::WrapUpSession(
    rpc::Context context, const v1::WrapUpSessionRequest& request) {
  CTC_CO_RETURN_IF_ERROR(CheckWrapUp(request));
  CTC_CO_ASSIGN_OR_RETURN(const store::RecordPtr seen,
                          co_await GetVisible(core_, context, request.id()));
  store::Change change;
  change.tenant = context.tenant;
  change.id = seen->id();
  v1::WrapUp wrap_up;
  wrap_up.set_disposition(request.disposition());
  wrap_up.set_notes(request.notes());
  *wrap_up.mutable_tags() = request.tags();
  *wrap_up.mutable_completed_at() = base::ToProto(core_.clock.Now());
  change.wrap_up = std::move(wrap_up);
  co_return Answer<v1::WrapUpSessionResponse>(
      co_await core_.writer.Apply(std::move(change), core_.WriteDeadline()));
}

Task<absl::StatusOr<v1::ApplyFactsResponse>> SessionService::ApplyFacts(
    rpc::Context context, const v1::ApplyFactsRequest& request) {
  co_return co_await facts_.ApplyFacts(std::move(context), request);
}

}  // namespace ctc::session
