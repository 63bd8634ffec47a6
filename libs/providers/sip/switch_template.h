// How a SIP switch with an HTTP interface is driven: the account's `settings`, read and checked
// field by field when they are written. docs/sip.md is the contract. Pure; thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "ctc/dispatch/v1/provider.pb.h"
#include "libs/providers/http_switch/operation.h"
#include "libs/providers/sip/flow_settings.h"
#include "libs/providers/sip/webhook_mapping.h"

namespace ctc::providers::sip {

using http_switch::Operation;
using http_switch::Values;

struct SwitchTemplate {
  enum class Auth { kNone, kBasic, kBearer, kHeader };

  Auth auth = Auth::kBearer;
  std::string auth_header;
  Values constants;  // "constants.x"
  int ring_timeout_seconds = 45;
  int max_duration_seconds = 14'400;
  std::map<std::string, Operation, std::less<>> operations;  // by name; absent: cannot be done
  WebhookMapping webhook;
  std::optional<FlowSettings> flow;  // unset: the switch does not ask about callers

  const Operation* Find(std::string_view name) const;
};

// VALIDATION_FAILED names every field at fault. A setting of the account's own replaces the one of
// its preset, objects member by member; an operation that is null is taken away.
absl::StatusOr<std::shared_ptr<const SwitchTemplate>> ReadSwitchTemplate(
    const dispatch::v1::Provider& config);

}  // namespace ctc::providers::sip
