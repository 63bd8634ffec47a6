#include "libs/providers/twiml/progress.h"

#include <absl/strings/str_cat.h>

#include <limits>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/providers/twiml/question.h"

namespace ctc::providers::twiml {
namespace {

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using session::v1::Leg;

std::string KeyOf(const Report& report, const std::string& sid, const std::string& event) {
  return absl::StrCat(absl::string_view(report.prefix.data(), report.prefix.size()), ":", sid, ":",
                      event);
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

CallFact& Report::Add(CallFact fact) const {
  session::v1::SessionFact& item = *response.add_facts();
  item.set_tenant_id(account.tenant.value());
  item.set_session(response.session());
  item.set_provider_id(account.config.id());
  *item.mutable_fact() = std::move(fact);
  item.mutable_fact()->set_source(session::v1::WEBHOOK);
  return *item.mutable_fact();
}

std::string ReadProgress(const Report& report, const ToldLeg& leg, const Form& form) {
  const std::string sid = ValueOf(form, "CallSid");
  const std::string status = ValueOf(form, "CallStatus");
  if (!IsSid(sid)) return "CallSid: is missing or malformed";
  const int sip_code = IntOf(form, "SipResponseCode", 0);
  CallFact fact = FactOfStatus(leg.party, status, ValueOf(form, "AnsweredBy"), sip_code);
  report.response.set_event_type(status);
  if (fact.kind() == CallFact::KIND_UNSPECIFIED) return "CallStatus: is not known";
  fact.set_provider_leg_id(sid);
  fact.set_leg_id(leg.leg_id);
  const std::string sequence = ValueOf(form, "SequenceNumber");
  // From 1 on; a number that leaves no room for that is none.
  const int number = IntOf(form, "SequenceNumber", -1);
  fact.set_sequence(number < std::numeric_limits<int>::max() ? number + 1 : 0);
  fact.set_event_key(KeyOf(report, sid, absl::StrCat(sequence, ":", status)));
  // Talk time is that of whoever joined last: of a caller's call the agent.
  if (leg.tells_talk && !ValueOf(form, "CallDuration").empty()) {
    fact.set_duration_seconds(IntOf(form, "CallDuration", 0));
  }
  report.Add(std::move(fact));
  return "";
}

std::string ReadCaller(const Report& report, const Form& form) {
  const std::string sid = ValueOf(form, "CallSid");
  const std::string status = ValueOf(form, "CallStatus");
  if (!IsSid(sid)) return "CallSid: is missing or malformed";
  if (ValueOf(form, "Direction") != "inbound") return "session: is missing in the callback's URL";
  report.response.set_event_type("caller-" + status);
  if (!IsOver(status)) return "";
  CallFact fact;
  fact.set_kind(CallFact::CALL_ENDED);
  fact.set_party(Leg::CUSTOMER);
  fact.set_provider_leg_id(sid);
  fact.set_event_key(KeyOf(report, sid, "caller:" + status));
  report.Add(std::move(fact));
  report.response.mutable_facts(0)->set_provider_call_id(sid);
  return "";
}

std::string WhyWithoutAudio(const std::string& status, const Form& form) {
  std::string why = status == "absent" ? "The provider has no audio: too short or silent"
                                       : "The provider could not record the call";
  const int code = IntOf(form, "ErrorCode", 0);
  if (code > 0) absl::StrAppend(&why, " (error ", code, ")");
  return why;
}

std::string ReadRecording(const Report& report, const Form& form) {
  const std::string sid = ValueOf(form, "RecordingSid");
  const std::string status = ValueOf(form, "RecordingStatus");
  report.response.set_event_type(absl::StrCat("recording-", status));
  if (!IsSid(sid)) return "RecordingSid: is missing or malformed";
  // These callbacks have no time of their own, and may come in any order.
  const std::optional<absl::Time> began = ReadTime(ValueOf(form, "RecordingStartTime"));
  const absl::Duration length = absl::Seconds(IntOf(form, "RecordingDuration", 0));
  const auto add = [&](CallFact::Kind kind) -> CallFact& {
    CallFact fact;
    fact.set_kind(kind);
    if (began.has_value()) {
      const absl::Time at = kind == CallFact::RECORDING_STARTED ? *began : *began + length;
      *fact.mutable_provider_time() = base::ToPreciseProto(at);
    }
    fact.set_party(Leg::CUSTOMER);
    fact.set_event_key(KeyOf(report, sid, absl::StrCat(status, ":", CallFact::Kind_Name(kind))));
    return report.Add(std::move(fact));
  };
  if (status == "in-progress") {
    add(CallFact::RECORDING_STARTED);
  } else if (status == "completed") {
    add(CallFact::RECORDING_STOPPED);
    const std::string url = ValueOf(form, "RecordingUrl");
    if (!IsHttpUrl(url)) {
      return "RecordingUrl: must be an http or https URL";
    }
    add(CallFact::RECORDING_READY).set_recording_url(AudioUrl(url));
    // Only messages are taken by this verb. Not every switch asks what comes next when the caller
    // hangs up.
    if (ValueOf(form, "RecordingSource") == "RecordVerb") add(CallFact::CALL_MACHINE);
  } else {
    add(CallFact::RECORDING_STOPPED);
    if (status == "absent" || status == "failed") {
      add(CallFact::RECORDING_FAILED).set_message(WhyWithoutAudio(status, form));
    }
  }
  return "";
}

std::optional<absl::Time> ReadTime(std::string_view text) {
  for (const char* format :
       {"%a, %d %b %Y %H:%M:%S %z", "%Y-%m-%d%ET%H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%E*S%Ez"}) {
    absl::Time time;
    std::string error;
    if (absl::ParseTime(format, {text.data(), text.size()}, &time, &error)) return time;
  }
  return std::nullopt;
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
    fact.set_message("the call could not be connected");
  }
  if (sip_code >= 300) fact.set_cause(absl::StrCat("sip:", sip_code));
  return fact;
}

void Refuse(ReadWebhookResponse& response, ReadWebhookResponse::Verdict verdict,
            std::string_view reason) {
  response.set_verdict(verdict);
  response.set_reason(std::string(reason));
  response.clear_facts();
}

void Finish(const Form& form, absl::Time now, const ReplayWindow& window,
            ReadWebhookResponse& response) {
  const std::string stamp = ValueOf(form, "Timestamp");
  const std::optional<absl::Time> at = ReadTime(stamp);
  if (!stamp.empty() && !at.has_value()) {
    return Refuse(response, ReadWebhookResponse::UNREADABLE, "Timestamp: is not a time");
  }
  if (at.has_value() && (*at < now - window.max_age || *at > now + window.max_skew)) {
    return Refuse(response, ReadWebhookResponse::OUTSIDE_WINDOW,
                  "Timestamp: is too old or in the future");
  }
  SetTimes(response, at, now);
  response.set_verdict(ReadWebhookResponse::GENUINE);
  if (!response.has_answer()) response.mutable_answer()->set_status(204);
}

}  // namespace ctc::providers::twiml
