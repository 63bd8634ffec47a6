// Reads one operation of the settings. Pure.
#pragma once

#include <string_view>

#include "libs/providers/http_switch/operation.h"
#include "libs/providers/http_switch/settings_reader.h"

namespace ctc::providers::http_switch {

// `known`: the variables that it may name. Faults are kept in `reader`'s list.
Operation ReadOperation(SettingsReader& reader, const VariableKinds& known);

// A header that a template may set: a token, and none that is ours to set.
bool IsHeaderName(std::string_view name);

}  // namespace ctc::providers::http_switch
