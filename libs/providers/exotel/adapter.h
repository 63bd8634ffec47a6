// Exotel: two PSTN legs connected by the v1 voice API, the agent's first; callers run through a
// flow of dashboard applets that ask us over HTTP.
#pragma once

#include <memory>

#include "libs/providers/adapter.h"

namespace ctc::providers::exotel {

std::unique_ptr<Adapter> MakeAdapter(const Environment& environment);

}  // namespace ctc::providers::exotel
