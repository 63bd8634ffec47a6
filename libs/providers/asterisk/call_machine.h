// A conversation at Asterisk as a pure function: (call, event) -> (call', what to ask of the
// switch, what to tell the session service). Nothing is remembered elsewhere, every request it asks
// for carries an id of ours, so that doing it twice is harmless. How a caller gets to an agent is
// flow_machine.h's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ctc/session/v1/fact.pb.h"
#include "libs/base/error.h"
#include "libs/providers/asterisk/ari_event.h"
#include "libs/providers/asterisk/dialling.h"
#include "libs/providers/asterisk/effects.h"

namespace ctc::providers::asterisk {

struct LegState {
  bool requested = false;
  bool rang = false;
  bool answered = false;
  bool entered = false;  // is in our application
  bool ended = false;
  absl::Time since = absl::InfiniteFuture();         // first word of it
  absl::Time created = absl::InfinitePast();         // tells the lives of one id apart
  std::string channel;                               // its id at the switch
  std::string session;                               // whose leg it is
  absl::Duration ring_limit = absl::ZeroDuration();  // zero: the account's
  std::string watches;                               // a supervisor's agent
  session::v1::CallFact::Kind outcome = session::v1::CallFact::KIND_UNSPECIFIED;  // of its end

  bool live() const { return requested && !ended; }
};

// A session's recording. All of a session's go into one file.
struct RecordingState {
  bool running = false;                      // as far as is known: from when it was asked for
  bool told = false;                         // where its file is
  absl::Time latest = absl::InfinitePast();  // word of it
  std::string life;                          // tells a later one from the session's first
};

struct Call {
  CallPlan plan;  // only `call` is known before a leg entered the application
  std::map<std::string, LegState> legs;              // by LegName::Tag()
  std::map<std::string, RecordingState> recordings;  // by session
  bool inbound = false;  // the customer called, and its flow ends its leg
  bool bridged = false;
  bool joined = false;
  bool unattended = false;  // the customer waits for the next agent: a transfer is under way
  session::v1::EndReason hang_up_reason = session::v1::END_REASON_UNSPECIFIED;  // ours, of the flow

  LegState& agent() { return legs[std::string(kAgentLeg)]; }
  LegState& customer() { return legs[std::string(kCustomerLeg)]; }
  const LegState* Find(std::string_view tag) const;
  // The leg's id at the switch.
  std::string ChannelOf(std::string_view tag) const;
  // Somebody who talks with the customer, or is being rung for that.
  bool attended() const;
  bool over() const;
};

// What of the account the machine needs.
struct MachineConfig {
  absl::Duration ring_timeout = absl::Seconds(45);
  bool dialplan_finds_agent = false;
  std::string recording_url_prefix;  // "http://pbx:8088/ari/recordings/stored/"
};

// Why the switch did not do something.
struct Refusal {
  base::ErrorSpec error;
  std::string detail;  // its words
};

class CallMachine {
 public:
  explicit CallMachine(MachineConfig config) : config_(std::move(config)) {}

  // `event.room` is the call's. Of an inbound call's customer the event's tag is "customer".
  Effects Apply(Call& call, const AriEvent& event) const;
  // A caller's leg became a session's.
  Effects Begin(Call& call, absl::Time at) const;
  // A request without which the call cannot go on was refused.
  Effects Fail(Call& call, const Refusal& refusal, absl::Time now) const;
  // The same for one leg only: the others stay.
  Effects FailLeg(Call& call, std::string_view tag, const Refusal& refusal, absl::Time now) const;
  // After a connection was lost: a leg we knew of is gone, nobody can say why.
  Effects Vanish(Call& call, std::string_view tag) const;
  // The file of a recording whose end was not told is there.
  Effects FoundRecording(Call& call, const std::string& session) const;

 private:
  void OnStart(Call& call, const AriEvent& event, Effects& effects) const;
  void OnPartyUp(Call& call, const AriEvent& event, const PartyPlan& plan, Effects& effects) const;
  void OnAgentUp(Call& call, Effects& effects) const;
  void OnCustomerUp(Call& call, const AriEvent& event, Effects& effects) const;
  void OnProgress(Call& call, const AriEvent& event, Effects& effects) const;
  void OnJoined(Call& call, const AriEvent& event, Effects& effects) const;
  void OnRecording(Call& call, const AriEvent& event, Effects& effects) const;
  // `at`: the provider's time, if there is one.
  Told ReadyFact(Call& call, const std::string& session, absl::Time at) const;
  void OnEnd(Call& call, const AriEvent& event, Effects& effects) const;
  Told EndFact(const Call& call, const LegState& leg, const AriEvent& event) const;

  MachineConfig config_;
};

}  // namespace ctc::providers::asterisk
