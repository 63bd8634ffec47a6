// Each switch's interface as it documents it; the reference contract is in docs/sip.md.
#include "libs/providers/sip/presets.h"

#include <map>
#include <string>

namespace ctc::providers::sip {
namespace {

using Json = nlohmann::json;

constexpr const char* kReference = R"json({
  "operations": {
    "place": {
      "method": "POST", "path": "/v1/calls",
      "headers": {"Idempotency-Key": "{session_id}"},
      "body": {"reference": "{session_id}", "from": "{agent}", "to": "{customer}",
        "caller_id": "{caller_id}", "ring_timeout_s": "{ring_timeout_s:raw}",
        "max_duration_s": "{max_duration_s:raw}", "record": "{record:raw}",
        "callback_url": "{webhook_url}", "metadata": {"correlation_id": "{correlation_id}"}},
      "success": {"status": [200, 201]}, "id": "/id", "message": "/error/message",
      "errors": [
        {"status": [400], "at": "/error/code", "equals": "invalid_number", "class": "invalid_number"},
        {"status": [503], "at": "/error/code", "class": "temporary"}]},
    "hang_up": {"method": "POST", "path": "/v1/calls/{provider_call_id}/hangup",
      "body": {"reason": "normal"}, "message": "/error/message"},
    "hold": {"method": "POST", "path": "/v1/calls/{provider_call_id}/hold",
      "body": {"leg": "customer"}, "message": "/error/message"},
    "resume": {"method": "POST", "path": "/v1/calls/{provider_call_id}/resume",
      "body": {"leg": "customer"}, "message": "/error/message"},
    "mute": {"method": "POST", "path": "/v1/calls/{provider_call_id}/mute",
      "body": {"leg": "agent"}, "message": "/error/message"},
    "unmute": {"method": "POST", "path": "/v1/calls/{provider_call_id}/unmute",
      "body": {"leg": "agent"}, "message": "/error/message"},
    "dtmf": {"method": "POST", "path": "/v1/calls/{provider_call_id}/dtmf",
      "body": {"digits": "{digits}", "leg": "customer", "duration_ms": 160},
      "message": "/error/message"},
    "record_start": {"method": "POST", "path": "/v1/calls/{provider_call_id}/recording",
      "body": {"action": "start"}, "message": "/error/message"},
    "record_stop": {"method": "POST", "path": "/v1/calls/{provider_call_id}/recording",
      "body": {"action": "stop"}, "message": "/error/message"},
    "record_pause": {"method": "POST", "path": "/v1/calls/{provider_call_id}/recording",
      "body": {"action": "pause"}, "message": "/error/message"},
    "record_resume": {"method": "POST", "path": "/v1/calls/{provider_call_id}/recording",
      "body": {"action": "resume"}, "message": "/error/message"},
    "consult": {"method": "POST", "path": "/v1/calls/{provider_call_id}/transfer",
      "body": {"mode": "attended", "to": "{target}", "leg": "{leg}"}, "message": "/error/message"},
    "consult_cancel": {"method": "POST", "path": "/v1/calls/{provider_call_id}/transfer/cancel",
      "body": {"leg": "{leg}"}, "message": "/error/message"},
    "hand_over": {"method": "POST", "path": "/v1/calls/{provider_call_id}/transfer/complete",
      "body": {"leg": "{leg}"}, "message": "/error/message"},
    "add_party": {"method": "POST", "path": "/v1/calls/{provider_call_id}/participants",
      "body": {"to": "{target}", "leg": "{leg}"}, "message": "/error/message"},
    "drop_party": {"method": "DELETE",
      "path": "/v1/calls/{provider_call_id}/participants/{leg}", "message": "/error/message"},
    "look_up": {"method": "GET", "path": "/v1/calls/{provider_call_id}", "id": "/id",
      "status": "/status", "sip_status": "/sip_status", "duration": "/talk_s",
      "statuses": {"queued": "LIVE", "ringing": "LIVE", "in-progress": "LIVE", "on-hold": "LIVE",
        "completed": "ENDED", "busy": "BUSY", "no-answer": "NO_ANSWER", "failed": "FAILED",
        "canceled": "CANCELLED"}},
    "look_up_by_reference": {"method": "GET", "path": "/v1/calls?reference={session_id}",
      "id": "/id", "status": "/status", "sip_status": "/sip_status", "duration": "/talk_s",
      "statuses": {"queued": "LIVE", "ringing": "LIVE", "in-progress": "LIVE", "on-hold": "LIVE",
        "completed": "ENDED", "busy": "BUSY", "no-answer": "NO_ANSWER", "failed": "FAILED",
        "canceled": "CANCELLED"}},
    "health": {"method": "GET", "path": "/v1/health",
      "success": {"at": "/status", "equals": "ok"}}
  },
  "webhook": {
    "map": {"event": "/event", "event_id": "/event_id", "call_id": "/id",
      "reference": "/reference", "leg": "/leg", "at": "/at", "sip_status": "/sip_status",
      "cause": "/cause", "duration": "/talk_s", "recording_url": "/recording_url",
      "sequence": "/seq", "digits": "/digits"},
    "events": {"call.initiated": "INITIATED", "call.ringing": "RINGING",
      "call.answered": "ANSWERED", "call.held": "HELD", "call.resumed": "RESUMED",
      "call.muted": "MUTED", "call.unmuted": "UNMUTED", "call.dtmf": "DTMF",
      "call.voicemail": "MACHINE", "call.recording": "RECORDING_READY",
      "call.recording_failed": "RECORDING_FAILED", "call.ended": "ENDED", "call.leg_ended": "ENDED"},
    "legs": {"agent": "AGENT", "customer": "CUSTOMER"},
    "causes": {"agent_busy": "AGENT_REJECTED", "agent_no_answer": "AGENT_NO_ANSWER",
      "busy": "BUSY", "timeout": "NO_ANSWER", "declined": "REJECTED", "canceled": "CANCELLED",
      "invalid_number": "INVALID_NUMBER", "normal": "ENDED"}
  }
})json";

