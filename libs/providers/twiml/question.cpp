#include "libs/providers/twiml/question.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>

#include "libs/base/ids.h"

namespace ctc::providers::twiml {
namespace {

using dispatch::v1::ReadFlowResponse;
using routing::v1::FlowInput;

constexpr size_t kMaxDigits = 64;

struct Outcome {
  FlowInput::Kind kind;
  std::string_view word;
};
constexpr std::array kOutcomes = {
    Outcome{FlowInput::DONE, "done"},
    Outcome{FlowInput::DIAL_ENDED, "ended"},
    Outcome{FlowInput::DIAL_BUSY, "busy"},
    Outcome{FlowInput::DIAL_NO_ANSWER, "no-answer"},
    Outcome{FlowInput::DIAL_REJECTED, "rejected"},
    Outcome{FlowInput::DIAL_FAILED, "failed"},
};
// What Twilio shows for callers without a number: keypad spellings of RESTRICTED, BLOCKED, UNKNOWN,
// ANONYMOUS and UNAVAILABLE.
constexpr std::array<std::string_view, 5> kWithheld = {"+7378742833", "+2562533", "+8656696",
                                                       "+266696687", "+86282452253"};

// E.164, or nothing: a caller may be withheld, or have an address instead of a number.
std::string PhoneOf(const std::string& text) {
  const bool number =
      text.size() >= 3 && text.size() <= 16 && text.front() == '+' &&
      std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!number || std::find(kWithheld.begin(), kWithheld.end(), text) != kWithheld.end()) return "";
  return text;
}

FlowInput::Kind DialOutcome(const std::string& status) {
  if (status == "completed" || status == "answered") return FlowInput::DIAL_ENDED;
  if (status == "busy") return FlowInput::DIAL_BUSY;
  if (status == "no-answer" || status == "canceled") return FlowInput::DIAL_NO_ANSWER;
  if (status == "failed") return FlowInput::DIAL_FAILED;
  return FlowInput::KIND_UNSPECIFIED;
}

std::string ReadKeys(const Form& form, FlowInput& input) {
  const std::string digits = ValueOf(form, "Digits");
  if (digits.size() > kMaxDigits ||
      digits.find_first_not_of("0123456789*#ABCDabcd") != std::string::npos) {
    return "Digits: are malformed";
  }
  const bool pressed = !digits.empty() || !ValueOf(form, "FinishedOnKey").empty();
  input.set_kind(pressed ? FlowInput::DIGITS : FlowInput::NO_INPUT);
  input.set_digits(digits);
  return "";
}

std::string ReadMessage(const Form& form, FlowInput& input) {
  const std::string url = ValueOf(form, "RecordingUrl");
  input.set_kind(url.empty() ? FlowInput::NO_INPUT : FlowInput::VOICEMAIL_LEFT);
  if (url.empty()) return "";
  if (!IsHttpUrl(url)) return "RecordingUrl: must be an http or https URL";
  input.set_recording_url(AudioUrl(url));
  input.set_recording_seconds(IntOf(form, "RecordingDuration", 0));
  return "";
}

// What ended the step, by the word that our own URL carries.
std::string ReadInput(const std::string& on, const Form& query, const Form& form,
                      FlowInput& input) {
  const bool gone = IsOver(ValueOf(form, "CallStatus"));
  if (on == "record") {
    // Hanging up is one way to end a message.
    const std::string fault = ReadMessage(form, input);
    if (gone && input.kind() == FlowInput::NO_INPUT) input.set_kind(FlowInput::CALLER_GONE);
    return fault;
  }
  if (gone) {
    input.set_kind(FlowInput::CALLER_GONE);
  } else if (on == "gather") {
    return ReadKeys(form, input);
  } else if (on == "done") {
    input.set_kind(FlowInput::DONE);
  } else if (on == "silence") {
    input.set_kind(FlowInput::NO_INPUT);
  } else if (on == "dial") {
    input.set_kind(DialOutcome(ValueOf(form, "DialCallStatus")));
    if (input.kind() == FlowInput::KIND_UNSPECIFIED) return "DialCallStatus: is not known";
  } else if (on == "asked") {
    input.set_kind(OutcomeOfWord(ValueOf(query, "outcome")));
    if (input.kind() == FlowInput::KIND_UNSPECIFIED) return "outcome: is not known";
  } else {
    return "on: is not one of ours";
  }
  return "";
}

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::string StepQuery(int step, std::string_view on) {
  return absl::StrCat("&step=", step, "&on=", View(on));
}

std::string AskedWord(FlowInput::Kind outcome) {
  return absl::StrCat("asked&outcome=", View(OutcomeWord(outcome)));
}

std::string ReadQuestion(const Form& query, const Form& form, ReadFlowResponse& response) {
  dispatch::v1::FlowCall& call = *response.mutable_call();
  call.set_provider_call_id(ValueOf(form, "CallSid"));
  if (!IsSid(call.provider_call_id())) return "CallSid: is missing or malformed";
  call.set_from_phone(PhoneOf(ValueOf(form, "From")));
  call.set_to_phone(PhoneOf(ValueOf(form, "To")));
  const std::string session = ValueOf(query, "session");
  const std::string on = ValueOf(query, "on");
  FlowInput& input = *response.mutable_input();
  if (session.empty() && on.empty()) {
    const bool gone = IsOver(ValueOf(form, "CallStatus"));
    input.set_kind(gone ? FlowInput::CALLER_GONE : FlowInput::STARTED);
    return "";
  }
  if (!base::IsUuid(session)) return "session: is missing in the question's URL";
  call.set_session(session);
  input.set_step_number(IntOf(query, "step", 0));
  if (input.step_number() == 0) return "step: is missing in the question's URL";
  return ReadInput(on, query, form, input);
}

std::string_view OutcomeWord(FlowInput::Kind kind) {
  for (const Outcome& outcome : kOutcomes) {
    if (outcome.kind == kind) return outcome.word;
  }
  return "";
}

FlowInput::Kind OutcomeOfWord(std::string_view word) {
  for (const Outcome& outcome : kOutcomes) {
    if (outcome.word == word) return outcome.kind;
  }
  return FlowInput::KIND_UNSPECIFIED;
}

bool IsOver(std::string_view status) {
  return status == "completed" || status == "busy" || status == "no-answer" || status == "failed" ||
         status == "canceled";
}

}  // namespace ctc::providers::twiml
