// One step of a process's end, which may not take for ever.
#pragma once

#include <absl/time/time.h>

#include <string_view>

#include "libs/base/asio.h"

namespace ctc::host {

// Runs `task` on `executor`, from a thread that does not run it, and waits for its end, at most so
// long; the log says how it went. False when it was left: what it uses must not go before the
// process does.
bool RunStep(const asio::any_io_executor& executor, std::string_view step, Task<void> task,
             absl::Duration limit);

}  // namespace ctc::host
