#include "libs/providers/mcube/live_control.h"

#include <google/protobuf/util/json_util.h>

#include <array>
#include <string_view>

#include "libs/base/error_catalogue.h"
#include "libs/providers/http_switch/exchange.h"
#include "libs/providers/http_switch/operation_reader.h"
#include "libs/providers/mcube/request.h"

namespace ctc::providers::mcube {
namespace {

using dispatch::v1::ControlCallRequest;
using http_switch::Json;
using http_switch::Operation;
using http_switch::SettingsReader;

constexpr absl::Duration kAskTimeout = absl::Seconds(8);

struct Known {
  const char* name;
  ControlCallRequest::Action action;
};
constexpr std::array kKnown = {
    Known{"hang_up", ControlCallRequest::HANG_UP},
    Known{"hold", ControlCallRequest::HOLD},
    Known{"resume", ControlCallRequest::RESUME},
    Known{"mute", ControlCallRequest::MUTE},
    Known{"unmute", ControlCallRequest::UNMUTE},
    Known{"dtmf", ControlCallRequest::SEND_DTMF},
    Known{"record_start", ControlCallRequest::START_RECORDING},
    Known{"record_stop", ControlCallRequest::STOP_RECORDING},
    Known{"record_pause", ControlCallRequest::PAUSE_RECORDING},
    Known{"record_resume", ControlCallRequest::RESUME_RECORDING},
};

struct Capability {
  const char* name;
  std::string_view one;
  std::string_view other;  // what takes it back
};
constexpr std::array kCapabilities = {
    Capability{"hang_up", "hang_up", "hang_up"},
    Capability{"hold", "hold", "resume"},
    Capability{"mute", "mute", "unmute"},
    Capability{"dtmf", "dtmf", "dtmf"},
    Capability{"record", "record_start", "record_stop"},
    Capability{"pause_recording", "record_pause", "record_resume"},
};

http_switch::VariableKinds KindsFor(const Known& known) {
  http_switch::VariableKinds kinds;
  for (const char* name : {"callid", "refid", "agent", "customer", "did", "token"}) {
    kinds[name] = true;
  }
  if (known.action == ControlCallRequest::SEND_DTMF) kinds["digits"] = true;
  return kinds;
}

// What is not known of the call is left out, so that a template which needs it cannot be filled.
http_switch::Values ValuesOf(const Account& account, const ControlCallRequest& request) {
  http_switch::Values values;
  const auto add = [&](const char* name, std::string value) {
    if (!value.empty()) values[name] = std::move(value);
  };
  add("callid", request.provider_call_id());
  add("refid", request.order().id());
  add("agent", DiallableNumber(request.order().agent_phone()));
  add("customer", DiallableNumber(request.order().to_phone()));
  add("did", DiallableNumber(request.order().from_phone()));
  add("token", std::string(CredentialOf(account).Reveal()));
  add("digits", request.digits());
  return values;
}

}  // namespace

absl::StatusOr<Operations> ReadOperations(const dispatch::v1::Provider& config) {
  Operations out;
  const auto given = config.settings().fields().find("operations");
  if (given == config.settings().fields().end()) return out;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(given->second, &text).ok()) {
    return base::InvalidField("settings.operations", "must be an object");
  }
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  http_switch::Faults faults;
  SettingsReader reader(json, "settings.operations", faults);
  for (const Known& known : kKnown) {
    const Json* found = reader.Find(known.name);
    if (found == nullptr) continue;
    SettingsReader one(*found, reader.Path(known.name), faults);
    out.emplace(known.name, http_switch::ReadOperation(one, KindsFor(known)));
  }
  reader.RefuseOthers();
  if (faults.empty()) return out;
  base::ErrorDetail detail;
  const std::string message = faults.front().field + " " + faults.front().detail;
  detail.fields = std::move(faults);
  return base::MakeError(base::kValidationFailed, message, std::move(detail));
}

std::vector<std::string> CapabilitiesOf(const dispatch::v1::Provider& config) {
  std::vector<std::string> names = {"place", "fetch_recording", "webhook", "inbound"};
  const absl::StatusOr<Operations> operations = ReadOperations(config);
  if (!operations.ok()) return names;
  for (const Capability& capability : kCapabilities) {
    if (operations->contains(capability.one) && operations->contains(capability.other)) {
      names.emplace_back(capability.name);
    }
  }
  return names;
}

const Operation* FindOperation(const Operations& operations, ControlCallRequest::Action action) {
  for (const Known& known : kKnown) {
    if (known.action != action) continue;
    const auto found = operations.find(known.name);
    return found == operations.end() ? nullptr : &found->second;
  }
  return nullptr;
}

absl::StatusOr<http::ClientRequest> LiveRequest(const Account& account, const Operation& operation,
                                                const ControlCallRequest& request) {
  absl::StatusOr<http::ClientRequest> filled = http_switch::FillRequest(
      account.config.api_url(), operation, ValuesOf(account, request), kAskTimeout);
  if (filled.ok()) return filled;
  return base::MakeError(base::kCallNotLive, std::string(filled.status().message()));
}

absl::StatusOr<bool> LiveOutcome(const Operation& operation, ControlCallRequest::Action action,
                                 const http::ClientResult& result) {
  const bool ends = action == ControlCallRequest::HANG_UP;
  CTC_ASSIGN_OR_RETURN(const bool gone, http_switch::ControlOutcome(operation, ends, result));
  const bool has_rule = !operation.success.status.empty() || operation.success.at.set();
  if (gone || has_rule) return gone;
  if (const std::optional<std::string> no = RefusalIn(result.response)) {
    return base::MakeError(base::kProviderRefused, "mCube said " + *no);
  }
  return false;
}

}  // namespace ctc::providers::mcube
