// The rpcs of SessionService: unpack, call, pack.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "libs/base/mutex.h"
#include "libs/rpc/handler_map.h"
#include "services/session/service/call_flow.h"
#include "services/session/service/core.h"
#include "services/session/service/fact_intake.h"
#include "services/session/service/initiation.h"
#include "services/session/service/live_control.h"

namespace ctc::session {

class SessionService {
 public:
  SessionService(Core& core, Initiation& initiation, PartyKeeper& keeper)
      : core_(core),
        initiation_(initiation),
        keeper_(keeper),
        control_(core),
        flow_(core),
        facts_(core, keeper, flow_) {}

  void Bind(rpc::HandlerMap& handlers);
  // Who waits for the feed gets an empty page, so that the process can end. From any thread.
  void Stop();

  Task<absl::StatusOr<v1::InitiateCallResponse>> InitiateCall(rpc::Context,
                                                              const v1::InitiateCallRequest&);
  Task<absl::StatusOr<v1::GetSessionResponse>> GetSession(rpc::Context,
                                                          const v1::GetSessionRequest&);
  Task<absl::StatusOr<v1::ListSessionsResponse>> ListSessions(rpc::Context,
                                                              const v1::ListSessionsRequest&);
  Task<absl::StatusOr<v1::UpdateSessionStatusResponse>> UpdateSessionStatus(
      rpc::Context, const v1::UpdateSessionStatusRequest&);
  Task<absl::StatusOr<v1::EndCallResponse>> EndCall(rpc::Context, const v1::EndCallRequest&);
  Task<absl::StatusOr<v1::HoldCallResponse>> HoldCall(rpc::Context, const v1::HoldCallRequest&);
  Task<absl::StatusOr<v1::ResumeCallResponse>> ResumeCall(rpc::Context,
                                                          const v1::ResumeCallRequest&);
  Task<absl::StatusOr<v1::MuteCallResponse>> MuteCall(rpc::Context, const v1::MuteCallRequest&);
  Task<absl::StatusOr<v1::UnmuteCallResponse>> UnmuteCall(rpc::Context,
                                                          const v1::UnmuteCallRequest&);
  Task<absl::StatusOr<v1::SendDtmfResponse>> SendDtmf(rpc::Context, const v1::SendDtmfRequest&);
  Task<absl::StatusOr<v1::StartRecordingResponse>> StartRecording(rpc::Context,
                                                                  const v1::StartRecordingRequest&);
  Task<absl::StatusOr<v1::StopRecordingResponse>> StopRecording(rpc::Context,
                                                                const v1::StopRecordingRequest&);
  Task<absl::StatusOr<v1::PauseRecordingResponse>> PauseRecording(rpc::Context,
                                                                  const v1::PauseRecordingRequest&);
  Task<absl::StatusOr<v1::ResumeRecordingResponse>> ResumeRecording(
      rpc::Context, const v1::ResumeRecordingRequest&);
  Task<absl::StatusOr<v1::WrapUpSessionResponse>> WrapUpSession(rpc::Context,
                                                                const v1::WrapUpSessionRequest&);
  Task<absl::StatusOr<v1::ListSessionEventsResponse>> ListSessionEvents(
      rpc::Context, const v1::ListSessionEventsRequest&);
  Task<absl::StatusOr<v1::GetSessionRouteResponse>> GetSessionRoute(
      rpc::Context, const v1::GetSessionRouteRequest&);
  Task<absl::StatusOr<v1::ResolveSessionResponse>> ResolveSession(rpc::Context,
                                                                  const v1::ResolveSessionRequest&);
  Task<absl::StatusOr<v1::ApplyFactsResponse>> ApplyFacts(rpc::Context,
                                                          const v1::ApplyFactsRequest&);
  Task<absl::StatusOr<v1::ReadFeedResponse>> ReadFeed(rpc::Context, const v1::ReadFeedRequest&);
  Task<absl::StatusOr<v1::ListLiveSessionsResponse>> ListLiveSessions(
      rpc::Context, const v1::ListLiveSessionsRequest&);

 private:
  struct FeedWait {
    std::weak_ptr<void> alive;
    std::function<void()> wake;
  };

  // Waits until the feed goes on after `after`, for `patience`, or until the stop.
  Task<void> WaitForNews(int64_t after, absl::Duration patience);
  // False after the stop.
  bool KeepWait(FeedWait wait);
  bool is_stopping() const;

  Core& core_;
  Initiation& initiation_;
  PartyKeeper& keeper_;
  LiveControl control_;
  CallFlow flow_;
  FactIntake facts_;
  mutable base::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<FeedWait> feed_waits_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::session
