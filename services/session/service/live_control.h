// Control of a running call: hang up, hold, mute, digits, recording.
#pragma once

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "services/session/service/core.h"

namespace ctc::session {

class LiveControl {
 public:
  explicit LiveControl(Core& core) : core_(core) {}

  Task<absl::StatusOr<store::RecordPtr>> EndCall(rpc::Context context,
                                                 const v1::EndCallRequest& request);
  Task<absl::StatusOr<store::RecordPtr>> Hold(rpc::Context context, const std::string& id);
  Task<absl::StatusOr<store::RecordPtr>> Resume(rpc::Context context, const std::string& id);
  Task<absl::StatusOr<store::RecordPtr>> Mute(rpc::Context context, const std::string& id);
  Task<absl::StatusOr<store::RecordPtr>> Unmute(rpc::Context context, const std::string& id);
  Task<absl::StatusOr<store::RecordPtr>> SendDtmf(rpc::Context context,
                                                  const v1::SendDtmfRequest& request);

  enum class RecordingStep { kStart, kStop, kPause, kResume };
  Task<absl::StatusOr<store::RecordPtr>> Record(rpc::Context context, const std::string& id,
                                                RecordingStep step);

 private:
  using Action = dispatch::v1::ControlCallRequest::Action;
  Task<absl::StatusOr<store::RecordPtr>> GetJoined(const rpc::Context& context,
                                                   const std::string& id);
  Task<absl::StatusOr<store::RecordPtr>> Act(const rpc::Context& context, store::RecordPtr record,
                                             Action action, v1::CallFact::Kind kind);
  Task<absl::StatusOr<store::RecordPtr>> HangUp(const rpc::Context& context,
                                                store::RecordPtr record, std::string reason);
  Task<absl::StatusOr<store::RecordPtr>> SettleGone(const rpc::Context& context,
                                                    store::RecordPtr record, std::string reason);
  Task<absl::StatusOr<store::RecordPtr>> AddFact(const store::Record& record, domain::Fact fact);
  Task<absl::Status> CheckConsent(const rpc::Context& context, const store::Record& record);

  Core& core_;
};

}  // namespace ctc::session
