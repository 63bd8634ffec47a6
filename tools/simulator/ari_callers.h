// Scripted callers at the Asterisk: their channels come in from the trunk through
// Stasis(ctc,inbound, NUMBER). What is a question to them is known by ear: silence after a prompt.
#pragma once

#include <string>
#include <unordered_map>

#include "tools/simulator/ari_switch.h"
#include "tools/simulator/inbound.h"

namespace ctc::simulator {

class AriCallers {
 public:
  AriCallers(World& world, AriSwitch& line);

  // FAILED_PRECONDITION when no application is connected: the dialplan goes on and refuses the
  // call. script().account names the application where there are several.
  absl::StatusOr<std::string> Ring(CallerPtr caller);

 private:
  struct Line {
    AriSwitch::ChannelPtr channel;
    CallerPtr caller;
    uint64_t happenings = 0;  // counts what the caller hears, so that silence can be told
    bool music = false;
    bool joined = false;
  };
  using LinePtr = std::shared_ptr<Line>;

  void OnHappening(const Channel& channel, const std::string& what, const std::string& detail);
  Task<void> ListenForQuestion(LinePtr line);
  Task<void> Speak(LinePtr line, std::string finish_keys);
  Task<void> HangUpAfter(LinePtr line, absl::Duration duration);
  void Press(const LinePtr& line, const std::string& keys);

  World& world_;
  AriSwitch& line_;
  std::unordered_map<std::string, LinePtr> lines_;  // by channel
};

}  // namespace ctc::simulator
