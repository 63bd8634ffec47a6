// What the pure machines ask for: requests to the switch, in order, and facts for the session
// service; of a caller's flow also the next question and a timer.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "ctc/routing/v1/call_flow.pb.h"
#include "ctc/session/v1/fact.pb.h"
#include "libs/providers/asterisk/names.h"

namespace ctc::providers::asterisk {

struct Action {
  enum class Kind {
    kMakeBridge,
    kAddToBridge,
    kPlayRingTone,
    kStopRingTone,
    kDialCustomer,
    kRecord,
    kStopRecording,  // id: its session
    kFindRecording,  // id: its session
    kFindAgent,      // hands the customer's leg to the dialplan
    kHangUp,         // text: ARI's reason; empty: normal
    kDestroyBridge,
    // A supervisor's: `leg` is its.
    kMakeMonitor,
    kAddToMonitor,
    kSnoop,  // text: the channel that is heard
    kAddSnoop,
    kMute,
    kEndMonitor,
    // A caller's flow.
    kMarkCaller,
    kAnswerCaller,
    kPlay,      // id, text: the media
    kStopPlay,  // id
    kStartMusic,
    kStopMusic,
    kRingAgent,    // text: number or endpoint; limit
    kTakeMessage,  // id; text: the key that ends it; limit
    kEndMessage,   // id
    kDropMessage,  // id
  };
  Kind kind;
  std::string leg = std::string(kCustomerLeg);
  std::string id = {};
  std::string text = {};
  absl::Duration limit = absl::ZeroDuration();
};

// A fact with the session it belongs to.
struct Told {
  std::string session;
  session::v1::CallFact fact;
};

struct Effects {
  std::vector<Action> actions;
  std::vector<Told> facts;
  std::optional<routing::v1::FlowInput> ask;  // a caller's flow, for the next step
  std::optional<absl::Duration> timer;        // to be started under the flow's present number

  void Add(Effects more);
};

}  // namespace ctc::providers::asterisk
