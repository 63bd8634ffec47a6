// The life of a handover as a pure function: what stands, what happened -> what stands then, and
// what is done to the call. It looks at how the call is, not at how it came to be so: the same step
// follows from late, repeated and overtaken news, and after a crash.
//
// REQUESTED -> RINGING -> CONSULTING -> COMPLETED | CANCELLED | FAILED. A BLIND or COLD one skips
// CONSULTING. One to a queue rings its agents one after another before that.
#pragma once

#include <string>
#include <vector>

#include "ctc/session/v1/stored.pb.h"
#include "libs/base/status.h"
#include "services/session/domain/state.h"

namespace ctc::session::domain {

inline constexpr int kMostHandovers = 5;  // in one conversation
inline constexpr int kMostGuests = 8;     // in one call

enum class TransferEvent {
  kNews,        // the call changed, or it is time to look at it
  kDialled,     // the provider took the order to ring the target
  kNotDialled,  // it did not
  kNotHeld,     // it did not even put the customer on hold
  kComplete,    // the client asks for it
  kCancel,
  kTooLong,  // the target's phone rang longer than allowed
};

// What is done to the call, in the order given.
enum class PartyAction {
  kHandOver,    // the agent leaves, target and customer are joined
  kDropTarget,  // hang the target up
  kDropAgent,   // the agent leaves, the customer waits
  kResume,      // the customer is taken off hold
  kRingAgent,   // the agent's phone is rung again
  kRingNext,    // another agent of the queue is rung, or waited for
};

struct TransferStep {
  v1::Transfer::Status status = v1::Transfer::STATUS_UNSPECIFIED;
  std::string error_message;  // with FAILED
  std::vector<PartyAction> actions;
};

// How a call with its parties stands.
struct PartyView {
  bool is_live = false;
  bool is_on_hold = false;
  bool agent_is_there = false;
  v1::Leg::State target = v1::Leg::STATE_UNSPECIFIED;
  std::string target_end;      // why the target's leg ended, for people
  bool target_waits = false;   // its leg stands for a queue in which nobody is free
  bool queue_goes_on = false;  // the time to find an agent of the queue is not over
  // The agent's phone asked for it by itself, or the customer's is asked: the agent waits.
  bool referred = false;
  bool handed_on = false;  // the customer's phone has reached the target by itself
};
PartyView ViewOf(const SessionState& state, const Facts& facts, const std::string& target_leg);

inline bool IsOpen(v1::Transfer::Status status) {
  return status == v1::Transfer::REQUESTED || status == v1::Transfer::RINGING ||
         status == v1::Transfer::CONSULTING;
}
// BLIND and COLD: the agent does not speak with the target.
inline bool IsUnannounced(v1::Transfer::Type type) {
  return type == v1::Transfer::BLIND || type == v1::Transfer::COLD;
}

// Nothing follows for a transfer that is not open. Errors: TRANSFER_STATE for a completion while
// the target cannot be spoken to.
absl::StatusOr<TransferStep> NextStep(const v1::Transfer& transfer, const PartyView& view,
                                      TransferEvent event);

// What a call with more than two parties needs besides its transfer.
enum class Care {
  kNone,
  kResumeCustomer,  // on hold, though the agent is there again or the transfer is over
  kHangUp,          // the customer is alone, or the call is over and somebody may still be there
  kDropTarget,      // a target whose transfer is over is still there
};
struct CareStep {
  Care care = Care::kNone;
  std::string leg_id;  // the target's, or the agent's that came back
};
// `open_leg`: the target's leg of the open transfer, or empty. `owed_leg`: that of a transfer which
// owes a resume, or empty.
CareStep CareFor(const SessionState& state, const Facts& facts, const std::string& open_leg,
                 const std::string& owed_leg);

// True for a transfer whose end was to take the customer off hold, as long as nobody did.
bool OwesResume(const v1::StoredTransfer& transfer, const Facts& facts);

// Id of the agent's leg that is there, "agent" when none is.
std::string AgentLegOf(const SessionState& state);

// Event keys of our own word.
std::string DialKey(const std::string& leg_id);
std::string LeavesKey(const std::string& leg_id);
std::string ResumedKey(const std::string& leg_id);
std::string OfferedKey(const std::string& leg_id);  // a waiting leg got its agent

}  // namespace ctc::session::domain
