// What Vonage's own record says of a call. Thread-safe.
#pragma once

#include "libs/providers/adapter.h"
#include "libs/providers/vonage/api.h"

namespace ctc::providers::vonage {

// By Vonage's id of the first leg; without it as FindByNumbers.
Task<absl::StatusOr<dispatch::v1::LookUpCallResponse>> LookUpCall(
    Api& api, const Account& account, const dispatch::v1::LookUpCallRequest& request);

// Vonage keeps no reference of ours, so a leg without a known id is recognised by both numbers and
// the time at which the session was made, and by being no call that is known to be another's.
Task<absl::StatusOr<dispatch::v1::LookUpCallResponse>> FindByNumbers(
    Api& api, const Account& account, const dispatch::v1::LookUpCallRequest& request,
    session::v1::Leg::Party party);

}  // namespace ctc::providers::vonage
