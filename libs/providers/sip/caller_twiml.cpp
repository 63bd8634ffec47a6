#include "libs/providers/sip/caller_twiml.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/http/message.h"
#include "libs/providers/sip/caller_url.h"
#include "libs/providers/twiml/progress.h"
#include "libs/providers/twiml/question.h"
#include "libs/providers/twiml/step.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowInput;
using routing::v1::FlowStep;
using session::v1::Leg;
using twiml::Form;
using twiml::ValueOf;
using twiml::XmlEscape;

constexpr char kProgress[] = "initiated ringing answered completed";

Form FormOf(std::string_view text) { return http::ParseForm(text).value_or(Form()); }

bool IsNumber(std::string_view phone) {
  if (phone.starts_with('+')) phone.remove_prefix(1);
  return !phone.empty() && phone.find_first_not_of("0123456789") == std::string_view::npos;
}

// The noun for a phone; empty when a switch cannot ring it.
std::string NounOf(const std::string& phone, const std::string& event_url) {
  const bool address = phone.find('@') != std::string::npos && phone.find(' ') == std::string::npos;
  if (!IsNumber(phone) && !address) return "";
  const char* const noun = address ? "Sip" : "Number";
  const bool scheme = phone.starts_with("sip:") || phone.starts_with("sips:");
  return absl::StrCat("<", noun, " statusCallback=\"", XmlEscape(event_url),
                      "\" statusCallbackEvent=\"", kProgress, "\" statusCallbackMethod=\"POST\">",
                      address && !scheme ? "sip:" : "", XmlEscape(phone), "</", noun, ">");
}

std::string Dial(const Account& account, const dispatch::v1::CallOrder& order,
                 const FlowStep& step) {
  const FlowStep::Dial& dial = step.dial();
  const std::string noun = NounOf(dial.phone(), CallerEventUrl(account, order.id(), "agent"));
  if (noun.empty()) {
    const std::string on = twiml::AskedWord(FlowInput::DIAL_FAILED);
    return twiml::RedirectTwiml(CallerFlowUrl(account, order.id(), step.number(), on));
  }
  // The number that was called is ours to show; the caller's is not.
  const std::string shown =
      order.to_phone().empty() ? "" : absl::StrCat("\" callerId=\"", XmlEscape(order.to_phone()));
  const std::string record =
      dial.record()
          ? absl::StrCat("\" record=\"record-from-answer-dual\" recordingStatusCallback=\"",
                         XmlEscape(CallerEventUrl(account, order.id(), "recording")),
                         "\" recordingStatusCallbackEvent=\"in-progress completed absent")
          : "";
  return absl::StrCat("<Dial action=\"",
                      XmlEscape(CallerFlowUrl(account, order.id(), step.number(), "dial")),
                      "\" method=\"POST\" timeout=\"", std::max(1, dial.ring_seconds()), shown,
                      record, "\">", noun, "</Dial>");
}

// "" or what cannot be read.
std::string ReadLeg(const twiml::Report& report, const std::string& leg, const Form& form) {
  // Whose call it is: the caller's leg is the agent's parent.
  const std::string caller =
      leg == "agent" ? ValueOf(form, "ParentCallSid") : ValueOf(form, "CallSid");
  if (report.response.session().empty() && !twiml::IsSid(caller)) {
    return "session: is not vouched for, and the caller's leg is not named";
  }
  std::string fault = "leg: is not one of ours";
  if (leg == "agent") fault = twiml::ReadProgress(report, {Leg::AGENT, "", true}, form);
  if (leg == "recording") fault = twiml::ReadRecording(report, form);
  if (!report.response.session().empty()) return fault;
  for (auto& item : *report.response.mutable_facts()) item.set_provider_call_id(caller);
  return fault;
}

}  // namespace

std::string ReadTwimlQuestion(const common::v1::HttpRequest& request,
                              dispatch::v1::ReadFlowResponse& response) {
  const auto form = http::ParseForm(request.body());
  const auto query = http::ParseForm(request.query());
  if (!form.ok()) return "body: is no form";
  if (!query.ok()) return "query: is broken";
  if (const std::string name = twiml::OverlongField(*form); !name.empty()) {
    return name + ": is too long";
  }
  return twiml::ReadQuestion(*query, *form, response);
}

common::v1::HttpResponse RenderTwiml(const Account& account,
                                     const dispatch::v1::RenderFlowRequest& request) {
  const dispatch::v1::CallOrder& order = request.order();
  twiml::StepWords words;
  words.flow_url = [&](int step, std::string_view on) {
    return CallerFlowUrl(account, order.id(), step, on);
  };
  words.recording_url = CallerEventUrl(account, order.id(), "recording");
  words.dial = [&](const FlowStep& step) { return Dial(account, order, step); };
  words.asks_of_silence = false;  // Telnyx does not document it
  common::v1::HttpResponse answer;
  answer.set_status(200);
  answer.set_content_type("text/xml; charset=utf-8");
  answer.set_body(twiml::StepTwiml(words, request.step()));
  return answer;
}

bool IsTwimlEvent(const common::v1::HttpRequest& request) {
  const Form query = FormOf(request.query());
  if (!ValueOf(query, "leg").empty()) return true;
  return ValueOf(query, "session").empty() &&
         ValueOf(FormOf(request.body()), "Direction") == "inbound";
}

void ReadTwimlEvent(const Account& account, const common::v1::HttpRequest& request,
                    const std::string& session, absl::Time now, const ReplayWindow& window,
                    ReadWebhookResponse& response) {
  const auto form = http::ParseForm(request.body());
  if (!form.ok())
    return twiml::Refuse(response, ReadWebhookResponse::UNREADABLE, "body: is no form");
  if (const std::string name = twiml::OverlongField(*form); !name.empty()) {
    return twiml::Refuse(response, ReadWebhookResponse::UNREADABLE, name + ": is too long");
  }
  response.set_session(session);
  const std::string leg = ValueOf(FormOf(request.query()), "leg");
  const std::string prefix = "sip:" + account.config.id();
  const twiml::Report report{account, prefix, response};
  const std::string fault =
      leg.empty() ? twiml::ReadCaller(report, *form) : ReadLeg(report, leg, *form);
  if (!fault.empty()) return twiml::Refuse(response, ReadWebhookResponse::UNREADABLE, fault);
  twiml::Finish(*form, now, window, response);
}

}  // namespace ctc::providers::sip
