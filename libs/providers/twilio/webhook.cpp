#include "libs/providers/twilio/webhook.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "libs/base/error_catalogue.h"
#include "libs/providers/twilio/signature.h"

namespace ctc::providers::twilio {
namespace {

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using session::v1::Leg;

constexpr size_t kMaxBody = 64 << 10;
constexpr size_t kMaxField = 2048;

std::string ValueOf(const Form& form, std::string_view name) {
  for (const auto& [key, value] : form) {
    if (key == name) return value;
  }
  return "";
}

int IntOf(const Form& form, std::string_view name, int fallback) {
  int value = 0;
  return absl::SimpleAtoi(ValueOf(form, name), &value) && value >= 0 ? value : fallback;
}

// SIDs stand in URLs and keys of ours.
bool IsSid(std::string_view text) {
  return text.size() >= 2 && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         });
}

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

// `leg` of our callback URL: agent or customer.
std::string ReadProgress(const Account& account, const std::string& leg, const Form& form,
                         ReadWebhookResponse& response) {
  const std::string sid = ValueOf(form, "CallSid");
  const std::string status = ValueOf(form, "CallStatus");
  if (!IsSid(sid)) return "CallSid: is missing or malformed";
  const Leg::Party party = leg == "agent" ? Leg::AGENT : Leg::CUSTOMER;
  const int sip_code = IntOf(form, "SipResponseCode", 0);
  CallFact fact = FactOfStatus(party, status, ValueOf(form, "AnsweredBy"), sip_code);
  response.set_event_type(status);
  if (fact.kind() == CallFact::KIND_UNSPECIFIED) return "CallStatus: is not known";
  CallFact& added = AddFact(account, response, std::move(fact));
  added.set_provider_leg_id(sid);
  const std::string sequence = ValueOf(form, "SequenceNumber");
  // From 1 on; a number that leaves no room for that is none.
  const int number = IntOf(form, "SequenceNumber", -1);
  added.set_sequence(number < std::numeric_limits<int>::max() ? number + 1 : 0);
  added.set_event_key(absl::StrCat("twilio:", sid, ":", sequence, ":", status));
  if (party == Leg::CUSTOMER && !ValueOf(form, "CallDuration").empty()) {
    added.set_duration_seconds(IntOf(form, "CallDuration", 0));
  }
  return "";
}

std::string ReadConference(const Account& account, const Form& form,
                           ReadWebhookResponse& response) {
  const std::string sid = ValueOf(form, "ConferenceSid");
  const std::string event = ValueOf(form, "StatusCallbackEvent");
  const std::string label = ValueOf(form, "ParticipantLabel");
  response.set_event_type(event);
  if (!IsSid(sid)) return "ConferenceSid: is missing or malformed";
  CallFact fact;
  if (label == "customer") {
    fact.set_party(Leg::CUSTOMER);
    if (event == "participant-hold") fact.set_kind(CallFact::CALL_HELD);
    if (event == "participant-unhold") fact.set_kind(CallFact::CALL_RESUMED);
  } else if (label == "agent") {
    fact.set_party(Leg::AGENT);
    if (event == "participant-mute") fact.set_kind(CallFact::CALL_MUTED);
    if (event == "participant-unmute") fact.set_kind(CallFact::CALL_UNMUTED);
  }
  // Joins, leaves and the rest are told better by each leg's own progress.
  if (fact.kind() == CallFact::KIND_UNSPECIFIED) return "";
  fact.set_provider_leg_id(ValueOf(form, "CallSid"));
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
  const auto add = [&](CallFact::Kind kind) -> CallFact& {
    CallFact fact;
    fact.set_kind(kind);
    fact.set_party(Leg::CUSTOMER);
    fact.set_event_key(absl::StrCat("twilio:", sid, ":", status, ":", CallFact::Kind_Name(kind)));
    return AddFact(account, response, std::move(fact));
  };
  if (status == "in-progress") {
    add(CallFact::RECORDING_STARTED);
  } else if (status == "completed") {
    add(CallFact::RECORDING_STOPPED);
    const std::string url = ValueOf(form, "RecordingUrl");
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
      return "RecordingUrl: must be an http or https URL";
    }
    add(CallFact::RECORDING_READY).set_recording_url(url + ".wav");
  } else {
    add(CallFact::RECORDING_STOPPED);  // absent: too short or silent
  }
  return "";
}

std::optional<std::string> SignatureOf(const common::v1::HttpRequest& request) {
  std::optional<std::string> signature;
  for (const auto& header : request.headers()) {
    if (header.name() != "x-twilio-signature") continue;
    if (signature.has_value()) return "";  // two are one too many
    signature = header.value();
  }
  return signature;
}

std::string Read(const Account& account, const Form& query, const Form& form,
                 ReadWebhookResponse& response) {
  for (const auto& [name, value] : form) {
    if (value.size() > kMaxField) return name.substr(0, 64) + ": is too long";
  }
  response.set_session(ValueOf(query, "session"));
  if (!base::IsUuid(response.session())) return "session: is missing in the callback's URL";
  const std::string leg = ValueOf(query, "leg");
  if (leg == "agent" || leg == "customer") return ReadProgress(account, leg, form, response);
  if (leg == "conference") return ReadConference(account, form, response);
  if (leg == "recording") return ReadRecording(account, form, response);
  return "leg: is missing in the callback's URL";
}

void SetTimes(ReadWebhookResponse& response, std::optional<absl::Time> at, absl::Time now) {
  for (session::v1::SessionFact& item : *response.mutable_facts()) {
    item.mutable_fact()->mutable_received_time()->set_seconds(absl::ToUnixSeconds(now));
    if (at.has_value()) {
      item.mutable_fact()->mutable_provider_time()->set_seconds(absl::ToUnixSeconds(*at));
    }
  }
}

}  // namespace

const base::Secret& SigningToken(const Account& account) {
  return account.auth_token.empty() ? account.api_secret : account.auth_token;
}

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
    fact.set_reason(agent ? agents : customers);
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
  const std::optional<std::string> signature = SignatureOf(request);
  if (!signature.has_value()) {
    Refuse(response, ReadWebhookResponse::UNSIGNED, "X-Twilio-Signature is missing");
    return response;
  }
  const bool get = request.method() == "GET";
  const auto query = http::ParseForm(request.query());
  const auto body = request.body().size() > kMaxBody
                        ? absl::StatusOr<Form>(absl::InvalidArgumentError("too long"))
                        : http::ParseForm(request.body());
  const Form form = get ? query.value_or(Form()) : body.value_or(Form());
  if (!SignatureFits(SigningToken(account), request, form, *signature)) {
    Refuse(response, ReadWebhookResponse::FORGED, "X-Twilio-Signature does not fit");
    return response;
  }
  response.set_provider_id(account.config.id());
  const std::string fault = query.ok() ? Read(account, *query, form, response) : "query: is broken";
  if (!fault.empty()) {
    Refuse(response, ReadWebhookResponse::UNREADABLE, fault);
    return response;
  }
  const std::string stamp = ValueOf(form, "Timestamp");
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
  response.mutable_answer()->set_status(204);
  return response;
}

}  // namespace ctc::providers::twilio
