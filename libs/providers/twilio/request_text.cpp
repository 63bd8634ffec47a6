#include "libs/providers/twilio/request_text.h"

#include <absl/strings/str_cat.h>

#include "libs/http/message.h"

namespace ctc::providers::twilio {
namespace {

// Status callbacks are not repeated by themselves: ask for it, also on 5xx and read time-outs.
constexpr std::string_view kRetries = "#rc=3&rp=ct,rt,5xx";

std::string XmlEscape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string CallbackUrl(const Account& account, const std::string& call, std::string_view leg) {
  return absl::StrCat(account.public_url,
                      "/api/v1/webhooks/voip/twilio?tenant=", http::Encode(account.tenant.value()),
                      "&session=", call, "&leg=", absl::string_view(leg.data(), leg.size()),
                      absl::string_view(kRetries.data(), kRetries.size()));
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

void AddProgress(const Account& account, const std::string& call, std::string_view leg,
                 Form& form) {
  form.emplace_back("StatusCallback", CallbackUrl(account, call, leg));
  for (const char* event : {"initiated", "ringing", "answered", "completed"}) {
    form.emplace_back("StatusCallbackEvent", event);
  }
}

void AddRecording(const Account& account, const std::string& call, Form& form) {
  form.emplace_back("RecordingStatusCallback", CallbackUrl(account, call, "recording"));
  for (const char* event : {"in-progress", "completed", "absent"}) {
    form.emplace_back("RecordingStatusCallbackEvent", event);
  }
}

std::string ConferenceTwiml(const Account& account, const dispatch::v1::CallOrder& order,
                            bool agent) {
  const std::string& call = order.id();
  // Begins with the conference, so with the customer.
  const std::string record =
      order.record()
          ? absl::StrCat("\" record=\"record-from-start\" recordingStatusCallback=\"",
                         XmlEscape(CallbackUrl(account, call, "recording")),
                         "\" recordingStatusCallbackEvent=\"in-progress completed absent")
          : "";
  return absl::StrCat("<Response><Dial><Conference startConferenceOnEnter=\"",
                      agent ? "false" : "true",
                      "\" endConferenceOnExit=\"true\" beep=\"false\" waitUrl=\"\" "
                      "participantLabel=\"",
                      agent ? "agent" : "customer", "\" statusCallback=\"",
                      XmlEscape(CallbackUrl(account, call, "conference")),
                      "\" statusCallbackEvent=\"start end join leave mute hold", record, "\">",
                      call, "</Conference></Dial></Response>");
}

}  // namespace ctc::providers::twilio
