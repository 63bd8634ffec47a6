// Live control as a list of REST requests, made from what is known of the call. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/providers/adapter.h"
#include "libs/providers/twiml/form.h"

namespace ctc::providers::twilio {

using twiml::Form;

// What it means when Twilio no longer knows the call or participant of a request.
enum class Gone {
  kCall,     // the whole call is over: nothing more is asked
  kNothing,  // that party has left already, which was wanted
  kRefuse,   // the command cannot be carried out: kCallNotLive
  kAskNext,  // the next request asks it of another resource; else this was the last one
  kVote,     // the call is over when all requests of the plan say so
};

// Stands in `path` for the sid of the room's conference: Twilio takes its name for a new
// participant alone.
inline constexpr std::string_view kConferenceSid = "{conference}";

struct RestStep {
  std::string method;  // "POST", "DELETE"
  std::string path;    // below the account
  Form form;
  Gone gone = Gone::kCall;
};

// The requests, to be sent one after another. kCapabilityMissing for what Twilio cannot do,
// kCallNotLive for a party that was never reached, kInvalidDestination for a phone it cannot ring.
absl::StatusOr<std::vector<RestStep>> PlanControl(const Account& account,
                                                  const dispatch::v1::ControlCallRequest& request);

// True for what Twilio can call: a number, sip: or client:.
bool IsDialable(std::string_view phone);

}  // namespace ctc::providers::twilio