// mod_xml_rpc: everything in the URL, HTTP 200 whatever happened, the result in the text. Its
// command line knows no escaping, so every value goes through :dial.
constexpr const char* kFreeSwitch = R"json({
  "auth": {"mode": "basic"},
  "constants": {"gateway": "default", "agent_gateway": "default"},
  "operations": {
    "place": {
      "method": "GET",
      "path": "/txtapi/bgapi?originate%20{{origination_uuid={uuid_a:dial},ctc_session={session_id:dial},ctc_leg=agent,origination_caller_id_number={customer_digits:dial},ignore_early_media=true,hangup_after_bridge=true,originate_timeout={ring_timeout_s:dial}}}sofia/gateway/{constants.agent_gateway:dial}/{agent:dial}%20&bridge({{origination_uuid={uuid_b:dial},ctc_session={session_id:dial},ctc_leg=customer,origination_caller_id_number={caller_id_digits:dial},ignore_early_media=true,originate_timeout={ring_timeout_s:dial}}}sofia/gateway/{constants.gateway:dial}/{prefix}{customer_digits:dial})",
      "success": {"at": "text", "starts_with": "+OK"}, "supplied_id": "{uuid_a}",
      "message": "text",
      "errors": [{"at": "text", "starts_with": "-ERR", "class": "permanent"},
        {"at": "text", "starts_with": "-USAGE", "class": "permanent"},
        {"at": "text", "starts_with": "INVALID COMMAND", "class": "permanent"}]},
    "hang_up": {"method": "GET", "path": "/txtapi/uuid_kill?{provider_call_id:dial}",
      "success": {"at": "text", "starts_with": "+OK"}, "message": "text",
      "errors": [{"at": "text", "starts_with": "-ERR No such channel", "class": "not_found"},
        {"at": "text", "starts_with": "-", "class": "permanent"}]},
    "hold": {"method": "GET", "path": "/txtapi/uuid_hold?{uuid_b:dial}",
      "success": {"at": "text", "starts_with": "+OK"}, "message": "text",
      "errors": [{"at": "text", "starts_with": "-", "class": "conflict"}]},
    "resume": {"method": "GET", "path": "/txtapi/uuid_hold?off%20{uuid_b:dial}",
      "success": {"at": "text", "starts_with": "+OK"}, "message": "text",
      "errors": [{"at": "text", "starts_with": "-", "class": "conflict"}]},
    "mute": {"method": "GET",
      "path": "/txtapi/uuid_audio?{provider_call_id:dial}%20start%20read%20mute%201",
      "success": {"at": "text", "starts_with": "+OK"}, "message": "text",
      "errors": [{"at": "text", "starts_with": "-ERR No such channel", "class": "not_found"},
        {"at": "text", "starts_with": "-", "class": "conflict"}]},
    "unmute": {"method": "GET", "path": "/txtapi/uuid_audio?{provider_call_id:dial}%20stop",
      "success": {"at": "text", "starts_with": "+OK"}, "message": "text",
      "errors": [{"at": "text", "starts_with": "-ERR No such channel", "class": "not_found"},
        {"at": "text", "starts_with": "-", "class": "conflict"}]},
    "dtmf": {"method": "GET", "path": "/txtapi/uuid_send_dtmf?{uuid_b:dial}%20{digits:dial}",
      "success": {"at": "text", "starts_with": "+OK"}, "message": "text",
      "errors": [{"at": "text", "starts_with": "-", "class": "conflict"}]},
    "look_up": {"method": "GET", "path": "/txtapi/uuid_exists?{provider_call_id:dial}",
      "status": "text", "statuses": {"true": "LIVE", "false": "NOT_FOUND"}},
    "look_up_by_reference": {"method": "GET", "path": "/txtapi/uuid_exists?{uuid_a:dial}",
      "supplied_id": "{uuid_a}",
      "status": "text", "statuses": {"true": "LIVE", "false": "NOT_FOUND"}},
    "health": {"method": "GET", "path": "/txtapi/status",
      "success": {"at": "text", "starts_with": "UP"}}
  },
  "webhook": {
    "verify": {"mode": "basic"},
    "map": {"event": "/channel_data/state", "call_id": "/variables/uuid",
      "reference": "/variables/ctc_session", "leg": "/variables/ctc_leg",
      "at": "/variables/end_uepoch", "cause": "/variables/hangup_cause",
      "sip_status": "/variables/sip_term_status", "duration": "/variables/billsec"},
    "at_format": "epoch_us",
    "events": {"CS_REPORTING": "ENDED"},
    "legs": {"agent": "AGENT", "customer": "CUSTOMER"},
    "causes": {"NORMAL_CLEARING": "ENDED", "USER_BUSY": "BUSY", "NO_ANSWER": "NO_ANSWER",
      "NO_USER_RESPONSE": "NO_ANSWER", "RECOVERY_ON_TIMER_EXPIRE": "NO_ANSWER",
      "ALLOTTED_TIMEOUT": "NO_ANSWER", "PROGRESS_TIMEOUT": "NO_ANSWER",
      "ORIGINATOR_CANCEL": "CANCELLED", "CALL_REJECTED": "REJECTED",
      "UNALLOCATED_NUMBER": "INVALID_NUMBER", "NO_ROUTE_DESTINATION": "INVALID_NUMBER",
      "INVALID_NUMBER_FORMAT": "INVALID_NUMBER", "NUMBER_CHANGED": "INVALID_NUMBER"}
  }
})json";

