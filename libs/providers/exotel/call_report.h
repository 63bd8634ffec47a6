// What Exotel says of a call, in a callback or in its call record, and what that means in our
// words. Pure; thread-safe.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctc/session/v1/fact.pb.h"

namespace ctc::providers::exotel {

struct CallReport {
  std::string sid;
  std::string status;  // completed, busy, no-answer, failed, canceled, in-progress, ...
  // Of the leg rung first and of the other one; empty where none was attempted or told.
  std::string leg1;
  std::string leg2;
  bool has_legs = false;       // the report speaks of legs at all
  bool customer_only = false;  // a call into a flow: the customer's leg is the only one
  bool machine = false;        // a machine answered leg 2
  int conversation_seconds = -1;
  int leg1_seconds = -1;  // since the agent picked up
  std::optional<absl::Time> updated;
  std::optional<absl::Time> ended;
};

// True when the call is over.
bool IsOver(std::string_view status);

// Facts without tenant, session and source; each with an event key that begins with `key`. Empty
// for a status that says nothing: unknown, empty, or in-progress without legs, which Exotel says
// as soon as it begins to dial.
std::vector<session::v1::CallFact> FactsOf(const CallReport& report, std::string_view key);

}  // namespace ctc::providers::exotel
