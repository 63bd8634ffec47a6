// In which words a switch asks what to do with a caller: `settings.flow`. Pure; thread-safe.
#pragma once

#include <map>
#include <string>

#include "libs/providers/http_switch/settings_reader.h"

namespace ctc::providers::sip {

struct FlowSettings {
  enum class Dialect {
    kTwiml,    // forms with Twilio's fields, answered by TwiML
    kJambonz,  // JSON of application webhooks, answered by an array of verbs
  };
  struct Voice {
    std::string vendor;
    std::string voice;
  };

  Dialect dialect = Dialect::kTwiml;
  // jambonz alone: who speaks a language; the application's own voice where none is named.
  std::map<std::string, Voice, std::less<>> voices;
  std::string ringback_url;  // heard while an agent's phone rings; empty: nothing of ours
};

// Faults are kept in the list of `settings`.
FlowSettings ReadFlowSettings(http_switch::SettingsReader& flow);

}  // namespace ctc::providers::sip
