// mCube's pull: which agent to ring for a caller. Its shape is agreed with mCube for each account;
// ours takes the fields of any push and answers {"agent": "9000000001", "ring_seconds": 20}.
// Pure; thread-safe.
#pragma once

#include "libs/providers/adapter.h"

namespace ctc::providers::mcube {

// Verified like a push. One of the same call with the last agent's dialstatus asks for the next.
dispatch::v1::ReadFlowResponse ReadPull(const Account& account,
                                        const common::v1::HttpRequest& request);

// An empty agent rings nobody. kCapabilityMissing names whatever is not an agent to ring.
absl::StatusOr<common::v1::HttpResponse> RenderAgent(const routing::v1::FlowStep& step);

}  // namespace ctc::providers::mcube
