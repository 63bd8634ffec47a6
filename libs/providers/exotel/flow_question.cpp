// Reading: which applet asks, and what became of the step before.
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include "libs/base/ids.h"
#include "libs/providers/callback_fields.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/exotel/applet.h"
#include "libs/providers/exotel/flow.h"
#include "libs/providers/exotel/webhook.h"
#include "libs/providers/indian.h"

namespace ctc::providers::exotel {
namespace {

using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowInput;

constexpr size_t kMaxDigits = 64;

std::string Lower(std::string_view text) {
  return absl::AsciiStrToLower(absl::string_view(text.data(), text.size()));
}

// Keys come wrapped in double quotes.
std::string ReadKeys(const CallbackFields& fields, FlowInput& input) {
  std::string_view digits = fields.Get("digits");
  if (digits.size() >= 2 && digits.front() == '"' && digits.back() == '"') {
    digits = digits.substr(1, digits.size() - 2);
  }
  if (digits.size() > kMaxDigits ||
      digits.find_first_not_of("0123456789*#ABCDabcd") != std::string_view::npos) {
    return "digits: are malformed";
  }
  input.set_kind(digits.empty() ? FlowInput::NO_INPUT : FlowInput::DIGITS);
  input.set_digits(std::string(digits));
  return "";
}

// What became of the agents that a Connect applet dialled; nothing when none was.
FlowInput::Kind DialOutcome(const CallbackFields& fields) {
  const std::string type = Lower(fields.Get("CallType"));
  const std::string dial = Lower(fields.Get("DialCallStatus"));
  if (type == "client-hangup") return FlowInput::CALLER_GONE;
  if (type == "completed" || dial == "completed") return FlowInput::DIAL_ENDED;
  if (dial == "busy") return FlowInput::DIAL_BUSY;
  if (dial == "failed") return FlowInput::DIAL_FAILED;
  if (dial == "no-answer" || dial == "canceled" || type == "incomplete") {
    return FlowInput::DIAL_NO_ANSWER;
  }
  return FlowInput::KIND_UNSPECIFIED;
}

std::string ReadMessage(const Account& account, const CallbackFields& fields, FlowInput& input) {
  const std::string url(fields.Get("RecordingUrl"));
  input.set_kind(url.empty() ? FlowInput::NO_INPUT : FlowInput::VOICEMAIL_LEFT);
  if (url.empty()) return "";
  if (!IsRecordingHost(account, url)) return "RecordingUrl: is at a host that is not Exotel's";
  input.set_recording_url(url);
  return "";
}

// Empty, or what cannot be read.
std::string ReadInput(const Account& account, Applet applet, const CallbackFields& fields,
                      FlowInput& input) {
  input.set_kind(FlowInput::STARTED);
  switch (applet) {
    case Applet::kDigits:
      return ReadKeys(fields, input);
    case Applet::kVoicemail:
      return ReadMessage(account, fields, input);
    case Applet::kHeard:
      input.set_kind(FlowInput::DONE);
      return "";
    case Applet::kLoneConnect:  // it asks again after an attempt that failed
    case Applet::kDialled:
      input.set_kind(DialOutcome(fields));
      if (input.kind() == FlowInput::KIND_UNSPECIFIED) input.set_kind(FlowInput::STARTED);
      return "";
    default:
      return "";
  }
}

ReadFlowResponse Refusal(ReadWebhookResponse::Verdict verdict, std::string reason) {
  ReadFlowResponse response;
  response.set_verdict(verdict);
  response.set_reason(std::move(reason));
  return response;
}

}  // namespace

ReadFlowResponse ReadQuestion(const Account& account, const common::v1::HttpRequest& request) {
  const CallbackVerdict verdict = CheckCallback(account, account.api_secret, request);
  if (verdict.verdict != ReadWebhookResponse::GENUINE) {
    return Refusal(verdict.verdict, verdict.reason);
  }
  ReadFlowResponse response;
  response.set_verdict(ReadWebhookResponse::GENUINE);
  response.set_provider_id(account.config.id());
  std::string fault;
  const auto fields = CallbackFields::Read(request);
  const std::optional<Applet> applet = AppletOf(request);
  if (!fields.ok()) {
    fault = std::string(fields.status().message());
  } else if (!IsCallSid(fields->Get("CallSid"))) {
    fault = "CallSid: is missing or malformed";
  } else if (!applet.has_value()) {
    fault = "applet: is not one of ours";
  } else {
    dispatch::v1::FlowCall& call = *response.mutable_call();
    call.set_session(verdict.session);
    call.set_provider_call_id(std::string(fields->Get("CallSid")));
    call.set_from_phone(ReadIndianNumber(fields->GetAny({"CallFrom", "From"})));
    // CallTo is where the call landed, which forwarding makes another number than ours.
    call.set_to_phone(ReadIndianNumber(fields->GetAny({"To", "CallTo"})));
    fault = ReadInput(account, *applet, *fields, *response.mutable_input());
  }
  if (fault.empty()) return response;
  ReadFlowResponse refusal = Refusal(ReadWebhookResponse::UNREADABLE, fault);
  refusal.set_provider_id(account.config.id());
  return refusal;
}

}  // namespace ctc::providers::exotel
