// Twilio Programmable Voice: every call is a conference named by the session's UUID, so that hold,
// mute and recording work; the agent is rung first and the customer added when the agent answered.
#pragma once

#include "libs/providers/adapter.h"

namespace ctc::providers::twilio {

// `environment`'s objects must outlive it. Thread-safe.
std::unique_ptr<Adapter> MakeAdapter(const Environment& environment);

}  // namespace ctc::providers::twilio
