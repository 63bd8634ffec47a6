// The texts we give to Vonage: endpoints, URLs that name the call, and the NCCO that puts a leg
// into the call's conversation. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/providers/adapter.h"
#include "libs/providers/vonage/api.h"

namespace ctc::providers::vonage {

using Mode = dispatch::v1::ControlCallRequest::Mode;

// How a leg takes part in the conversation.
struct Seat {
  bool starts = true;     // the conversation begins with it; before, the others hear music
  bool ends = false;      // nobody stays behind when it leaves
  std::string music_url;  // while it waits; empty: silence
  bool record = false;    // records the conversation
  Json can_hear;          // ids of legs, where it does not hear all
  Json can_speak;         // ids of legs, where not all hear it
  bool muted = false;
};

// The conversation is named by the call's room.
Json ConversationAction(const Account& account, const dispatch::v1::CallOrder& order,
                        const Seat& seat);

// A number, a SIP address or "user@host"; nothing for what Vonage cannot call.
std::optional<Json> EndpointOf(std::string_view phone);

// Where Vonage tells the events of a leg ("agent", "customer", "consult-1", "recording").
struct LegUrl {
  std::string leg;
  bool records = false;  // the conversation is recorded from this leg's answer on
};
std::string EventUrl(const Account& account, const dispatch::v1::CallOrder& order,
                     const LegUrl& leg);

// Where Vonage asks for the step after `step`; `extra` as "&finish=%2A".
std::string FlowUrl(const Account& account, const dispatch::v1::CallOrder& order, int step,
                    std::string_view extra);

// A URL among the account's settings; "" when absent.
std::string SettingUrl(const Account& account, const char* name);

bool IsInbound(const dispatch::v1::CallOrder& order);
// Our number, shown to whom we call.
const std::string& OurNumber(const dispatch::v1::CallOrder& order);

}  // namespace ctc::providers::vonage
