// Asterisk over ARI. The call driver and the event socket are beside it (call_machine.h, driver.h).
#pragma once

#include "libs/providers/adapter.h"

namespace ctc::providers::asterisk {

// `environment`'s objects must outlive it. Thread-safe.
std::unique_ptr<Adapter> MakeAdapter(const Environment& environment);

}  // namespace ctc::providers::asterisk
