// Facts that name a session which was handed over, but tell of a call that goes on in the next one.
#pragma once

#include <optional>
#include <string>

#include "ctc/session/v1/stored.pb.h"
#include "services/session/domain/state.h"

namespace ctc::session::domain {

// A completed handover, as the old session remembers it.
struct Handover {
  absl::Time at;
  std::string target_leg;  // in the old session, as "consult-1"
};

// The fact as the next session takes it; none when it stays with the old one. It depends on the
// fact and on what was known before the handover, never on when it arrived: the ends of all who
// stayed in the call go on, whatever their time; what else they did goes on when it happened after
// the handover; how they came into the call, and all of the agent who left, stays. All of those
// goes on whom only a later session has rung.
std::optional<Fact> CarriedOver(const Facts& old_facts, const Handover& handover, const Fact& fact);

// True for the end of a recording that was begun in the old session and went on after the handover:
// it is the old session's too. `old` is the old session's state now, folded from `old_facts`. One
// that failed went on nowhere: what is told after it is of a recording that the next agent began.
bool EndsRecordingOf(const SessionState& old, const Facts& old_facts, const Fact& fact);

// What the next session starts with: the target is its agent, the customer, and the guests and
// supervisors who are still there. `old` is the state at the handover.
Facts FirstFacts(const SessionState& old, const Facts& old_facts, const Handover& handover);

// The fact with the leg that its provider calls `label` as the agent's.
Fact NamedByLabel(Fact fact, const std::string& label);

}  // namespace ctc::session::domain
