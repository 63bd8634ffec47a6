// Faults of the way between two of our processes, apart from what a handler answers. Pure.
#pragma once

#include <absl/status/status.h>

#include <string_view>

namespace ctc::rpc {

// What is wrong between our own services (a wrong secret, an rpc that is not bound, a message over
// the limit): the caller sees `code`, a client of the edge INTERNAL, whose text stays with us.
absl::Status WiringFault(absl::StatusCode code, std::string_view text);

// Marks the error of a call of which no byte left this process. The mark stays in the process: what
// a service answers never has it.
absl::Status NeverSent(absl::Status status);
// True for such an error: repeating the call cannot do anything twice.
bool WasNeverSent(const absl::Status& status);

}  // namespace ctc::rpc
