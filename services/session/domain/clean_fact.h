// Facts from outside, made fit to be kept: no text longer than its column, no unknown enum, no time
// that cannot be.
#pragma once

#include "services/session/domain/state.h"

namespace ctc::session::domain {

// A fact that claims nothing (no kind) or has no event key stays so: the caller refuses it.
Fact CleanFact(Fact fact, absl::Time now);

// At most `bytes` of valid UTF-8, cut at a character, without control characters.
std::string CleanText(std::string_view text, size_t bytes);

}  // namespace ctc::session::domain
