// A caller's way at Twilio: its questions read, our steps written as TwiML. Pure; thread-safe.
#pragma once

#include <string>

#include "libs/base/status.h"
#include "libs/providers/adapter.h"

namespace ctc::providers::twilio {

// The number's voice webhook, and the questions that our own TwiML makes Twilio ask.
dispatch::v1::ReadFlowResponse ReadQuestion(const Account& account,
                                            const common::v1::HttpRequest& request);

// The step as a TwiML document. Each question it leads to names session and step in its URL.
std::string StepTwiml(const Account& account, const dispatch::v1::CallOrder& order,
                      const routing::v1::FlowStep& step);

}  // namespace ctc::providers::twilio
