// What a client may claim: the legal transitions of the state machine.
#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "services/session/domain/state.h"

namespace ctc::session::domain {

// The statuses a client may set from `from`; empty once the session ended.
std::vector<Status> LegalClaims(Status from);

// "RINGING,CONNECTED": for metadata.legal.
std::string LegalClaimsText(Status from);

// The fact that stands for the claim "the session is `to`". KIND_UNSPECIFIED when it is so already.
// Errors: ILLEGAL_TRANSITION with metadata.status and metadata.legal; VALIDATION_FAILED for no
// status.
absl::StatusOr<v1::CallFact::Kind> ClaimedKind(Status from, Status to);

}  // namespace ctc::session::domain
