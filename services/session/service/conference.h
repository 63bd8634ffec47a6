// Guests and supervisors of a call.
#pragma once

#include <string>

#include "services/session/service/party_keeper.h"

namespace ctc::session {

// Thread-safe.
class Conference {
 public:
  Conference(Core& core, PartyKeeper& keeper) : core_(core), keeper_(keeper) {}

  // Errors: VALIDATION_FAILED, CALL_NOT_LIVE, PARTY_LIMIT, CAPABILITY_MISSING, BLOCKED_BY_POLICY,
  // AGENT_INACTIVE, and the provider's when it does not ring the party.
  Task<absl::StatusOr<v1::Leg>> Add(rpc::Context context, const v1::AddPartyRequest& request);
  // Errors: NOT_FOUND, the provider's. Again is no error.
  Task<absl::Status> Remove(rpc::Context context, const v1::RemovePartyRequest& request);
  // Rings the supervisor, or changes how one who is there takes part. Errors as of Add.
  Task<absl::StatusOr<v1::Leg>> Monitor(rpc::Context context,
                                        const v1::MonitorCallRequest& request);

 private:
  using Mode = dispatch::v1::ControlCallRequest::Mode;
  Task<absl::StatusOr<store::RecordPtr>> GetJoined(rpc::Context context, std::string id);
  Task<absl::StatusOr<Callee>> Find(rpc::Context context, store::RecordPtr record,
                                    std::string agent_id, std::string phone, std::string field);
  Task<absl::StatusOr<v1::Leg>> Ring(rpc::Context context, store::RecordPtr record,
                                     v1::Leg::Party party, Callee callee, Mode mode,
                                     std::string note);
  Task<absl::StatusOr<v1::Leg>> ChangeMode(rpc::Context context, store::RecordPtr record,
                                           std::string leg_id, Mode mode, std::string note);
  Task<absl::StatusOr<v1::Leg>> LegNow(store::RecordPtr record, std::string leg_id);

  Core& core_;
  PartyKeeper& keeper_;
};

}  // namespace ctc::session
