// Reads one operation of a template, and knows which variables each may name. Pure.
#pragma once

#include <span>
#include <string_view>

#include "libs/providers/sip/settings_reader.h"
#include "libs/providers/sip/switch_template.h"

namespace ctc::providers::sip {

// What an operation is about, beside the account's constants.
struct OperationName {
  const char* name;
  bool of_call;  // the order
  bool has_id;   // the switch's id of the call is known
  bool has_digits;
  bool has_leg;     // our name of the party it concerns
  bool has_target;  // whom it rings
};

std::span<const OperationName> OperationNames();

// The variables that may stand in it.
VariableKinds KindsFor(const OperationName& operation, const Values& constants);

// Faults are kept in `reader`'s list.
Operation ReadOperation(SettingsReader& reader, const VariableKinds& known);

// A header that a template may set: a token, and none that is ours to set.
bool IsHeaderName(std::string_view name);

}  // namespace ctc::providers::sip
