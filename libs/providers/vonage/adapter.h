// Vonage Voice API: every call is a named conversation, so that hold, transfer and supervision
// work; the agent is called first and the customer when the agent answered.
#pragma once

#include "libs/providers/adapter.h"

namespace ctc::providers::vonage {

// `environment`'s objects must outlive it. Thread-safe.
std::unique_ptr<Adapter> MakeAdapter(const Environment& environment);

}  // namespace ctc::providers::vonage
