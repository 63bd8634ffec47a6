// Bodies of requests to Exotel, and what its answers to them mean. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/http/client.h"
#include "libs/providers/adapter.h"

namespace ctc::providers::exotel {

// The account's SID; old accounts use it as their API key, so without one the key is it.
std::string AccountSid(const Account& account);

// A number as Exotel writes it: Indian ones with a leading 0, others in E.164. Empty for what is no
// number: Exotel drops SIP addresses without a word.
std::string DiallableNumber(std::string_view phone);

// Body of Calls/connect.json. Agent first; without an agent's phone the customer is connected to
// the flow of settings.flow_id.
std::string ConnectForm(const Account& account, const dispatch::v1::CallOrder& order);

// What a submission's answer means.
dispatch::v1::PlaceCallResponse OutcomeOf(const http::ClientResult& result);

// Query of Calls.json that finds a call made for this order.
std::string SearchQuery(const dispatch::v1::CallOrder& order);

}  // namespace ctc::providers::exotel
