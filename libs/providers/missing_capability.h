// The 501 of a provider that cannot do what was asked, named. Pure; thread-safe.
#pragma once

#include <string_view>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/base/status.h"

namespace ctc::providers {

// kCapabilityMissing with `metadata.capability`, as "hang_up" or "transfer". `whose` begins the
// sentence for people: "Exotel's voice API".
absl::Status MissingCapability(std::string_view whose,
                               dispatch::v1::ControlCallRequest::Action action);
absl::Status MissingCapability(std::string_view whose, std::string_view capability);

}  // namespace ctc::providers
