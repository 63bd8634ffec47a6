// The agent-first call at Asterisk as a pure function: (call, event) -> (call', what to ask of the
// switch, what to tell the session service). Nothing is remembered elsewhere, every request it asks
// for carries an id of ours, so that doing it twice is harmless.
#pragma once

#include <string>
#include <vector>

#include "ctc/session/v1/fact.pb.h"
#include "libs/providers/asterisk/ari_event.h"
#include "libs/providers/asterisk/dialling.h"

namespace ctc::providers::asterisk {

struct LegState {
  bool requested = false;
  bool rang = false;
  bool answered = false;
  bool ended = false;
  absl::Time since = absl::InfiniteFuture();  // first word of it
};

struct Call {
  CallPlan plan;  // only `call` is known before a leg entered the application
  LegState agent;
  LegState customer;
  bool bridged = false;
  bool joined = false;

  LegState& leg(Party party) { return party == Party::kAgent ? agent : customer; }
  bool over() const {
    return (agent.requested || customer.requested) && (!agent.requested || agent.ended) &&
           (!customer.requested || customer.ended);
  }
};

struct Action {
  enum class Kind {
    kMakeBridge,
    kAddToBridge,
    kPlayRingTone,
    kStopRingTone,
    kDialCustomer,
    kRecord,
    kFindAgent,  // hands the customer's leg to the dialplan
    kHangUp,
    kDestroyBridge,
  };
  Kind kind;
  Party party = Party::kCustomer;
};

struct Effects {
  std::vector<Action> actions;
  std::vector<session::v1::CallFact> facts;
};

// What of the account the machine needs.
struct MachineConfig {
  absl::Duration ring_timeout = absl::Seconds(45);
  bool dialplan_finds_agent = false;
  std::string recording_url_prefix;  // "http://pbx:8088/ari/recordings/stored/"
};

class CallMachine {
 public:
  explicit CallMachine(MachineConfig config) : config_(std::move(config)) {}

  // `event.call` is the call's.
  Effects Apply(Call& call, const AriEvent& event) const;
  // A request without which the call cannot go on was refused, with the provider's words.
  Effects Fail(Call& call, std::string_view detail, absl::Time now) const;
  // After a connection was lost: a leg we knew of is gone, nobody can say why.
  Effects Vanish(Call& call, Party party) const;

 private:
  void OnStart(Call& call, const AriEvent& event, Effects& effects) const;
  void OnAgentUp(Call& call, Effects& effects) const;
  void OnCustomerUp(Call& call, const AriEvent& event, Effects& effects) const;
  void OnProgress(Call& call, const AriEvent& event, Effects& effects) const;
  void OnJoined(Call& call, const AriEvent& event, Effects& effects) const;
  void OnEnd(Call& call, const AriEvent& event, Effects& effects) const;
  session::v1::CallFact EndFact(const Call& call, const LegState& leg, const AriEvent& event) const;
  void AfterLegEnded(Call& call, Party party, Effects& effects) const;

  MachineConfig config_;
};

}  // namespace ctc::providers::asterisk
