// A click becomes a session: checked, allowed, routed, written down, then submitted.
#pragma once

#include <functional>

#include "ctc/recording/v1/recording_service.pb.h"
#include "services/session/service/submission.h"

namespace ctc::session {

class Initiation {
 public:
  // `background` runs a task that nobody waits for, to its end.
  using Background = std::function<void(Task<void>)>;
  Initiation(Core& core, Submission& submission, Background background);

  Task<absl::StatusOr<v1::InitiateCallResponse>> InitiateCall(
      rpc::Context context, const v1::InitiateCallRequest& request);

 private:
  struct Plan {
    store::NewSession session;
    std::vector<routing::v1::Candidate> candidates;
  };
  Task<absl::StatusOr<v1::InitiateCallResponse>> Begin(rpc::Context context,
                                                       const v1::InitiateCallRequest& click);
  // The answer to a click whose Idempotency-Key has made `first` before.
  absl::StatusOr<v1::InitiateCallResponse> Repeated(const v1::InitiateCallRequest& click,
                                                    const store::Record& first) const;
  Task<absl::StatusOr<store::CreateOutcome>> Commit(const rpc::Context& context,
                                                    store::NewSession session);
  Task<absl::StatusOr<Plan>> MakePlan(const rpc::Context& context,
                                      const v1::InitiateCallRequest& click);
  Task<absl::StatusOr<bool>> CheckPolicy(const rpc::Context& context,
                                         const v1::InitiateCallRequest& click,
                                         const std::string& id);
  Task<absl::StatusOr<routing::v1::ChooseRouteResponse>> ChooseRoute(
      const rpc::Context& context, const v1::InitiateCallRequest& click);
  Task<absl::StatusOr<store::RecordPtr>> FindByKey(const rpc::Context& context);
  Task<void> SubmitAlone(rpc::Context context, store::RecordPtr record,
                         std::vector<routing::v1::Candidate> candidates);

  Core& core_;
  Submission& submission_;
  const Background background_;
  const observability::Histogram check_seconds_;
  const observability::Histogram route_seconds_;
  const observability::Histogram commit_seconds_;
};

}  // namespace ctc::session
