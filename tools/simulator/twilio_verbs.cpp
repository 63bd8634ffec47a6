// What TwiML makes of a call: prompts, questions, messages and dialling.
#include <absl/strings/numbers.h>

#include <algorithm>

#include "tools/simulator/twilio_exchange.h"

namespace ctc::simulator {
namespace {

constexpr absl::Duration kSpeech = absl::Seconds(1);

int NumberOf(const std::string& text, int fallback) {
  int number = fallback;
  return absl::SimpleAtoi(text, &number) ? number : fallback;
}

absl::Duration SecondsOf(const std::string& text, int fallback) {
  return absl::Seconds(NumberOf(text, fallback));
}

void TellPrompt(const TwilioCall& call, const XmlElement& verb) {
  if (verb.name == "Say") call.Heard("say " + verb.text);
  if (verb.name == "Play") call.Heard("play " + verb.text);
}

std::string DialStatusOf(const TwilioCall& child) {
  return child.ended ? child.status : "completed";
}

}  // namespace

Task<void> TwilioExchange::RunTwiml(CallPtr call) {
  bool again = true;
  while (again && !call->ended) {
    call->redirected = false;
    if (call->twiml.empty()) {
      const Form form = Standard(*call);
      call->twiml = co_await callbacks_.Fetch(call->account, call->url, "POST", form);
    }
    const absl::StatusOr<XmlElement> document = ParseXml(call->twiml);
    again = false;
    if (!document.ok() || document->name != "Response") co_return;
    for (const XmlElement& verb : document->children) {
      if (call->ended || call->redirected) break;
      const bool over = co_await RunVerb(call, verb);
      if (over) break;
    }
    again = call->redirected;
  }
}

Task<bool> TwilioExchange::RunVerb(CallPtr call, const XmlElement& verb) {
  if (verb.name == "Reject") {
    End(call, verb.Attribute("reason") == "busy" ? "busy" : "no-answer", 603);
    co_return true;
  }
  if (verb.name == "Redirect") {
    call->twiml.clear();
    call->url = verb.text;
    call->redirected = true;
    co_return true;
  }
  if (verb.name == "Pause") {
    call->Heard("pause " + verb.Attribute("length", "1"));
    co_await Stay(call, world_.Scaled(SecondsOf(verb.Attribute("length"), 1)));
    co_return false;
  }
  PickUp(call);
  if (verb.name == "Dial") co_return co_await Dial(call, verb);
  if (verb.name == "Gather") co_return co_await Gather(call, verb);
  if (verb.name == "Record") co_return co_await Record(call, verb);
  if (verb.name == "Hangup") co_return true;
  if (verb.name == "Enqueue") {
    co_await Stay(call, absl::InfiniteDuration());
    co_return false;
  }
  TellPrompt(*call, verb);
  co_await Stay(call, world_.Scaled(kSpeech));
  co_return false;
}

// A caller's call is answered by the first verb that needs it to be.
void TwilioExchange::PickUp(const CallPtr& call) {
  if (call->caller == nullptr || call->ended || call->answered_at.has_value()) return;
  call->status = "in-progress";
  call->answered_at = absl::Now();
}

// The first key ends what is said; without one it is heard to its end.
Task<bool> TwilioExchange::Gather(CallPtr call, const XmlElement& gather) {
  absl::Duration prompts;
  for (const XmlElement& prompt : gather.children) {
    TellPrompt(*call, prompt);
    prompts += kSpeech;
  }
  Question question;
  question.max_digits = NumberOf(gather.Attribute("numDigits"), 0);
  question.finish_keys = gather.Attribute("finishOnKey", "#");
  question.timeout = SecondsOf(gather.Attribute("timeout"), 5);
  Entry entry;
  entry.took = question.timeout;
  if (call->caller != nullptr) entry = call->caller->Answer(question);
  const bool pressed = !entry.digits.empty() || !entry.finished.empty();
  co_await Stay(call, world_.Scaled(pressed ? entry.took : prompts + entry.took));
  if (call->ended || call->redirected) co_return true;
  if (pressed) call->Heard("keys " + entry.digits);
  if (!pressed && !IsTrue(gather.Attribute("actionOnEmptyResult"), false)) co_return false;
  Form result = {{"Digits", entry.digits}};
  if (!entry.finished.empty()) result.emplace("FinishedOnKey", entry.finished);
  co_return co_await Ask(call, gather.Attribute("action", call->url),
                         gather.Attribute("method", "POST"), std::move(result));
}

Task<std::string> TwilioExchange::Speak(CallPtr call, const XmlElement& record) {
  const absl::Duration silence = SecondsOf(record.Attribute("timeout"), 5);
  const absl::Duration wanted =
      call->caller == nullptr ? absl::ZeroDuration() : call->caller->script().message;
  const absl::Duration longest = SecondsOf(record.Attribute("maxLength"), 3600);
  co_await Stay(call, world_.Scaled(std::min(wanted, longest)));
  if (call->ended) co_return "hangup";
  if (wanted >= longest) co_return "";
  Question question;
  question.finish_keys = record.Attribute("finishOnKey", "1234567890*#");
  question.timeout = silence;
  Entry entry;
  entry.took = silence;
  if (call->caller != nullptr) entry = call->caller->Answer(question);
  co_await Stay(call, world_.Scaled(entry.finished.empty() ? silence : entry.took));
  co_return call->ended ? "hangup" : entry.finished;
}

// Silence alone asks nothing: the next verb runs.
Task<bool> TwilioExchange::Record(CallPtr call, const XmlElement& record) {
  const absl::Time began = absl::Now();
  const std::string ended_by = co_await Speak(call, record);
  const bool silent =
      call->caller == nullptr || call->caller->script().message == absl::ZeroDuration();
  if (call->redirected || silent) co_return call->redirected;
  const int64_t seconds = absl::ToInt64Seconds((absl::Now() - began) * world_.options().speed);
  if (!call->ended) call->Heard("message " + std::to_string(seconds));
  TwilioRecording& recording =
      StartRecording(call->account, call->sid, "", "RecordVerb", 1,
                     ReadCallback(record, "recordingStatusCallback", "completed"));
  recording.started = absl::Now() - absl::Seconds(seconds);
  StopRecording(recording);
  Form result = {{"RecordingUrl", RecordingUrl(recording)},
                 {"RecordingSid", recording.sid},
                 {"RecordingDuration", std::to_string(seconds)}};
  if (!ended_by.empty()) result.emplace("Digits", ended_by);
  co_return co_await Ask(call, record.Attribute("action", call->url),
                         record.Attribute("method", "POST"), std::move(result));
}

Task<bool> TwilioExchange::Dial(CallPtr call, const XmlElement& dial) {
  Form result;
  XmlElement number;
  number.text = dial.text;
  bool conference = false;
  for (const XmlElement& child : dial.children) {
    if (child.name == "Conference") conference = true;
    const bool phone = child.name == "Number" || child.name == "Sip";
    if (child.name == "Conference" || phone) number = child;
  }
  if (conference) {
    result = co_await DialConference(call, number);
  } else if (!number.text.empty()) {
    result = co_await DialNumber(call, dial, number);
  }
  const std::string action = dial.Attribute("action");
  if (action.empty() || call->redirected) co_return false;
  co_return co_await Ask(call, action, dial.Attribute("method", "POST"), std::move(result));
}

Task<bool> TwilioExchange::Ask(CallPtr call, std::string url, std::string method, Form result) {
  Form form = Standard(*call);
  form.merge(result);
  const std::string twiml = co_await callbacks_.Fetch(call->account, url, method, form);
  if (!call->ended && !call->redirected && twiml.find("<Response") != std::string::npos) {
    call->twiml = twiml;
    call->redirected = true;
  }
  co_return true;
}

// A caller hangs up when it has had enough.
Task<void> TwilioExchange::TalkToNumber(CallPtr call, CallPtr child) {
  while (!child->ended && !call->ended && !child->answered_at.has_value()) {
    co_await world_.Sleep(absl::Milliseconds(20));
  }
  if (child->ended || call->ended) co_return;
  call->Heard("joined");
  const absl::Duration talk = call->caller->script().talk;
  if (talk == absl::InfiniteDuration()) co_return;
  co_await world_.Sleep(world_.Scaled(talk));
  if (!child->ended) End(call, "completed", 200);
}

Task<Form> TwilioExchange::DialNumber(CallPtr call, const XmlElement& dial,
                                      const XmlElement& number) {
  CallPtr child = NewCall(call->account, number.text, dial.Attribute("callerId", call->to));
  child->direction = "outbound-dial";
  child->parent = call->sid;
  child->script = world_.Script(child->to, false);
  child->timeout = world_.Scaled(SecondsOf(dial.Attribute("timeout"), 30));
  child->status_callback = ReadCallback(number, "statusCallback", "completed");
  Start(child, "");
  call->Heard("ring " + child->to);
  if (call->caller != nullptr) world_.Spawn(TalkToNumber(call, child), "caller");
  std::string recording;
  const bool records = dial.Attribute("record", "do-not-record") != "do-not-record";
  while (!child->ended && !child->detached && !call->ended && !call->redirected) {
    co_await Wait(call,
                  records && recording.empty() ? absl::Milliseconds(20) : absl::InfiniteDuration());
    if (!records || !recording.empty() || !child->answered_at.has_value()) continue;
    const bool dual = dial.Attribute("record").find("dual") != std::string::npos;
    const Callback callback = ReadCallback(dial, "recordingStatusCallback", "completed");
    recording =
        StartRecording(call->account, call->sid, "", "DialVerb", dual ? 2 : 1, callback).sid;
  }
  if (!child->detached) End(child, child->answered_at.has_value() ? "completed" : "canceled", 487);
  if (const auto it = recordings_.find(recording); it != recordings_.end()) {
    StopRecording(it->second);
  }
  Form result = {{"DialCallStatus", DialStatusOf(*child)}, {"DialCallSid", child->sid}};
  result.emplace("DialBridged", child->answered_at.has_value() ? "true" : "false");
  const absl::Duration talked = child->Talked(absl::Now());
  result.emplace("DialCallDuration", std::to_string(absl::ToInt64Seconds(talked)));
  co_return result;
}

}  // namespace ctc::simulator
