// A click, checked and normalised: every field at fault is named at once.
#pragma once

#include <string>

#include "ctc/session/v1/session_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/context.h"

namespace ctc::session {

// `request` with numbers in E.164, empty optional texts removed and defaults set. An agent's own id
// is filled in for an agent's token. Errors: VALIDATION_FAILED; SCOPE_MISSING for another agent's
// id.
absl::StatusOr<v1::InitiateCallRequest> CheckClick(const rpc::Context& context,
                                                   v1::InitiateCallRequest request);

// Errors: VALIDATION_FAILED for control characters or more than `most` characters.
absl::Status CheckText(std::string_view field, std::string_view text, size_t most);

}  // namespace ctc::session
