#include "libs/providers/twilio/webhook.h"

#include <absl/strings/str_cat.h>

#include <limits>
#include <optional>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/providers/twilio/digits.h"
#include "libs/providers/twilio/incoming.h"
#include "libs/providers/twilio/legs.h"

namespace ctc::providers::twilio {
namespace {

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using session::v1::Leg;

void Refuse(ReadWebhookResponse& response, ReadWebhookResponse::Verdict verdict,
            std::string_view reason) {
  response.set_verdict(verdict);
  response.set_reason(std::string(reason));
  response.clear_facts();
}

CallFact& AddFact(const Account& account, ReadWebhookResponse& response, CallFact fact) {
  session::v1::SessionFact& item = *response.add_facts();
  item.set_tenant_id(account.tenant.value());
  item.set_session(response.session());
  item.set_provider_id(account.config.id());
  *item.mutable_fact() = std::move(fact);
  item.mutable_fact()->set_source(session::v1::WEBHOOK);
  return *item.mutable_fact();
}

// The progress of one leg.
std::string ReadProgress(const Account& account, const Form& query, const Form& form,
                         ReadWebhookResponse& response) {
  const std::string leg = ValueOf(query, "leg");
  const Leg::Party party = PartyOf(leg).value_or(Leg::CUSTOMER);
  const std::string sid = ValueOf(form, "CallSid");
  const std::string status = ValueOf(form, "CallStatus");
  if (!IsSid(sid)) return "CallSid: is missing or malformed";
  const int sip_code = IntOf(form, "SipResponseCode", 0);
  CallFact fact = FactOfStatus(party, status, ValueOf(form, "AnsweredBy"), sip_code);
  response.set_event_type(status);
  if (fact.kind() == CallFact::KIND_UNSPECIFIED) return "CallStatus: is not known";
  fact.set_provider_leg_id(sid);
  fact.set_leg_id(FactLegId(leg));
  const std::string sequence = ValueOf(form, "SequenceNumber");
  // From 1 on; a number that leaves no room for that is none.
  const int number = IntOf(form, "SequenceNumber", -1);
  fact.set_sequence(number < std::numeric_limits<int>::max() ? number + 1 : 0);
  fact.set_event_key(absl::StrCat("twilio:", sid, ":", sequence, ":", status));
  // Talk time is that of whoever joined last: of a caller's call the agent.
  const bool joins = party == Leg::CUSTOMER || ValueOf(query, "answer") == "joins";
  if (joins && !ValueOf(form, "CallDuration").empty()) {
    fact.set_duration_seconds(IntOf(form, "CallDuration", 0));
  }
  AddFact(account, response, std::move(fact));
  return "";
}

// The number's own status callback, whose URL knows no session: it tells of a caller's end. The
// call's duration is no talk time: it began with the menu.
std::string ReadCaller(const Account& account, const Form& form, ReadWebhookResponse& response) {
  const std::string sid = ValueOf(form, "CallSid");
  const std::string status = ValueOf(form, "CallStatus");
  if (!IsSid(sid)) return "CallSid: is missing or malformed";
  if (ValueOf(form, "Direction") != "inbound") return "session: is missing in the callback's URL";
  response.set_event_type("caller-" + status);
  if (!IsOver(status)) return "";
  CallFact fact;
  fact.set_kind(CallFact::CALL_ENDED);
  fact.set_party(Leg::CUSTOMER);
  fact.set_provider_leg_id(sid);
  fact.set_event_key(absl::StrCat("twilio:", sid, ":caller:", status));
  AddFact(account, response, std::move(fact));
  response.mutable_facts(0)->set_provider_call_id(sid);
  return "";
}

CallFact::Kind RoomKind(const std::string& event, Leg::Party party) {
  if (party == Leg::CUSTOMER && event == "participant-hold") return CallFact::CALL_HELD;
  if (party == Leg::CUSTOMER && event == "participant-unhold") return CallFact::CALL_RESUMED;
  if (party == Leg::AGENT && event == "participant-mute") return CallFact::CALL_MUTED;
  if (party == Leg::AGENT && event == "participant-unmute") return CallFact::CALL_UNMUTED;
  return CallFact::KIND_UNSPECIFIED;
}

std::string ReadConference(const Account& account, bool inbound, const Form& form,
                           ReadWebhookResponse& response) {
  const std::string sid = ValueOf(form, "ConferenceSid");
  const std::string event = ValueOf(form, "StatusCallbackEvent");
  response.set_event_type(event);
  if (!IsSid(sid)) return "ConferenceSid: is missing or malformed";
  const LabelledLeg leg = ReadLabel(ValueOf(form, "ParticipantLabel"));
  const Leg::Party party = PartyOf(leg.leg_id).value_or(Leg::PARTY_UNSPECIFIED);
  CallFact fact;
  fact.set_party(party);
  fact.set_kind(RoomKind(event, party));
  // Joins, leaves and the rest are told better by each leg's own progress, which a caller's leg
  // does not have. It may also have left to be asked what is next.
  if (inbound && party == Leg::CUSTOMER && event == "participant-leave" &&
      IsOver(ValueOf(form, "ParticipantCallStatus"))) {
    fact.set_kind(CallFact::CALL_ENDED);
  }
  if (fact.kind() == CallFact::KIND_UNSPECIFIED) return "";
  if (base::IsUuid(leg.session)) response.set_session(leg.session);
  fact.set_provider_leg_id(ValueOf(form, "CallSid"));
  fact.set_leg_id(FactLegId(leg.leg_id));
  fact.set_event_key(
      absl::StrCat("twilio:", sid, ":", ValueOf(form, "SequenceNumber"), ":", event));
  AddFact(account, response, std::move(fact));
  return "";
}

std::string ReadRecording(const Account& account, const Form& form, ReadWebhookResponse& response) {
  const std::string sid = ValueOf(form, "RecordingSid");
  const std::string status = ValueOf(form, "RecordingStatus");
  response.set_event_type(absl::StrCat("recording-", status));
  if (!IsSid(sid)) return "RecordingSid: is missing or malformed";
  // These callbacks have no time of their own, and may come in any order.
  const std::optional<absl::Time> began = ReadTwilioTime(ValueOf(form, "RecordingStartTime"));
  const absl::Duration length = absl::Seconds(IntOf(form, "RecordingDuration", 0));
  const auto add = [&](CallFact::Kind kind) -> CallFact& {
    CallFact fact;
    fact.set_kind(kind);
    if (began.has_value()) {
      const absl::Time at = kind == CallFact::RECORDING_STARTED ? *began : *began + length;
      *fact.mutable_provider_time() = base::ToPreciseProto(at);
    }
    fact.set_party(Leg::CUSTOMER);
    fact.set_event_key(absl::StrCat("twilio:", sid, ":", status, ":", CallFact::Kind_Name(kind)));
    return AddFact(account, response, std::move(fact));
  };
  if (status == "in-progress") {
    add(CallFact::RECORDING_STARTED);
  } else if (status == "completed") {
    add(CallFact::RECORDING_STOPPED);
    const std::string url = ValueOf(form, "RecordingUrl");
    if (!IsHttpUrl(url)) {
      return "RecordingUrl: must be an http or https URL";
    }
    add(CallFact::RECORDING_READY).set_recording_url(url + ".wav");
  } else {
    add(CallFact::RECORDING_STOPPED);  // absent: too short or silent
  }
  return "";
}

// A question rather than an event: what to play to a participant.
std::string ReadDigits(const Account& account, const Form& query, ReadWebhookResponse& response) {
  response.set_event_type("digits-asked");
  absl::StatusOr<std::string> twiml =
      DigitsTwiml(account, response.session(), ValueOf(query, "digits"));
  if (!twiml.ok()) return "digits: were not sealed by us for this call";
  common::v1::HttpResponse& answer = *response.mutable_answer();
  answer.set_status(200);
  answer.set_content_type("text/xml; charset=utf-8");
  answer.set_body(*std::move(twiml));
  return "";
}

std::string Read(const Account& account, const Incoming& incoming, ReadWebhookResponse& response) {
  response.set_session(ValueOf(incoming.query, "session"));
  const std::string leg = ValueOf(incoming.query, "leg");
  if (response.session().empty() && leg.empty()) {
    return ReadCaller(account, incoming.form, response);
  }
  if (!base::IsUuid(response.session())) return "session: is missing in the callback's URL";
  if (leg == "conference" || leg == "room") {
    return ReadConference(account, leg == "room", incoming.form, response);
  }
  if (leg == "recording") return ReadRecording(account, incoming.form, response);
  if (leg == "digits") return ReadDigits(account, incoming.query, response);
  if (!PartyOf(leg).has_value()) return "leg: is missing in the callback's URL";
  return ReadProgress(account, incoming.query, incoming.form, response);
}

void SetTimes(ReadWebhookResponse& response, std::optional<absl::Time> at, absl::Time now) {
  for (session::v1::SessionFact& item : *response.mutable_facts()) {
    *item.mutable_fact()->mutable_received_time() = base::ToPreciseProto(now);
    if (at.has_value()) {
      *item.mutable_fact()->mutable_provider_time() = base::ToPreciseProto(*at);
    }
  }
}

}  // namespace

std::optional<absl::Time> ReadTwilioTime(std::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S %z", {text.data(), text.size()}, &time, &error)) {
    return std::nullopt;
  }
  return time;
}

