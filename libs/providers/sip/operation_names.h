// The operations of a SIP switch's template, and which variables each may name. Pure.
#pragma once

#include <span>

#include "libs/providers/http_switch/text_template.h"

namespace ctc::providers::sip {

// What an operation is about, beside the account's constants.
struct OperationName {
  const char* name;
  bool of_call;   // the order
  bool has_id;    // the switch's id of the call is known
  bool has_legs;  // and those of its legs
  bool has_digits;
  bool has_leg;     // our name of the party it concerns
  bool has_target;  // whom it rings
};

std::span<const OperationName> OperationNames();

// The variables that may stand in it.
http_switch::VariableKinds KindsFor(const OperationName& operation,
                                    const http_switch::Values& constants);

}  // namespace ctc::providers::sip
