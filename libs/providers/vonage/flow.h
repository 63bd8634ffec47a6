// A caller's way over Vonage: its questions (answer webhook, keys, notify, transfers to a URL)
// read, and steps written as NCCO. Pure; thread-safe.
#pragma once

#include "libs/providers/adapter.h"

namespace ctc::providers::vonage {

// Verifies the signature, then reads.
dispatch::v1::ReadFlowResponse ReadQuestion(const Account& account,
                                            const common::v1::HttpRequest& request, absl::Time now,
                                            const ReplayWindow& window);

// An NCCO as an answer. The caller's leg ends with its last action, so each step that goes on ends
// with one whose outcome is asked for at our flow URL.
common::v1::HttpResponse RenderStep(const Account& account,
                                    const dispatch::v1::RenderFlowRequest& request);

// Where the provider is sent to ask again, with what became of the agent rung by us.
std::string AskAgainUrl(const Account& account, const dispatch::v1::CallOrder& order,
                        const routing::v1::FlowInput& input);

}  // namespace ctc::providers::vonage
