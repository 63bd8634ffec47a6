// A caller at a switch that speaks TwiML: questions and status callbacks read, steps written. The
// switch itself rings the agent that a step names. Pure; thread-safe.
#pragma once

#include <string>

#include "libs/providers/adapter.h"
#include "libs/providers/twiml/form.h"

namespace ctc::providers::sip {

// Of a genuine question, "" or what cannot be read. `response` gets the session that the URL names.
std::string ReadTwimlQuestion(const common::v1::HttpRequest& request,
                              dispatch::v1::ReadFlowResponse& response);

common::v1::HttpResponse RenderTwiml(const Account& account,
                                     const dispatch::v1::RenderFlowRequest& request);

// True for a status callback of a caller's call: of one of our URLs, or of a number.
bool IsTwimlEvent(const common::v1::HttpRequest& request);
// Of a genuine callback. `session` is the one vouched for; without it the call is known by the
// caller's leg. Facts and verdict are set, but for the window.
void ReadTwimlEvent(const Account& account, const common::v1::HttpRequest& request,
                    const std::string& session, absl::Time now, const ReplayWindow& window,
                    dispatch::v1::ReadWebhookResponse& response);

}  // namespace ctc::providers::sip
