// The state of a session as a pure function of the set of its facts: any order and any repetition
// of the same facts gives the same state, so that nothing depends on which webhook came first.
#pragma once

#include "services/session/domain/state.h"

namespace ctc::session::domain {

SessionState Fold(const CallStart& start, const Facts& facts);

}  // namespace ctc::session::domain
