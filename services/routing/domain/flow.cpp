#include "services/routing/domain/flow.h"

#include "services/routing/domain/flow_walker.h"

namespace ctc::routing {
namespace {

// How much longer an agent is reserved than its phone rings.
constexpr int kOfferGraceSeconds = 5;

using Step = v1::FlowStep;
using Input = v1::FlowInput;

bool IsAnswered(const v1::FlowState& state, const Input& input) {
  if (state.steps() == 0) return false;
  if (state.current().has_hang_up()) return true;
  if (input.kind() == Input::CALLER_GONE) return false;
  return input.kind() == Input::STARTED || input.step_number() != state.current().number();
}

}  // namespace

FlowOutcome Advance(const Book& book, const Floor* floor, const FlowCall& call,
                    const v1::FlowState& state, const Input& input) {
  if (IsAnswered(state, input)) {
    FlowOutcome outcome;
    outcome.state = state;
    outcome.explanation = "asked again: the same step";
    outcome.repeated = true;
    return outcome;
  }
  FlowWalker walker(book, floor, call, state);
  return walker.Run(input);
}

std::optional<QueueEntry> EntryOf(const v1::FlowState& state) {
  const Step& step = state.current();
  QueueEntry entry;
  entry.queue_id = state.queue_id();
  entry.entered_at_ms = state.queued_at_ms();
  if (step.has_dial() && !step.dial().agent_id().empty()) {
    entry.offered_agent_id = step.dial().agent_id();
    entry.offer_seconds = step.dial().ring_seconds() + kOfferGraceSeconds;
  }
  if (entry.queue_id.empty() && entry.offered_agent_id.empty()) return std::nullopt;
  return entry;
}

}  // namespace ctc::routing
