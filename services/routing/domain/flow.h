// A caller's way through menus and queues, one step at a time. Pure: what is known comes as values,
// what is not known yet is asked for, and the same question gives the same answer.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>

#include "ctc/routing/v1/call_flow.pb.h"
#include "services/routing/domain/menu_book.h"
#include "services/routing/domain/queue_choice.h"

namespace ctc::routing {

// At most so many steps a call, then it is ended: whatever a menu or a provider does wrong.
inline constexpr int kMaxSteps = 200;

struct FlowCall {
  std::string session_id;
  std::string to_phone;  // E.164
  absl::Time now;
};

// What must be looked up before the step can be told: agents, and this queue unless it is "".
struct FlowNeed {
  std::string queue_id;
};

struct FlowOutcome {
  v1::FlowState state;      // `current` is the step to do
  std::string explanation;  // for people; names no digits
  std::optional<FlowNeed> need;
  bool repeated = false;  // the question was answered before: nothing changed
  std::string missed_by;  // agent who let the phone ring that its queue offered the call to
};

// `state` as the last call left it; empty for a new call, or with only menu_id or queue_id for a
// caller who begins there. `floor` may be nullptr until it is asked for.
FlowOutcome Advance(const Book& book, const Floor* floor, const FlowCall& call,
                    const v1::FlowState& state, const v1::FlowInput& input);

// The caller's row in the table of queues, as the state has it.
struct QueueEntry {
  std::string queue_id;       // "" for an agent rung without a queue
  int64_t entered_at_ms = 0;  // 0: now
  std::string offered_agent_id;
  int offer_seconds = 0;
};
std::optional<QueueEntry> EntryOf(const v1::FlowState& state);

}  // namespace ctc::routing
