// Whom to ring besides agent and customer: found, allowed, and within what the provider can do.
#pragma once

#include <string>
#include <vector>

#include "services/session/service/core.h"

namespace ctc::session {

struct Callee {
  std::string phone;     // number or endpoint
  std::string agent_id;  // where it is an agent's
};

// Errors: CAPABILITY_MISSING with metadata.capability for what the call's provider has not
// declared.
Task<absl::Status> RequireCapability(Core& core, rpc::Context context, store::RecordPtr record,
                                     std::string capability);

// A registered agent. Errors name `field`; AGENT_INACTIVE.
Task<absl::StatusOr<Callee>> FindAgent(Core& core, rpc::Context context, std::string agent_id,
                                       std::string field);

// The first agent of a queue who could take a call now, but `but`. Errors: NO_AGENT_AVAILABLE.
Task<absl::StatusOr<Callee>> FindAgentOfQueue(Core& core, rpc::Context context,
                                              std::string queue_id, std::string but);

// A number, in E.164 and allowed to be called in this session. Errors name `field`;
// BLOCKED_BY_POLICY.
Task<absl::StatusOr<Callee>> FindNumber(Core& core, rpc::Context context, store::RecordPtr record,
                                        std::string phone, std::string field);

// Writes one step of a session's parties, or what refuses it.
Task<absl::StatusOr<store::RecordPtr>> ApplyStep(
    Core& core, store::RecordPtr record,
    std::function<absl::StatusOr<store::PartyStep>(const store::Record&)> step);

// One of our own facts about a leg.
domain::Fact LegFact(const Core& core, v1::CallFact::Kind kind, const std::string& leg_id,
                     std::string event_key);

// Our word that a leg is being dialled, to be committed before it is.
domain::Fact DialFact(const Core& core, const std::string& leg_id, const Callee& callee);

}  // namespace ctc::session
