// What an account can do: by its mode, and by the operations of its template. Pure.
#pragma once

#include <string>
#include <vector>

#include "ctc/dispatch/v1/provider.pb.h"

namespace ctc::providers::sip {

// What any account of the type may do at most.
std::vector<std::string> AllCapabilities();
std::vector<std::string> CapabilitiesOf(const dispatch::v1::Provider& config);

}  // namespace ctc::providers::sip