CallFact FactOfStatus(Leg::Party party, std::string_view status, std::string_view answered_by,
                      int sip_code) {
  const bool agent = party == Leg::AGENT;
  CallFact fact;
  fact.set_party(party);
  const auto set = [&](CallFact::Kind kind, session::v1::EndReason agents,
                       session::v1::EndReason customers) {
    fact.set_kind(kind);
    // Others come and go without deciding how the call ends.
    if (agent || party == Leg::CUSTOMER) fact.set_reason(agent ? agents : customers);
  };
  if (status == "queued" || status == "initiated") {
    fact.set_kind(CallFact::CALL_INITIATED);
  } else if (status == "ringing") {
    fact.set_kind(CallFact::CALL_RINGING);
  } else if (status == "in-progress") {
    const bool machine = answered_by.starts_with("machine") || answered_by == "fax";
    fact.set_kind(machine ? CallFact::CALL_MACHINE : CallFact::CALL_ANSWERED);
  } else if (status == "completed") {
    fact.set_kind(CallFact::CALL_ENDED);
  } else if (status == "busy" && sip_code == 603) {
    set(CallFact::CALL_REJECTED, session::v1::AGENT_REJECTED, session::v1::CUSTOMER_REJECTED);
  } else if (status == "busy") {
    set(CallFact::CALL_BUSY, session::v1::AGENT_REJECTED, session::v1::CUSTOMER_BUSY);
  } else if (status == "no-answer") {
    set(CallFact::CALL_NO_ANSWER, session::v1::AGENT_NO_ANSWER, session::v1::CUSTOMER_NO_ANSWER);
  } else if (status == "canceled") {
    set(CallFact::CALL_CANCELLED, session::v1::CANCELLED_BY_AGENT, session::v1::CANCELLED_BY_AGENT);
  } else if (status == "failed") {
    const bool unknown_number = sip_code == 404 || sip_code == 484;
    set(CallFact::CALL_FAILED, session::v1::UNREACHABLE,
        unknown_number ? session::v1::INVALID_NUMBER : session::v1::PROVIDER_ERROR);
    fact.set_error_code(std::string(unknown_number && !agent ? base::kInvalidDestination.code
                                                             : base::kProviderError.code));
    fact.set_message("Twilio could not connect the call");
  }
  if (sip_code >= 300) fact.set_cause(absl::StrCat("sip:", sip_code));
  return fact;
}

