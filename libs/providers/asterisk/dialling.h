// How a call is spelled for Asterisk: endpoint strings, caller ids and the plan that travels in the
// application's arguments. Nothing but checked characters may enter any of them. Pure.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "ctc/dispatch/v1/provider.pb.h"
#include "libs/base/status.h"
#include "libs/providers/asterisk/names.h"

namespace ctc::providers::asterisk {

// The account's settings, with defaults filled in.
struct DialSettings {
  std::string ari_url;                  // without trailing slash, ends in /ari
  std::string app;                      // Stasis application
  std::string endpoint_template;        // {prefix}, {number}
  std::string agent_endpoint_template;  // {agent_phone}
  std::string agent_context;  // dialplan that finds the agent; empty: the leg stays with us
  std::string say;            // media URI of a spoken text; empty: it is spelled out
  absl::Duration ring_timeout;
};

// INVALID_ARGUMENT with the field at fault.
absl::StatusOr<DialSettings> ReadSettings(const dispatch::v1::Provider& config);

absl::StatusOr<std::string> CustomerEndpoint(const DialSettings& settings, std::string_view prefix,
                                             std::string_view number);
// A number ("+...") goes out like the customer's; anything else is a phone of the switch.
absl::StatusOr<std::string> AgentEndpoint(const DialSettings& settings, std::string_view prefix,
                                          std::string_view agent_phone);

// `"Name" <number>`; characters that could end the quoted name are dropped.
std::string CallerId(std::string_view name, std::string_view number);

// All that the driver has to know of a call when its first leg enters the application.
struct CallPlan {
  std::string call;
  std::string to;
  std::string from;
  std::string agent_id;  // where the dialplan finds the agent
  bool record = false;
  bool has_agent = true;
};
CallPlan PlanOf(const dispatch::v1::CallOrder& order);
// appArgs of a leg, as "agent,<uuid>,+15550100,+15550199,1,1,".
std::string EncodeArgs(const CallPlan& plan, std::string_view leg);
// From StasisStart's args, or from the channel's app_data without the application's name.
std::optional<CallPlan> DecodeArgs(const std::vector<std::string>& args);

// The dialplan sent a caller to us: Stasis(ctc,inbound,${EXTEN}).
bool IsCaller(const std::vector<std::string>& args);

// How a party that joins a conversation under way takes part.
struct PartyPlan {
  std::string watches;  // a supervisor: the agent's channel it hears; empty: joins the conversation
  bool whispers = false;
};
// "join", or "watch,<channel>,whisper".
std::string EncodeArgs(const PartyPlan& plan);
std::optional<PartyPlan> DecodePartyArgs(const std::vector<std::string>& args);

}  // namespace ctc::providers::asterisk
