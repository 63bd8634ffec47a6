#include "libs/providers/sip/switch_template.h"

#include <google/protobuf/util/json_util.h>

#include <utility>

#include "libs/base/error_catalogue.h"
#include "libs/providers/http_switch/operation_reader.h"
#include "libs/providers/sip/operation_names.h"
#include "libs/providers/sip/presets.h"

namespace ctc::providers::sip {
namespace {

using http_switch::Faults;
using http_switch::IsHeaderName;
using http_switch::Json;
using http_switch::ReadOperation;
using http_switch::SettingsReader;

Json SettingsOf(const dispatch::v1::Provider& config) {
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(config.settings(), &text).ok()) {
    return Json::object();
  }
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

// The account's settings over those of its preset.
Json Merged(SettingsReader& given) {
  const std::string preset =
      given.Text("preset", given.Find("operations") == nullptr ? "reference" : "none");
  const Json* base = FindPreset(preset);
  if (base == nullptr) {
    given.Fault(
        "preset",
        "must be one of reference, freeswitch, jambonz, kamailio, opensips, signalwire, none");
    base = FindPreset("none");
  }
  Json merged = *base;
  merged.merge_patch(given.object());
  return merged;
}

SwitchTemplate::Auth ReadAuth(SettingsReader& settings, std::string& header) {
  static const Json none = Json::object();
  const Json* found = settings.Find("auth");
  SettingsReader auth(found == nullptr ? none : *found, settings.Path("auth"), settings.faults());
  const std::string mode = auth.Word("mode", {"bearer", "basic", "header", "none"});
  header = auth.Text("header");
  if (mode == "header" && !IsHeaderName(header)) {
    auth.Fault("header", "must be the name of a header that a request may carry");
  }
  auth.RefuseOthers();
  if (mode == "basic") return SwitchTemplate::Auth::kBasic;
  if (mode == "header") return SwitchTemplate::Auth::kHeader;
  return mode == "none" ? SwitchTemplate::Auth::kNone : SwitchTemplate::Auth::kBearer;
}

Values ReadConstants(SettingsReader& settings) {
  Values constants;
  const Json* found = settings.Find("constants");
  if (found == nullptr) return constants;
  SettingsReader reader(*found, settings.Path("constants"), settings.faults());
  for (const auto& [name, value] : reader.object().items()) {
    const std::string key = "constants." + name;
    if (value.is_string()) {
      constants[key] = value.get<std::string>();
    } else if (value.is_boolean()) {
      constants[key] = value.get<bool>();
    } else if (value.is_number_integer()) {
      constants[key] = value.get<int64_t>();
    } else {
      reader.Fault(name, "must be a text, a whole number or a boolean");
    }
  }
  return constants;
}

void ReadOperations(SettingsReader& settings, SwitchTemplate& out) {
  static const Json none = Json::object();
  const Json* found = settings.Find("operations");
  SettingsReader operations(found == nullptr ? none : *found, settings.Path("operations"),
                            settings.faults());
  for (const OperationName& known : OperationNames()) {
    const Json* given = operations.Find(known.name);
    if (given == nullptr) continue;
    SettingsReader reader(*given, operations.Path(known.name), settings.faults());
    out.operations.emplace(known.name, ReadOperation(reader, KindsFor(known, out.constants)));
  }
  operations.RefuseOthers();
  const Operation* place = out.Find("place");
  if (place == nullptr) {
    operations.Fault("place", "is required");
  } else if (!place->id.set() && !place->supplied_id.has_value()) {
    operations.Fault("place.id", "is required, or supplied_id");
  }
  for (const char* name : {"look_up", "look_up_by_reference"}) {
    const Operation* look_up = out.Find(name);
    if (look_up == nullptr || (look_up->status.set() && !look_up->statuses.empty())) continue;
    operations.Fault(std::string(name) + ".status", "is required, with statuses");
  }
}

}  // namespace

const Operation* SwitchTemplate::Find(std::string_view name) const {
  const auto found = operations.find(name);
  return found == operations.end() ? nullptr : &found->second;
}

absl::StatusOr<std::shared_ptr<const SwitchTemplate>> ReadSwitchTemplate(
    const dispatch::v1::Provider& config) {
  Faults faults;
  const Json own = SettingsOf(config);
  SettingsReader given(own, "settings", faults);
  const Json merged = Merged(given);
  SettingsReader settings(merged, "settings", faults);
  auto out = std::make_shared<SwitchTemplate>();
  settings.Find("mode");
  settings.Find("preset");
  out->auth = ReadAuth(settings, out->auth_header);
  out->constants = ReadConstants(settings);
  out->ring_timeout_seconds = settings.Number("ring_timeout_seconds", 5, 600, 45);
  out->max_duration_seconds = settings.Number("max_duration_seconds", 60, 86'400, 14'400);
  ReadOperations(settings, *out);
  if (const Json* webhook = settings.Find("webhook"); webhook != nullptr) {
    SettingsReader reader(*webhook, settings.Path("webhook"), faults);
    out->webhook = ReadWebhookMapping(reader);
  }
  if (const Json* flow = settings.Find("flow"); flow != nullptr) {
    SettingsReader reader(*flow, settings.Path("flow"), faults);
    out->flow = ReadFlowSettings(reader);
    // Its questions are proven as its webhooks are.
    if (settings.Find("webhook") == nullptr) settings.Fault("webhook", "is required by flow");
  }
  settings.RefuseOthers();
  if (faults.empty()) return std::shared_ptr<const SwitchTemplate>(std::move(out));
  base::ErrorDetail detail;
  const std::string message = faults.front().field + " " + faults.front().detail;
  detail.fields = std::move(faults);
  return base::MakeError(base::kValidationFailed, message, std::move(detail));
}

}  // namespace ctc::providers::sip