ReadWebhookResponse ReadCallback(const Account& account, const common::v1::HttpRequest& request,
                                 absl::Time now, const ReplayWindow& window) {
  ReadWebhookResponse response;
  const Incoming incoming = Verify(account, request);
  if (incoming.verdict != ReadWebhookResponse::GENUINE) {
    Refuse(response, incoming.verdict, incoming.reason);
    return response;
  }
  response.set_provider_id(account.config.id());
  const std::string fault = Read(account, incoming, response);
  if (!fault.empty()) {
    Refuse(response, ReadWebhookResponse::UNREADABLE, fault);
    return response;
  }
  const std::string stamp = ValueOf(incoming.form, "Timestamp");
  const std::optional<absl::Time> at = ReadTwilioTime(stamp);
  if (!stamp.empty() && !at.has_value()) {
    Refuse(response, ReadWebhookResponse::UNREADABLE, "Timestamp: is not an RFC 2822 time");
    return response;
  }
  if (at.has_value() && (*at < now - window.max_age || *at > now + window.max_skew)) {
    Refuse(response, ReadWebhookResponse::OUTSIDE_WINDOW, "Timestamp: is too old or in the future");
    return response;
  }
  SetTimes(response, at, now);
  response.set_verdict(ReadWebhookResponse::GENUINE);
  // Twilio executes bodies of some requests; an empty answer can never be one.
  if (!response.has_answer()) response.mutable_answer()->set_status(204);
  return response;
}

}  // namespace ctc::providers::twilio
