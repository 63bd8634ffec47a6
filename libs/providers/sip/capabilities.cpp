#include "libs/providers/sip/capabilities.h"

#include <algorithm>

#include "libs/providers/sip/native/settings.h"
#include "libs/providers/sip/switch_template.h"

namespace ctc::providers::sip {
namespace {

struct Capability {
  const char* name;
  // All of these in the template; none: what every switch can that is driven over HTTP.
  std::vector<const char*> operations;
};

const std::vector<Capability>& OfSwitches() {
  // A transfer puts the customer on hold first; in a warm one all three talk.
  static const std::vector<Capability> capabilities = {
      {"place", {"place"}},
      {"hang_up", {"hang_up"}},
      {"hold", {"hold", "resume"}},
      {"mute", {"mute", "unmute"}},
      {"dtmf", {"dtmf"}},
      {"record", {"record_start", "record_stop"}},
      {"pause_recording", {"record_pause", "record_resume"}},
      {"fetch_recording", {}},
      {"transfer", {"hold", "resume", "consult", "consult_cancel", "hand_over"}},
      {"warm_transfer",
       {"hold", "resume", "consult", "consult_cancel", "hand_over", "add_party", "drop_party"}},
      {"conference", {"add_party", "drop_party"}},
      {"webhook", {}},
  };
  return capabilities;
}

// Signalling alone can do little; with the sound passing through us everything can be done.
std::vector<std::string> OfNative(const dispatch::v1::Provider& config) {
  const bool called = config.settings().fields().contains("inbound_from");
  std::vector<std::string> names = {"place", "hang_up", "hold", "dtmf", "transfer", "look_up"};
  if (called) names.emplace_back("inbound");
  if (native::IsReferring(config)) names.emplace_back("refer");
  if (!native::IsAnchored(config)) return names;
  names.insert(names.end(), {"mute", "record", "pause_recording", "fetch_recording",
                             "warm_transfer", "conference", "listen", "whisper", "barge"});
  if (called) names.insert(names.end(), {"ivr", "voicemail"});
  return names;
}

}  // namespace

std::vector<std::string> AllCapabilities() {
  std::vector<std::string> names;
  for (const Capability& capability : OfSwitches()) names.emplace_back(capability.name);
  names.insert(names.end(),
               {"look_up", "inbound", "refer", "listen", "whisper", "barge", "ivr", "voicemail"});
  return names;
}

std::vector<std::string> CapabilitiesOf(const dispatch::v1::Provider& config) {
  if (native::IsNative(config)) return OfNative(config);
  std::vector<std::string> names;
  const auto settings = ReadSwitchTemplate(config);
  if (!settings.ok()) return names;
  const auto has = [&](const char* operation) { return (*settings)->Find(operation) != nullptr; };
  for (const auto& [name, operations] : OfSwitches()) {
    if (std::all_of(operations.begin(), operations.end(), has)) names.emplace_back(name);
  }
  if ((*settings)->flow.has_value()) {
    names.insert(names.end(), {"inbound", "ivr"});
    // No verb of jambonz gives a message's URL.
    if ((*settings)->flow->dialect == FlowSettings::Dialect::kTwiml)
      names.emplace_back("voicemail");
  }
  if (has("look_up") || has("look_up_by_reference")) names.emplace_back("look_up");
  return names;
}

}  // namespace ctc::providers::sip
