// Facts that name a session which was handed over, brought to the session they tell of.
#pragma once

#include "services/session/service/core.h"

namespace ctc::session {

// The session the fact belongs to, `record` itself or one that took over from it; `fact` in that
// session's words.
Task<absl::StatusOr<store::RecordPtr>> CarryOver(Core& core, store::RecordPtr record,
                                                 domain::Fact& fact);

// Sessions on the way there that the fact concerns as well: a recording that began in them.
Task<absl::StatusOr<std::vector<store::RecordPtr>>> AlsoConcerned(Core& core,
                                                                  store::RecordPtr record,
                                                                  domain::Fact fact);

// The session the conversation began with.
Task<absl::StatusOr<store::RecordPtr>> FirstOf(Core& core, store::RecordPtr record);

}  // namespace ctc::session
