#include "libs/providers/twilio/webhook.h"

#include <absl/strings/str_cat.h>

#include <optional>

#include "libs/providers/twilio/digits.h"
#include "libs/providers/twilio/incoming.h"
#include "libs/providers/twilio/legs.h"
#include "libs/providers/twiml/progress.h"
#include "libs/providers/twiml/question.h"

namespace ctc::providers::twilio {
namespace {

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using session::v1::Leg;
using twiml::Report;

CallFact::Kind RoomKind(const std::string& event, Leg::Party party) {
  if (party == Leg::CUSTOMER && event == "participant-hold") return CallFact::CALL_HELD;
  if (party == Leg::CUSTOMER && event == "participant-unhold") return CallFact::CALL_RESUMED;
  if (party == Leg::AGENT && event == "participant-mute") return CallFact::CALL_MUTED;
  if (party == Leg::AGENT && event == "participant-unmute") return CallFact::CALL_UNMUTED;
  return CallFact::KIND_UNSPECIFIED;
}

std::string ReadConference(const Report& report, bool inbound, const Form& form) {
  ReadWebhookResponse& response = report.response;
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
      twiml::IsOver(ValueOf(form, "ParticipantCallStatus"))) {
    fact.set_kind(CallFact::CALL_ENDED);
  }
  if (fact.kind() == CallFact::KIND_UNSPECIFIED) return "";
  if (base::IsUuid(leg.session)) response.set_session(leg.session);
  fact.set_provider_leg_id(ValueOf(form, "CallSid"));
  fact.set_leg_id(FactLegId(leg.leg_id));
  fact.set_event_key(
      absl::StrCat("twilio:", sid, ":", ValueOf(form, "SequenceNumber"), ":", event));
  report.Add(std::move(fact));
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

std::string ReadLeg(const Report& report, const Form& query, const Form& form) {
  const std::string leg = ValueOf(query, "leg");
  const std::optional<Leg::Party> party = PartyOf(leg);
  if (!party.has_value()) return "leg: is missing in the callback's URL";
  // Talk time is that of whoever joined last: of a caller's call the agent.
  const bool joins = *party == Leg::CUSTOMER || ValueOf(query, "answer") == "joins";
  return twiml::ReadProgress(report, {*party, FactLegId(leg), joins}, form);
}

std::string Read(const Account& account, const Incoming& incoming, ReadWebhookResponse& response) {
  response.set_session(ValueOf(incoming.query, "session"));
  const Report report{account, "twilio", response};
  const std::string leg = ValueOf(incoming.query, "leg");
  if (response.session().empty() && leg.empty()) return twiml::ReadCaller(report, incoming.form);
  if (!base::IsUuid(response.session())) return "session: is missing in the callback's URL";
  if (leg == "conference" || leg == "room") {
    return ReadConference(report, leg == "room", incoming.form);
  }
  if (leg == "recording") return twiml::ReadRecording(report, incoming.form);
  if (leg == "digits") return ReadDigits(account, incoming.query, response);
  return ReadLeg(report, incoming.query, incoming.form);
}

}  // namespace

ReadWebhookResponse ReadCallback(const Account& account, const common::v1::HttpRequest& request,
                                 absl::Time now, const ReplayWindow& window) {
  ReadWebhookResponse response;
  const Incoming incoming = Verify(account, request);
  if (incoming.verdict != ReadWebhookResponse::GENUINE) {
    twiml::Refuse(response, incoming.verdict, incoming.reason);
    return response;
  }
  response.set_provider_id(account.config.id());
  const std::string fault = Read(account, incoming, response);
  if (!fault.empty()) {
    twiml::Refuse(response, ReadWebhookResponse::UNREADABLE, fault);
    return response;
  }
  // Twilio executes bodies of some requests.
  twiml::Finish(incoming.form, now, window, response);
  return response;
}

}  // namespace ctc::providers::twilio
