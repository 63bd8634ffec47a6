// What is to be done at a provider that leaves ringing the agent to us, when the feed tells of a
// caller's offers. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "ctc/routing/v1/call_flow.pb.h"
#include "ctc/session/v1/call_event.pb.h"

namespace ctc::dispatch {

enum class Deed {
  kRing,  // the agent offered the call
  kAsk,   // for the caller's next step, since the agent did not take it
  kDrop,  // the agent's leg, since the caller has gone or goes another way
};

struct Errand {
  Deed deed = Deed::kRing;
  int number = 0;  // of the step, 0 or more; of a kDrop, the event that caused it, modulo 2^31
  routing::v1::FlowInput::Kind outcome = routing::v1::FlowInput::KIND_UNSPECIFIED;  // with kAsk

  friend bool operator==(const Errand&, const Errand&) = default;
};

// A caller's call as it stands now. `step` is empty when the caller's way never began.
struct CallNow {
  session::v1::Session session;
  routing::v1::FlowStep step;
};

// The name under which an errand is committed before it is run, once: "agent-3", "ask-3-7".
std::string NameOf(const Errand& errand);
std::optional<Errand> ReadName(std::string_view name);

// True for events that may lead to an errand: only then is the caller's step looked at.
bool MayLead(const session::v1::CallEvent& event);

// What `event` leads to: `now` is newer than the event.
std::optional<Errand> ErrandOf(const session::v1::CallEvent& event, const CallNow& now);

// True while the step still waits for its agent.
bool StillOffered(const CallNow& now, int step);

bool HasEnded(const session::v1::Session& session);

}  // namespace ctc::dispatch
