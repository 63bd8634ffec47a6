// Names of lease holders that tell, on one machine, whether the process behind them is dead: after
// a crash nobody has to wait for its leases to expire.
#pragma once

#include <string>
#include <string_view>

namespace ctc::dispatch {

// `token` and where this process runs: machine, process namespace and process id.
std::string NameHolder(std::string_view token);

// True only when it is certain: the holder ran on this machine, in this namespace, and is gone.
bool IsDeadHolder(std::string_view holder);

}  // namespace ctc::dispatch
