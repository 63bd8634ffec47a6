// Facts from webhooks and event sockets into sessions: each exactly once, an answer for each.
#pragma once

#include "services/session/service/call_flow.h"
#include "services/session/service/party_keeper.h"

namespace ctc::session {

class FactIntake {
 public:
  // The references outlive this object.
  FactIntake(Core& core, PartyKeeper& keeper, CallFlow& flow)
      : core_(core), keeper_(keeper), flow_(flow) {}

  Task<absl::StatusOr<v1::ApplyFactsResponse>> ApplyFacts(rpc::Context context,
                                                          const v1::ApplyFactsRequest& request);
  Task<absl::StatusOr<v1::ResolveSessionResponse>> ResolveSession(
      rpc::Context context, const v1::ResolveSessionRequest& request);

 private:
  // Where the answer of each fact stands: which change, and which fact of it.
  struct Place {
    size_t change = 0;
    size_t fact = 0;
    bool known_session = false;
  };
  // The session a fact belongs to. NOT_FOUND when there is none.
  Task<absl::StatusOr<store::RecordPtr>> Find(base::TenantId tenant, std::string session,
                                              std::string provider_id, std::string provider_call_id,
                                              absl::Time deadline);
  Task<absl::Status> Write(std::vector<store::Change> changes,
                           std::vector<store::ChangeOutcome>& outcomes);
  Task<absl::Status> Overtaken(const v1::ApplyFactsRequest& request,
                               const std::vector<Place>& places,
                               const std::vector<store::ChangeOutcome>& outcomes);

  Core& core_;
  PartyKeeper& keeper_;
  CallFlow& flow_;
};

}  // namespace ctc::session
