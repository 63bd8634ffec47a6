#include "libs/providers/twiml/step.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/providers/twiml/form.h"
#include "libs/providers/twiml/question.h"

namespace ctc::providers::twiml {
namespace {

using routing::v1::FlowStep;

// One step and how its switch is spoken to.
struct Context {
  const StepWords& words;
  const FlowStep& step;

  // For an attribute or a text.
  std::string Url(std::string_view on) const {
    return XmlEscape(words.flow_url(step.number(), on));
  }
};

// The silence that ends a message.
constexpr int kMessageSilence = 10;

std::string Prompts(const FlowStep& step) {
  std::string twiml;
  for (const FlowStep::Prompt& prompt : step.prompts()) {
    if (!prompt.audio_url().empty()) {
      absl::StrAppend(&twiml, "<Play>", XmlEscape(prompt.audio_url()), "</Play>");
      continue;
    }
    if (prompt.text().empty()) continue;
    const std::string language =
        prompt.language().empty()
            ? ""
            : absl::StrCat(" language=\"", XmlEscape(prompt.language()), "\"");
    absl::StrAppend(&twiml, "<Say", language, ">", XmlEscape(prompt.text()), "</Say>");
  }
  return twiml;
}

std::string Redirect(const Context& context, std::string_view on) {
  return RedirectTwiml(context.words.flow_url(context.step.number(), on));
}

// Prompts are inside, so that the first key ends them. Not every switch asks of silence by itself:
// then the next verb does.
std::string Gather(const Context& context) {
  const FlowStep::Gather& gather = context.step.gather();
  const std::string count =
      gather.max_digits() > 0 ? absl::StrCat("\" numDigits=\"", gather.max_digits()) : "";
  return absl::StrCat("<Gather action=\"", context.Url("gather"),
                      "\" method=\"POST\" input=\"dtmf\" actionOnEmptyResult=\"true\" timeout=\"",
                      std::max(1, gather.timeout_seconds()), "\" finishOnKey=\"",
                      XmlEscape(gather.finish_on_key()), count, "\">", Prompts(context.step),
                      "</Gather>",
                      context.words.asks_of_silence ? "" : Redirect(context, "silence"));
}

std::string Wait(const Context& context) {
  const FlowStep::Wait& wait = context.step.wait();
  const std::string pause =
      wait.music_url().empty()
          ? absl::StrCat("<Pause length=\"", std::max(1, wait.seconds()), "\"/>")
          : absl::StrCat("<Play>", XmlEscape(wait.music_url()), "</Play>");
  return pause + Redirect(context, "done");
}

// Silence asks nothing: the next verb does.
std::string Voicemail(const Context& context) {
  const FlowStep::Voicemail& voicemail = context.step.voicemail();
  const std::string longest =
      voicemail.max_seconds() > 0 ? absl::StrCat("\" maxLength=\"", voicemail.max_seconds()) : "";
  // Any key, where none is named.
  const std::string key =
      voicemail.finish_on_key().empty()
          ? ""
          : absl::StrCat("\" finishOnKey=\"", XmlEscape(voicemail.finish_on_key()));
  return absl::StrCat(
      "<Record action=\"", context.Url("record"), "\" method=\"POST\" playBeep=\"true\" timeout=\"",
      kMessageSilence, key, longest, "\" recordingStatusCallback=\"",
      XmlEscape(context.words.recording_url),
      "\" recordingStatusCallbackEvent=\"completed absent\"/>", Redirect(context, "silence"));
}

// A caller that is not wanted, and has heard nothing yet, is not even answered.
std::string HangUp(const FlowStep& step) {
  const bool unheard = step.number() <= 1 && step.prompts().empty();
  const bool blocked = step.hang_up().reason() == session::v1::BLOCKED_BY_POLICY;
  return unheard && blocked ? "<Reject/>" : "<Hangup/>";
}

}  // namespace

std::string StepTwiml(const StepWords& words, const FlowStep& step) {
  const Context context{words, step};
  std::string verbs;
  switch (step.then_case()) {
    case FlowStep::kGather:
      verbs = Gather(context);
      break;
    case FlowStep::kDial:
      verbs = Prompts(step) + words.dial(step);
      break;
    case FlowStep::kWait:
      verbs = Prompts(step) + Wait(context);
      break;
    case FlowStep::kVoicemail:
      verbs = Prompts(step) + Voicemail(context);
      break;
    case FlowStep::kHangUp:
      verbs = Prompts(step) + HangUp(step);
      break;
    case FlowStep::THEN_NOT_SET:
      verbs = Prompts(step) + Redirect(context, "done");
      break;
  }
  return absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>", verbs, "</Response>");
}

std::string RedirectTwiml(std::string_view url) {
  return absl::StrCat("<Redirect method=\"POST\">", XmlEscape(url), "</Redirect>");
}

}  // namespace ctc::providers::twiml