// The agent is rung; the application (its call hook) then dials the customer found in `tag`.
constexpr const char* kJambonz = R"json({
  "constants": {"account_sid": "", "application_sid": ""},
  "operations": {
    "place": {
      "method": "POST", "path": "/v1/Accounts/{constants.account_sid}/Calls",
      "body": {"application_sid": "{constants.application_sid}", "from": "{caller_id}",
        "to": {"type": "phone", "number": "{agent}"}, "timeout": "{ring_timeout_s:raw}",
        "timeLimit": "{max_duration_s:raw}",
        "call_status_hook": {"url": "{webhook_url}", "method": "POST"},
        "tag": {"session_id": "{session_id}", "customer": "{customer}",
          "caller_id": "{caller_id}"}},
      "success": {"status": [201]}, "id": "/sid", "message": "/msg"},
    "hang_up": {"method": "DELETE",
      "path": "/v1/Accounts/{constants.account_sid}/Calls/{provider_call_id}",
      "message": "/msg", "errors": [{"status": [422], "class": "not_found"}]},
    "mute": {"method": "POST",
      "path": "/v1/Accounts/{constants.account_sid}/Calls/{agent_leg}",
      "body": {"mute_status": "mute"}, "message": "/msg",
      "errors": [{"status": [422], "class": "conflict"}]},
    "unmute": {"method": "POST",
      "path": "/v1/Accounts/{constants.account_sid}/Calls/{agent_leg}",
      "body": {"mute_status": "unmute"}, "message": "/msg",
      "errors": [{"status": [422], "class": "conflict"}]},
    "look_up": {"method": "GET",
      "path": "/v1/Accounts/{constants.account_sid}/Calls/{provider_call_id}",
      "id": "/sid", "status": "/call_status",
      "statuses": {"trying": "LIVE", "queued": "LIVE", "ringing": "LIVE", "early-media": "LIVE",
        "in-progress": "LIVE", "completed": "ENDED", "busy": "BUSY", "no-answer": "NO_ANSWER",
        "failed": "FAILED"}},
    "health": {"method": "GET", "path": "/v1/Accounts/{constants.account_sid}",
      "success": {"at": "/account_sid"}}
  },
  "webhook": {
    "verify": {"mode": "timed_hmac_sha256", "header": "jambonz-signature"},
    "map": {"event": "/call_status", "call_id": "/call_sid",
      "reference": "/customerData/session_id", "customer_if": "/parent_call_sid",
      "sip_status": "/sip_status", "duration": "/duration"},
    "events": {"trying": "INITIATED", "queued": "INITIATED", "ringing": "RINGING",
      "early-media": "RINGING", "in-progress": "ANSWERED", "completed": "ENDED", "busy": "BUSY",
      "no-answer": "NO_ANSWER", "failed": "FAILED"}
  },
  "flow": {"dialect": "jambonz"}
})json";

