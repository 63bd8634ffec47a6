// Settings of well-known switches, which an account's own settings are laid over. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace ctc::providers::sip {

// reference, freeswitch, jambonz, kamailio, opensips, signalwire; "none" is empty. Null when there
// is none of that name.
const nlohmann::json* FindPreset(std::string_view name);

}  // namespace ctc::providers::sip
