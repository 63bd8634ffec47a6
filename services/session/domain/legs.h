// The legs of a session as its facts tell them.
#pragma once

#include <vector>

#include "services/session/domain/canonical_order.h"

namespace ctc::session::domain {

// The agent's leg where the agent's phone is ours to ring, then the customer's, then others.
// `joined_at` and `ended_at` are the session's: facts of no leg in particular concern both parties.
std::vector<v1::Leg> FoldLegs(const CallStart& start, const std::vector<Placed>& facts,
                              std::optional<absl::Time> joined_at,
                              std::optional<absl::Time> ended_at);

}  // namespace ctc::session::domain
