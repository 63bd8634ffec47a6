// Places and words of the settings, as SettingsReader reads texts. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/providers/http_switch/probe.h"
#include "libs/providers/http_switch/settings_reader.h"

namespace ctc::providers::http_switch {

// A probe of the settings; absent is one that finds nothing.
Probe ReadProbe(SettingsReader& reader, const char* name);
// An object of texts, each one of `meanings`.
std::map<std::string, std::string> ReadWords(SettingsReader& reader, const char* name,
                                             const std::vector<std::string>& meanings);

}  // namespace ctc::providers::http_switch
