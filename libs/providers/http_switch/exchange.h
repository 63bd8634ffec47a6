// One request to a switch and what its answer means. Pure.
#pragma once

#include <absl/time/time.h>

#include <string>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/base/status.h"
#include "libs/http/client.h"
#include "libs/providers/http_switch/operation.h"

namespace ctc::providers::http_switch {

// Without a leading plus.
std::string DigitsOf(std::string text);

// Adds what only a live call has: the switch's ids of it and of its legs.
void AddLive(const dispatch::v1::ControlCallRequest& request, Values& values);

// Without credentials; its path goes behind `base`. INVALID_ARGUMENT when a value may not stand
// where the template puts it.
absl::StatusOr<http::ClientRequest> FillRequest(std::string base, const Operation& operation,
                                                const Values& values, absl::Duration timeout);

bool Succeeds(const Operation& operation, int status, const Answer& answer);
// The first rule that holds; null when there is none.
const ErrorRule* FindRule(const Operation& operation, int status, const Answer& answer);
// For people: the status and the switch's own words.
std::string DetailOf(const Operation& operation, int status, const Answer& answer);

// True when the call is gone. `ends`: the request was to end it.
absl::StatusOr<bool> ControlOutcome(const Operation& operation, bool ends,
                                    const http::ClientResult& result);

}  // namespace ctc::providers::http_switch
