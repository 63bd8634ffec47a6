// What can be asked of a running call by requests whose addresses mCube gives to one customer:
// `settings.operations`. mCube publishes none. Pure; thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/providers/adapter.h"
#include "libs/providers/http_switch/operation.h"

namespace ctc::providers::mcube {

using Operations = std::map<std::string, http_switch::Operation, std::less<>>;

// By name, as "hang_up". VALIDATION_FAILED names every field at fault.
absl::StatusOr<Operations> ReadOperations(const dispatch::v1::Provider& config);

// What accounts can do, those with these operations among them.
std::vector<std::string> CapabilitiesOf(const dispatch::v1::Provider& config);

// The operation that does it; null when the account has none.
const http_switch::Operation* FindOperation(const Operations& operations,
                                            dispatch::v1::ControlCallRequest::Action action);

// CALL_NOT_LIVE when the template needs what is not known of the call, as its id.
absl::StatusOr<http::ClientRequest> LiveRequest(const Account& account,
                                                const http_switch::Operation& operation,
                                                const dispatch::v1::ControlCallRequest& request);

// True when the call is gone. Without a rule of its own a 200 whose words say no is a refusal.
absl::StatusOr<bool> LiveOutcome(const http_switch::Operation& operation,
                                 dispatch::v1::ControlCallRequest::Action action,
                                 const http::ClientResult& result);

}  // namespace ctc::providers::mcube
