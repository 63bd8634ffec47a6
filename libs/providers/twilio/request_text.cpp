#include "libs/providers/twilio/request_text.h"

#include <absl/strings/str_cat.h>

#include "libs/base/error_catalogue.h"
#include "libs/http/message.h"
#include "libs/providers/twilio/legs.h"
#include "libs/providers/twiml/question.h"

namespace ctc::providers::twilio {
namespace {

using routing::v1::FlowInput;

// Status callbacks are not repeated by themselves: ask for it, also on 5xx and read time-outs. A
// question may be repeated too: the same step is given again.
constexpr std::string_view kRetries = "#rc=3&rp=ct,rt,5xx";

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::string BaseUrl(const Account& account, const char* path, const std::string& call) {
  return absl::StrCat(account.public_url, path, "?tenant=", http::Encode(account.tenant.value()),
                      "&session=", call);
}

const char* RoomLeg(const dispatch::v1::CallOrder& order) {
  return IsInbound(order) ? "room" : "conference";
}

}  // namespace

std::string Encode(const Form& form) {
  std::string text;
  for (const auto& [name, value] : form) {
    if (!text.empty()) text += '&';
    text += http::Encode(name) + "=" + http::Encode(value);
  }
  return text;
}

std::string CallbackUrl(const Account& account, const std::string& call, std::string_view leg) {
  return absl::StrCat(BaseUrl(account, "/api/v1/webhooks/voip/twilio", call), "&leg=", View(leg),
                      View(kRetries));
}

std::string FlowUrl(const Account& account, const std::string& call, int step,
                    std::string_view on) {
  return absl::StrCat(BaseUrl(account, "/api/v1/webhooks/voip/twilio/flow", call),
                      twiml::StepQuery(step, on), View(kRetries));
}

absl::StatusOr<std::string> AskedFlowUrl(const Account& account,
                                         const dispatch::v1::CallOrder& order,
                                         const FlowInput& input) {
  if (twiml::OutcomeWord(input.kind()).empty()) {
    return base::MakeError(base::kValidationFailed, "flow_input.kind: is no outcome of a dial");
  }
  return FlowUrl(account, order.id(), input.step_number(), twiml::AskedWord(input.kind()));
}

void AddProgress(const Account& account, const std::string& call, std::string_view leg,
                 Answer answer, Form& form) {
  const std::string name = absl::StrCat(View(leg), answer == Answer::kJoins ? "&answer=joins" : "");
  form.emplace_back("StatusCallback", CallbackUrl(account, call, name));
  for (const char* event : {"initiated", "ringing", "answered", "completed"}) {
    form.emplace_back("StatusCallbackEvent", event);
  }
}

void AddRecording(const Account& account, const std::string& call, std::string_view prefix,
                  Form& form) {
  const std::string name = absl::StrCat(View(prefix), "StatusCallback");
  form.emplace_back(name, CallbackUrl(account, call, "recording"));
  for (const char* event : {"in-progress", "completed", "absent"}) {
    form.emplace_back(name + "Event", event);
  }
}

void AddRoomEvents(const Account& account, const dispatch::v1::CallOrder& order, Form& form) {
  form.emplace_back("ConferenceStatusCallback", CallbackUrl(account, order.id(), RoomLeg(order)));
  for (const char* event : {"start", "end", "join", "leave", "mute", "hold"}) {
    form.emplace_back("ConferenceStatusCallbackEvent", event);
  }
}

std::string RoomTwiml(const Account& account, const dispatch::v1::CallOrder& order,
                      const RoomEntry& entry) {
  // Begins with the conference, so with the second party.
  const std::string record =
      entry.record ? absl::StrCat("\" record=\"record-from-start\" recordingStatusCallback=\"",
                                  XmlEscape(CallbackUrl(account, order.id(), "recording")),
                                  "\" recordingStatusCallbackEvent=\"in-progress completed absent")
                   : "";
  const std::string action =
      entry.action.empty()
          ? ""
          : absl::StrCat(" action=\"", XmlEscape(entry.action), "\" method=\"POST\"");
  return absl::StrCat(
      "<Dial", action, "><Conference startConferenceOnEnter=\"", entry.waits ? "false" : "true",
      "\" endConferenceOnExit=\"true\" beep=\"false", entry.music ? "" : "\" waitUrl=\"",
      "\" participantLabel=\"", entry.label, "\" statusCallback=\"",
      XmlEscape(CallbackUrl(account, order.id(), RoomLeg(order))),
      "\" statusCallbackEvent=\"start end join leave mute hold", record, "\">",
      XmlEscape(RoomOf(order)), "</Conference></Dial>");
}

}  // namespace ctc::providers::twilio
