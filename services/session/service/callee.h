// Whom to ring besides agent and customer: found, allowed, and within what the provider can do.
#pragma once

#include <string>
#include <vector>

#include "ctc/routing/v1/queue_service.pb.h"
#include "services/session/service/core.h"

namespace ctc::session {

struct Callee {
  std::string phone;     // number or endpoint
  std::string agent_id;  // where it is an agent's
};

// Errors: CAPABILITY_MISSING with metadata.capability for what the call's provider account cannot
// do.
Task<absl::Status> RequireCapability(Core& core, rpc::Context context, store::RecordPtr record,
                                     std::string capability);

// A registered agent. Errors name `field`; AGENT_INACTIVE.
Task<absl::StatusOr<Callee>> FindAgent(Core& core, rpc::Context context, std::string agent_id,
                                       std::string field);

// A queue that takes calls. Errors name to_queue_id; NO_AGENT_AVAILABLE.
Task<absl::StatusOr<routing::v1::Queue>> FindQueue(Core& core, rpc::Context context,
                                                   std::string queue_id);

struct QueueSearch {
  std::string queue_id;
  std::string but;                  // the agent who hands over
  std::vector<std::string> missed;  // who did not take this call
  bool all_missed = false;          // so many that the rest is not known
  bool ask_again = false;           // those too, when there is no other
};
// The agent who is asked next by the queue's strategy. Errors: NO_AGENT_AVAILABLE.
Task<absl::StatusOr<Callee>> FindAgentOfQueue(Core& core, rpc::Context context, QueueSearch search);

// A number, in E.164 and allowed to be called in this session. Errors name `field`;
// BLOCKED_BY_POLICY.
Task<absl::StatusOr<Callee>> FindNumber(Core& core, rpc::Context context, store::RecordPtr record,
                                        std::string phone, std::string field);

// What a phone named by itself: an agent's phone, a number as FindNumber, or another endpoint; not
// a number in another guise than E.164.
Task<absl::StatusOr<Callee>> FindPhone(Core& core, rpc::Context context, store::RecordPtr record,
                                       std::string phone);

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