// A proxy with the dialog module: it bridges, and knows of no call afterwards.
constexpr const char* kKamailio = R"json({
  "auth": {"mode": "none"},
  "constants": {"domain": ""},
  "operations": {
    "place": {
      "method": "POST", "path": "/RPC",
      "body": {"jsonrpc": "2.0", "method": "dlg.bridge_dlg", "id": "{session_id}",
        "params": ["sip:{agent:dial}@{constants.domain:dial}",
                   "sip:{customer:dial}@{constants.domain:dial}"]},
      "success": {"at": "/jsonrpc", "equals": "2.0"}, "supplied_id": "{uuid_a}",
      "message": "/error/message",
      "errors": [{"at": "/error", "class": "permanent"}]},
    "health": {"method": "POST", "path": "/RPC",
      "body": {"jsonrpc": "2.0", "method": "core.version", "id": "health"},
      "success": {"at": "/result"}, "message": "/error/message"}
  }
})json";

// The b2b_logic module; the session is told apart by `context`.
constexpr const char* kOpenSips = R"json({
  "auth": {"mode": "none"},
  "constants": {"domain": "", "scenario": "click_to_call"},
  "operations": {
    "place": {
      "method": "POST", "path": "/mi",
      "body": {"jsonrpc": "2.0", "method": "b2b_logic:trigger_scenario", "id": "{session_id}",
        "params": {"scenario_id": "{constants.scenario}",
          "entity1": "agent,sip:{agent:dial}@{constants.domain:dial}",
          "entity2": "customer,sip:{customer:dial}@{constants.domain:dial}",
          "context": ["ctc_session={session_id}"]}},
      "success": {"at": "/result"}, "supplied_id": "{uuid_a}", "message": "/error/message",
      "errors": [{"at": "/error", "class": "permanent"}]},
    "health": {"method": "POST", "path": "/mi",
      "body": {"jsonrpc": "2.0", "method": "version", "id": "health"},
      "success": {"at": "/result"}, "message": "/error/message"}
  }
})json";

