#include "libs/providers/exotel/webhook.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/ids.h"
#include "libs/base/proto_time.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/exotel/call_report.h"
#include "libs/providers/indian.h"
#include "libs/providers/recording_host.h"
#include "libs/providers/signed_webhook.h"

namespace ctc::providers::exotel {
namespace {

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using session::v1::Leg;

using Facts = std::vector<CallFact>;

std::string Lower(std::string_view text) {
  return absl::AsciiStrToLower(absl::string_view(text.data(), text.size()));
}

ReadWebhookResponse Refusal(ReadWebhookResponse::Verdict verdict, std::string reason) {
  ReadWebhookResponse response;
  response.set_verdict(verdict);
  response.set_reason(std::move(reason));
  return response;
}

CallFact AFact(CallFact::Kind kind, Leg::Party party, const std::string& key) {
  CallFact fact;
  fact.set_kind(kind);
  fact.set_party(party);
  fact.set_event_key(
      absl::StrCat(key, ":", CallFact::Kind_Name(kind), ":", Leg::Party_Name(party)));
  return fact;
}

CallReport ReportOf(const CallbackFields& fields, bool customer_only) {
  CallReport report;
  report.sid = fields.Get("CallSid");
  report.status = Lower(fields.Get("Status"));
  report.leg1 = Lower(fields.Get("Legs[0][Status]"));
  report.leg2 = Lower(fields.Get("Legs[1][Status]"));
  report.has_legs = fields.Has("Legs[0][Status]") || fields.Has("Legs[1][Status]");
  report.customer_only = customer_only;
  report.machine = Lower(fields.Get("Legs[1][AnsweredBy]")) == "machine";
  report.conversation_seconds = fields.Number("ConversationDuration");
  report.leg1_seconds = fields.Number("Legs[0][OnCallDuration]");
  report.updated = ReadIndianTime(fields.Get("DateUpdated"));
  report.ended = ReadIndianTime(fields.Get("EndTime"));
  return report;
}

// A placed call's progress.
Facts ReadStatus(const CallbackFields& fields, bool customer_only, ReadWebhookResponse& response) {
  const CallReport report = ReportOf(fields, customer_only);
  std::string event = Lower(fields.Get("EventType"));
  if (event.empty()) event = IsOver(report.status) ? "terminal" : "status";
  response.set_event_type(absl::StrCat(event, " ", report.status));
  const std::string key = absl::StrCat("exotel:", report.sid, ":", event, ":", report.status, ":",
                                       report.leg1, ":", report.leg2);
  return FactsOf(report, key);
}

// An agent's phone begins to ring ("busy": it is taken now) or is let go ("free").
Facts ReadDialEvent(const CallbackFields& fields, ReadWebhookResponse& response) {
  const std::string status = Lower(fields.Get("Status"));
  response.set_event_type(absl::StrCat("Dial ", status));
  const std::string key =
      absl::StrCat("exotel:", std::string(fields.Get("CallSid")),
                   ":dial:", std::string(fields.Get("DialWhomNumber")), ":", status);
  if (status == "busy" || status == "ringing") {
    return {AFact(CallFact::CALL_RINGING, Leg::AGENT, key)};
  }
  if (status != "answered" && status != "in-progress") return {};
  return {AFact(CallFact::CALL_ANSWERED, Leg::AGENT, key),
          AFact(CallFact::CALL_ANSWERED, Leg::CUSTOMER, key)};
}

// Talk of a caller with the agent: the second leg's, else from dialling the agent on.
int TalkSeconds(const CallbackFields& fields) {
  const int leg = fields.Number("Legs[1][OnCallDuration]");
  return leg >= 0 ? leg : fields.Number("DialCallDuration");
}

// How a caller's way through a flow went, told by a Passthru applet.
Facts ReadPassthru(const CallbackFields& fields, ReadWebhookResponse& response) {
  const std::string type = Lower(fields.Get("CallType"));
  const std::string dial = Lower(fields.Get("DialCallStatus"));
  response.set_event_type(absl::StrCat("Passthru ", type, dial.empty() ? "" : " ", dial));
  const std::string key =
      absl::StrCat("exotel:", std::string(fields.Get("CallSid")), ":passthru:", type, ":", dial);
  if (type.empty() || type == "call-attempt") {
    return {AFact(CallFact::CALL_INITIATED, Leg::CUSTOMER, key)};
  }
  if (type == "client-hangup") return {AFact(CallFact::CALL_CANCELLED, Leg::CUSTOMER, key)};
  if (type == "voicemail") return {AFact(CallFact::CALL_MACHINE, Leg::CUSTOMER, key)};
  if (type == "incomplete") {
    CallFact fact = AFact(dial == "busy"     ? CallFact::CALL_BUSY
                          : dial == "failed" ? CallFact::CALL_FAILED
                                             : CallFact::CALL_NO_ANSWER,
                          Leg::AGENT, key);
    return {std::move(fact)};
  }
  if (type != "completed") return {};
  CallFact ended = AFact(CallFact::CALL_ENDED, Leg::CUSTOMER, key);
  CallFact answered = AFact(CallFact::CALL_ANSWERED, Leg::AGENT, key);
  const int talk = TalkSeconds(fields);
  if (talk >= 0) ended.set_duration_seconds(talk);
  if (const auto now = ReadIndianTime(fields.Get("CurrentTime")); now.has_value() && talk > 0) {
    const absl::Time began = *now - absl::Seconds(talk);
    *answered.mutable_provider_time() = base::ToPreciseProto(began);
  }
  return {std::move(answered), std::move(ended)};
}

// The last applet of a flow says that the caller is leaving, whatever came before.
void AddEnd(const CallbackFields& fields, Facts& facts) {
  const bool told = std::any_of(facts.begin(), facts.end(), [](const CallFact& fact) {
    return fact.kind() == CallFact::CALL_ENDED || fact.kind() == CallFact::CALL_CANCELLED;
  });
  if (told) return;
  facts.push_back(AFact(CallFact::CALL_ENDED, Leg::CUSTOMER,
                        absl::StrCat("exotel:", std::string(fields.Get("CallSid")), ":end")));
}

void AddRecording(const Account& account, const CallbackFields& fields, Facts& facts) {
  const std::string url(fields.Get("RecordingUrl"));
  if (url.empty() || !IsRecordingHost(account, url)) return;
  CallFact fact = AFact(CallFact::RECORDING_READY, Leg::CUSTOMER,
                        absl::StrCat("exotel:", std::string(fields.Get("CallSid")), ":recording"));
  fact.set_recording_url(url);
  facts.push_back(std::move(fact));
}

void AddFacts(const Account& account, const CallbackFields& fields, Facts facts,
              std::optional<absl::Time> at, absl::Time now, ReadWebhookResponse& response) {
  for (CallFact& fact : facts) {
    session::v1::SessionFact& item = *response.add_facts();
    item.set_tenant_id(account.tenant.value());
    item.set_session(response.session());
    item.set_provider_id(account.config.id());
    item.set_provider_call_id(std::string(fields.Get("CallSid")));
    fact.set_source(session::v1::WEBHOOK);
    *fact.mutable_received_time() = base::ToPreciseProto(now);
    if (!fact.has_provider_time() && at.has_value()) {
      *fact.mutable_provider_time() = base::ToPreciseProto(*at);
    }
    *item.mutable_fact() = std::move(fact);
  }
}

Facts ReadFields(const CallbackFields& fields, bool customer_only, ReadWebhookResponse& response) {
  if (Lower(fields.Get("EventType")) == "dial") return ReadDialEvent(fields, response);
  const bool passthru = fields.Has("CallType") || fields.Has("CallStatus");
  if (passthru && !fields.Has("Status")) return ReadPassthru(fields, response);
  return ReadStatus(fields, customer_only, response);
}

// Exotel's own, as opposed to storage that it rents.
bool IsExotelHost(const Account& account, std::string_view url) {
  constexpr std::string_view kHosts[] = {"exotel.com", "exotel.in"};
  return IsAtHost(url, kHosts) || IsAtHostOf(url, account.config.api_url());
}

}  // namespace

bool IsCallSid(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

bool IsRecordingHost(const Account& account, std::string_view url) {
  constexpr std::string_view kStorage[] = {"s3-ap-southeast-1.amazonaws.com/exotelrecordings",
                                           "s3-ap-south-1.amazonaws.com/exotel-mum1-recordings"};
  return IsExotelHost(account, url) || IsAtHost(url, kStorage);
}

bool MaySeeCredentials(const Account& account, std::string_view url) {
  if (url.starts_with("https://")) return IsExotelHost(account, url);
  const std::string& api_url = account.config.api_url();
  return api_url.starts_with("http://") && IsAtHostOf(url, api_url);
}

ReadWebhookResponse ReadCallback(const Account& account, const common::v1::HttpRequest& request,
                                 absl::Time now, const ReplayWindow& window) {
  const CallbackVerdict verdict = CheckCallback(account, account.api_secret, request);
  if (verdict.verdict != ReadWebhookResponse::GENUINE) {
    return Refusal(verdict.verdict, verdict.reason);
  }
  const auto fields = CallbackFields::Read(request);
  if (fields.ok() && fields->Has("event_type") && !HeaderOf(request, "x-signature").empty()) {
    return ReadSignedWebhook(account, request, now, window);
  }
  const auto unreadable = [&](std::string reason) {
    ReadWebhookResponse refusal = Refusal(ReadWebhookResponse::UNREADABLE, std::move(reason));
    refusal.set_provider_id(account.config.id());
    refusal.set_session(verdict.session);
    return refusal;
  };
  if (!fields.ok()) return unreadable(std::string(fields.status().message()));
  if (!IsCallSid(fields->Get("CallSid"))) return unreadable("CallSid: is missing or malformed");
  ReadWebhookResponse response;
  response.set_verdict(ReadWebhookResponse::GENUINE);
  response.set_provider_id(account.config.id());
  const std::string reference(fields->Get("CustomField"));
  if (base::IsUuid(reference)) response.set_correlation_id(reference);
  response.set_session(verdict.session.empty() ? response.correlation_id() : verdict.session);
  const auto query = CallbackFields::ReadQuery(request);
  const bool customer_only = query.ok() && query->Get("leg") == "customer";
  Facts facts = ReadFields(*fields, customer_only, response);
  if (query.ok() && query->Get("applet") == "end") AddEnd(*fields, facts);
  AddRecording(account, *fields, facts);
  std::optional<absl::Time> at = ReadIndianTime(fields->Get("DateUpdated"));
  if (!at.has_value()) at = ReadIndianTime(fields->Get("CurrentTime"));
  if (at.has_value() && (*at < now - window.max_age || *at > now + window.max_skew)) {
    ReadWebhookResponse refusal =
        Refusal(ReadWebhookResponse::OUTSIDE_WINDOW, "DateUpdated: is too old or in the future");
    refusal.set_provider_id(account.config.id());
    return refusal;
  }
  AddFacts(account, *fields, std::move(facts), at, now, response);
  return response;
}

}  // namespace ctc::providers::exotel
