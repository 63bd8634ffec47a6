// Facts from webhooks and event sockets into sessions: each exactly once, an answer for each.
#pragma once

#include "services/session/service/core.h"

namespace ctc::session {

class FactIntake {
 public:
  explicit FactIntake(Core& core) : core_(core) {}

  Task<absl::StatusOr<v1::ApplyFactsResponse>> ApplyFacts(rpc::Context context,
                                                          const v1::ApplyFactsRequest& request);
  Task<absl::StatusOr<v1::ResolveSessionResponse>> ResolveSession(
      rpc::Context context, const v1::ResolveSessionRequest& request);

 private:
  // The session a fact belongs to. NOT_FOUND when there is none.
  Task<absl::StatusOr<store::RecordPtr>> Find(base::TenantId tenant, std::string session,
                                              std::string provider_id, std::string provider_call_id,
                                              absl::Time deadline);
  Task<absl::Status> Write(std::vector<store::Change> changes,
                           std::vector<store::ChangeOutcome>& outcomes);

  Core& core_;
};

}  // namespace ctc::session
