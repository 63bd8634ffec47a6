#include "libs/providers/sip/operation_names.h"

#include <array>

namespace ctc::providers::sip {
namespace {

constexpr std::array kOperations = {
    //             name                  of_call has_id legs   digits leg    target
    OperationName{"place", true, false, false, false, false, false},
    OperationName{"hang_up", true, true, true, false, false, false},
    OperationName{"hold", true, true, true, false, false, false},
    OperationName{"resume", true, true, true, false, false, false},
    OperationName{"mute", true, true, true, false, false, false},
    OperationName{"unmute", true, true, true, false, false, false},
    OperationName{"dtmf", true, true, true, true, false, false},
    OperationName{"record_start", true, true, true, false, false, false},
    OperationName{"record_stop", true, true, true, false, false, false},
    OperationName{"record_pause", true, true, true, false, false, false},
    OperationName{"record_resume", true, true, true, false, false, false},
    OperationName{"consult", true, true, true, false, true, true},
    OperationName{"consult_cancel", true, true, true, false, true, false},
    OperationName{"hand_over", true, true, true, false, true, false},
    OperationName{"add_party", true, true, true, false, true, true},
    OperationName{"drop_party", true, true, true, false, true, false},
    OperationName{"look_up", true, true, false, false, false, false},
    OperationName{"look_up_by_reference", true, false, false, false, false, false},
    OperationName{"health", false, false, false, false, false, false},
};

}  // namespace

std::span<const OperationName> OperationNames() { return kOperations; }

http_switch::VariableKinds KindsFor(const OperationName& operation,
                                    const http_switch::Values& constants) {
  http_switch::VariableKinds kinds;
  for (const auto& [name, value] : constants) {
    kinds[name] = std::holds_alternative<std::string>(value);
  }
  const auto add = [&](bool there, std::initializer_list<const char*> names) {
    if (!there) return;
    for (const char* name : names) kinds[name] = true;
  };
  add(operation.of_call, {"session_id", "correlation_id", "agent", "agent_digits", "agent_id",
                          "customer", "customer_digits", "caller_id", "caller_id_digits",
                          "contact_name", "prefix", "webhook_url", "uuid_a", "uuid_b"});
  add(operation.has_id, {"provider_call_id"});
  add(operation.has_legs, {"agent_leg", "leg_a", "leg_b"});
  add(operation.has_digits, {"digits"});
  add(operation.has_leg, {"leg"});
  add(operation.has_target, {"target", "target_digits"});
  if (operation.of_call) {
    for (const char* name : {"ring_timeout_s", "max_duration_s", "record"}) kinds[name] = false;
  }
  return kinds;
}

}  // namespace ctc::providers::sip
