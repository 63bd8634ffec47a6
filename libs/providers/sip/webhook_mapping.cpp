#include "libs/providers/sip/webhook_mapping.h"

#include "libs/providers/http_switch/mapping_reader.h"

namespace ctc::providers::sip {
namespace {

using http_switch::ReadProbe;
using http_switch::ReadWords;
using session::v1::CallFact;

std::vector<std::string> NamesOf(const std::map<std::string, CallFact::Kind>& meanings) {
  std::vector<std::string> names;
  for (const auto& [name, kind] : meanings) names.push_back(name);
  return names;
}

void ReadMap(SettingsReader& reader, WebhookMapping& mapping) {
  static const Json none = Json::object();
  const Json* found = reader.Find("map");
  SettingsReader map(found == nullptr ? none : *found, reader.Path("map"), reader.faults());
  mapping.event = ReadProbe(map, "event");
  mapping.event_id = ReadProbe(map, "event_id");
  mapping.call_id = ReadProbe(map, "call_id");
  mapping.reference = ReadProbe(map, "reference");
  mapping.leg = ReadProbe(map, "leg");
  mapping.customer_if = ReadProbe(map, "customer_if");
  mapping.at = ReadProbe(map, "at");
  mapping.sequence = ReadProbe(map, "sequence");
  mapping.sip_status = ReadProbe(map, "sip_status");
  mapping.cause = ReadProbe(map, "cause");
  mapping.duration = ReadProbe(map, "duration");
  mapping.recording_url = ReadProbe(map, "recording_url");
  mapping.digits = ReadProbe(map, "digits");
  if (!mapping.event.set()) map.Fault("event", "is required");
  if (!mapping.call_id.set() && !mapping.reference.set()) {
    map.Fault("call_id", "is required, or reference: an event must name its call");
  }
  map.RefuseOthers();
}

}  // namespace

const std::map<std::string, CallFact::Kind>& EventMeanings() {
  static const std::map<std::string, CallFact::Kind> meanings = {
      {"INITIATED", CallFact::CALL_INITIATED},
      {"RINGING", CallFact::CALL_RINGING},
      {"ANSWERED", CallFact::CALL_ANSWERED},
      {"HELD", CallFact::CALL_HELD},
      {"RESUMED", CallFact::CALL_RESUMED},
      {"MUTED", CallFact::CALL_MUTED},
      {"UNMUTED", CallFact::CALL_UNMUTED},
      {"ENDED", CallFact::CALL_ENDED},
      {"BUSY", CallFact::CALL_BUSY},
      {"NO_ANSWER", CallFact::CALL_NO_ANSWER},
      {"REJECTED", CallFact::CALL_REJECTED},
      {"FAILED", CallFact::CALL_FAILED},
      {"CANCELLED", CallFact::CALL_CANCELLED},
      {"MACHINE", CallFact::CALL_MACHINE},
      {"RECORDING_STARTED", CallFact::RECORDING_STARTED},
      {"RECORDING_PAUSED", CallFact::RECORDING_PAUSED},
      {"RECORDING_RESUMED", CallFact::RECORDING_RESUMED},
      {"RECORDING_STOPPED", CallFact::RECORDING_STOPPED},
      {"RECORDING_READY", CallFact::RECORDING_READY},
      {"RECORDING_FAILED", CallFact::RECORDING_FAILED},
      {"DTMF", CallFact::DTMF_RECEIVED},
      {"IGNORE", CallFact::KIND_UNSPECIFIED},
  };
  return meanings;
}

WebhookMapping ReadWebhookMapping(SettingsReader& reader) {
  WebhookMapping mapping;
  mapping.verify = ReadProofSettings(reader);
  const std::string body = reader.Word("body", {"json", "form"});
  mapping.body = body == "form" ? WebhookMapping::Body::kForm : WebhookMapping::Body::kJson;
  mapping.json_field = reader.Text("json_field");
  if (!mapping.json_field.empty() && body != "form") {
    reader.Fault("json_field", "is for a body that is a form");
  }
  ReadMap(reader, mapping);
  const std::string at = reader.Word("at_format", {"rfc3339", "epoch_s", "epoch_ms", "epoch_us"});
  mapping.at_format = at == "epoch_s"    ? WebhookMapping::TimeFormat::kSeconds
                      : at == "epoch_ms" ? WebhookMapping::TimeFormat::kMillis
                      : at == "epoch_us" ? WebhookMapping::TimeFormat::kMicros
                                         : WebhookMapping::TimeFormat::kRfc3339;
  mapping.events = ReadWords(reader, "events", NamesOf(EventMeanings()));
  if (mapping.events.empty()) reader.Fault("events", "must name at least one event");
  mapping.legs = ReadWords(reader, "legs", {"AGENT", "CUSTOMER", "CONSULT", "GUEST", "SUPERVISOR"});
  mapping.causes =
      ReadWords(reader, "causes",
                {"ENDED", "BUSY", "NO_ANSWER", "REJECTED", "FAILED", "CANCELLED", "INVALID_NUMBER",
                 "UNREACHABLE", "AGENT_REJECTED", "AGENT_NO_ANSWER"});
  mapping.ignore_unknown = reader.Word("unknown", {"ignore", "refuse"}) == "ignore";
  reader.RefuseOthers();
  return mapping;
}

}  // namespace ctc::providers::sip
