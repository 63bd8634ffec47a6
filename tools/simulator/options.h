// The command line of ctc-simulator.
#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

// INVALID_ARGUMENT names the flag at fault. Secrets come by file or environment, never by a flag.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);
std::string HelpText();

}  // namespace ctc::simulator
