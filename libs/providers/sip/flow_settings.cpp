#include "libs/providers/sip/flow_settings.h"

namespace ctc::providers::sip {
namespace {

using http_switch::Json;
using http_switch::SettingsReader;

void ReadVoices(SettingsReader& flow, FlowSettings& out) {
  const Json* found = flow.Find("voices");
  if (found == nullptr) return;
  SettingsReader voices(*found, flow.Path("voices"), flow.faults());
  for (const auto& [language, value] : voices.object().items()) {
    SettingsReader one(value, voices.Path(language), flow.faults());
    FlowSettings::Voice voice{one.Text("vendor"), one.Text("voice")};
    if (voice.vendor.empty()) one.Fault("vendor", "is required");
    if (voice.voice.empty()) one.Fault("voice", "is required");
    one.RefuseOthers();
    out.voices[language] = std::move(voice);
  }
}

}  // namespace

FlowSettings ReadFlowSettings(SettingsReader& flow) {
  FlowSettings out;
  if (flow.Find("dialect") == nullptr) flow.Fault("dialect", "is required: twiml or jambonz");
  const bool jambonz = flow.Word("dialect", {"twiml", "jambonz"}) == "jambonz";
  if (jambonz) out.dialect = FlowSettings::Dialect::kJambonz;
  ReadVoices(flow, out);
  out.ringback_url = flow.Text("ringback_url");
  const std::string& url = out.ringback_url;
  if (!url.empty() && !url.starts_with("https://") && !url.starts_with("http://")) {
    flow.Fault("ringback_url", "must be an http or https URL");
  }
  for (const char* name : {"voices", "ringback_url"}) {
    if (!jambonz && flow.Find(name) != nullptr) {
      flow.Fault(name, "leave it out: only the dialect jambonz heeds it");
    }
  }
  flow.RefuseOthers();
  return out;
}

}  // namespace ctc::providers::sip
