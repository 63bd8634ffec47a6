// How a switch's own webhooks are verified and read: `settings.webhook`. Pure; thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ctc/session/v1/fact.pb.h"
#include "libs/providers/http_switch/probe.h"
#include "libs/providers/http_switch/settings_reader.h"
#include "libs/providers/sip/proof_settings.h"

namespace ctc::providers::sip {

using http_switch::Probe;

struct WebhookMapping {
  enum class Body { kJson, kForm };
  enum class TimeFormat { kRfc3339, kSeconds, kMillis, kMicros };

  ProofSettings verify;

  Body body = Body::kJson;
  std::string json_field;  // of a form that carries the event as JSON in one field
  Probe event;
  Probe event_id;
  Probe call_id;
  Probe reference;  // our session's id
  Probe leg;
  Probe customer_if;  // the leg is the customer's where this is present, else the agent's
  Probe at;
  TimeFormat at_format = TimeFormat::kRfc3339;
  Probe sequence;
  Probe sip_status;
  Probe cause;
  Probe duration;
  Probe recording_url;
  Probe digits;
  // Word of the switch -> what it says; IGNORE for what says nothing to us.
  std::map<std::string, std::string> events;
  std::map<std::string, std::string> legs;
  std::map<std::string, std::string> causes;  // word -> BUSY, NO_ANSWER, ...
  bool ignore_unknown = true;
};

// What an event of a mapping may mean. ENDED is read further by SIP status and cause.
const std::map<std::string, session::v1::CallFact::Kind>& EventMeanings();

// Faults are kept in `reader`'s list.
WebhookMapping ReadWebhookMapping(SettingsReader& reader);

}  // namespace ctc::providers::sip