// The compatibility API. The agent is rung; a script of yours then dials the customer named in its
// URL, and gives that number's callbacks the URL of our webhooks with the session behind it.
constexpr const char* kSignalWire = R"json({
  "auth": {"mode": "basic"},
  "constants": {"project": "", "script": ""},
  "operations": {
    "place": {
      "method": "POST", "path": "/api/laml/2010-04-01/Accounts/{constants.project}/Calls",
      "content_type": "application/x-www-form-urlencoded",
      "body": {"To": "{agent}", "From": "{caller_id}",
        "Url": "{constants.script}?customer={customer_digits}&session={session_id}",
        "Timeout": "{ring_timeout_s}", "StatusCallback": "{webhook_url}",
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"]},
      "id": "/sid", "message": "/message"},
    "hang_up": {"method": "POST",
      "path": "/api/laml/2010-04-01/Accounts/{constants.project}/Calls/{provider_call_id}",
      "content_type": "application/x-www-form-urlencoded",
      "body": {"Status": "completed"}, "message": "/message"},
    "look_up": {"method": "GET",
      "path": "/api/laml/2010-04-01/Accounts/{constants.project}/Calls/{provider_call_id}",
      "id": "/sid", "status": "/status",
      "statuses": {"queued": "LIVE", "ringing": "LIVE", "in-progress": "LIVE",
        "completed": "ENDED", "busy": "BUSY", "no-answer": "NO_ANSWER", "failed": "FAILED",
        "canceled": "CANCELLED"}},
    "health": {"method": "GET", "path": "/api/laml/2010-04-01/Accounts/{constants.project}",
      "success": {"at": "/sid"}}
  },
  "webhook": {
    "verify": {"mode": "url_hmac_sha1", "header": "X-SignalWire-Signature"},
    "body": "form",
    "map": {"event": "/CallStatus", "call_id": "/CallSid", "leg": "/Direction",
      "sip_status": "/SipResponseCode", "duration": "/CallDuration"},
    "legs": {"outbound-api": "AGENT", "outbound-dial": "CUSTOMER"},
    "events": {"queued": "INITIATED", "initiated": "INITIATED", "ringing": "RINGING",
      "in-progress": "ANSWERED", "completed": "ENDED", "busy": "BUSY", "no-answer": "NO_ANSWER",
      "failed": "FAILED", "canceled": "CANCELLED"}
  },
  "flow": {"dialect": "twiml"}
})json";

}  // namespace

const Json* FindPreset(std::string_view name) {
  static const std::map<std::string, Json, std::less<>> presets = {
      {"none", Json::object()},
      {"reference", Json::parse(kReference)},
      {"freeswitch", Json::parse(kFreeSwitch)},
      {"jambonz", Json::parse(kJambonz)},
      {"kamailio", Json::parse(kKamailio)},
      {"opensips", Json::parse(kOpenSips)},
      {"signalwire", Json::parse(kSignalWire)},
  };
  const auto found = presets.find(name);
  return found == presets.end() ? nullptr : &found->second;
}

}  // namespace ctc::providers::sip
