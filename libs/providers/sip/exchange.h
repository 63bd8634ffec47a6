// What a SIP switch is asked with, and what its answers to placing and looking up mean. Pure.
#pragma once

#include "libs/http/client.h"
#include "libs/providers/adapter.h"
#include "libs/providers/http_switch/exchange.h"
#include "libs/providers/sip/switch_template.h"

namespace ctc::providers::sip {

using http_switch::AddLive;
using http_switch::ControlOutcome;

// The order's variables, and those of the account.
Values ValuesOf(const Account& account, const SwitchTemplate& settings,
                const dispatch::v1::CallOrder& order);
// After AddLive: the switch's id of the agent's leg, where it is known. Of a call that we placed it
// is that of the call.
void AddAgentLeg(const dispatch::v1::ControlCallRequest& request, Values& values);
// UUIDs that stay the same for an order at an account: ids that we choose for its two legs.
std::string LegUuid(const Account& account, const std::string& order, char leg);

// Adds the account's credentials.
void Authenticate(const Account& account, const SwitchTemplate& settings,
                  http::ClientRequest& request);

// INVALID_ARGUMENT when a value may not stand where the template puts it.
absl::StatusOr<http::ClientRequest> MakeRequest(const Account& account,
                                                const SwitchTemplate& settings,
                                                const Operation& operation, const Values& values,
                                                absl::Duration timeout);

dispatch::v1::PlaceCallResponse PlaceOutcome(const Operation& place, const Values& values,
                                             const http::ClientResult& result);

// kProviderRateLimited when the switch has too much to do to look.
absl::StatusOr<dispatch::v1::LookUpCallResponse> LookUpOutcome(const Account& account,
                                                               const Operation& operation,
                                                               const Values& values,
                                                               const http::ClientResult& result,
                                                               absl::Time now);

}  // namespace ctc::providers::sip
