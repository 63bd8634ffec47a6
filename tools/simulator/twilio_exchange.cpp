// Legs and TwiML. Conferences and recordings are in twilio_conference.cpp.
#include "tools/simulator/twilio_exchange.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

namespace ctc::simulator {
namespace {

constexpr absl::Duration kQueueDelay = absl::Milliseconds(5);
constexpr absl::Duration kRingDelay = absl::Milliseconds(5);
constexpr absl::Duration kSpeech = absl::Seconds(1);
constexpr size_t kKeptCalls = 200000;

absl::Duration SecondsOf(const std::string& text, int fallback) {
  int seconds = fallback;
  if (!absl::SimpleAtoi(text, &seconds)) seconds = fallback;
  return absl::Seconds(seconds);
}

std::string DialStatusOf(const TwilioCall& child) {
  return child.ended ? child.status : "completed";
}

}  // namespace

TwilioExchange::CallPtr TwilioExchange::FindCall(const Account& account,
                                                 const std::string& sid) const {
  const auto it = calls_.find(sid);
  return it == calls_.end() || it->second->account.sid != account.sid ? nullptr : it->second;
}

TwilioExchange::CallPtr TwilioExchange::NewCall(const Account& account, const std::string& to,
                                                const std::string& from) {
  auto call = std::make_shared<TwilioCall>(world_.executor(), account, "CA" + world_.RandomHex(32));
  call->to = to;
  call->from = from;
  call->created = absl::Now();
  call->timeout = world_.Scaled(absl::Seconds(60));
  return call;
}

void TwilioExchange::CountDial(const TwilioCall& call) {
  const std::string number = DialledNumber(call.to);
  world_.ledger().Dialled(number.empty() ? call.to : number, call.sid);
  // What the caller put into the callback's query names its own session.
  const std::string& url = call.status_callback.url;
  const size_t mark = url.find('?');
  if (mark == std::string::npos) return;
  const auto pairs = http::ParseForm(url.substr(mark + 1, url.find('#') - mark - 1));
  if (!pairs.ok()) return;
  for (const auto& [name, value] : *pairs) {
    world_.ledger().Referred(value);
    world_.ledger().Referred(absl::StrCat(value, "|", number));
  }
}

void TwilioExchange::Start(const CallPtr& call, const std::string& conference) {
  CountDial(*call);
  if (calls_.size() >= kKeptCalls) {
    std::erase_if(calls_, [](const auto& entry) { return entry.second->ended; });
  }
  calls_.emplace(call->sid, call);
  world_.Spawn(Run(call, conference), "call");
}

Form TwilioExchange::Standard(const TwilioCall& call) const {
  Form form = {{"CallSid", call.sid},        {"AccountSid", call.account.sid},
               {"From", call.from},          {"To", call.to},
               {"Caller", call.from},        {"Called", call.to},
               {"CallStatus", call.status},  {"ApiVersion", "2010-04-01"},
               {"Direction", call.direction}};
  if (!call.parent.empty()) form.emplace("ParentCallSid", call.parent);
  if (!call.answered_by.empty()) form.emplace("AnsweredBy", call.answered_by);
  return form;
}

void TwilioExchange::Progress(const CallPtr& call, const std::string& event, Form extra) {
  const int sequence = call->sequence++;
  if (!call->status_callback.Wants(event)) return;
  Form form = Standard(*call);
  if (event == "initiated") {
    form.erase("CallStatus");
    form.emplace("CallStatus", "initiated");
  }
  form.emplace("Timestamp", TwilioTime(absl::Now()));
  form.emplace("CallbackSource", "call-progress-events");
  form.emplace("SequenceNumber", std::to_string(sequence));
  form.merge(extra);
  callbacks_.Notify(call->sid, call->account, call->status_callback, std::move(form),
                    call->script.delivery, event == "completed");
}

Task<void> TwilioExchange::Wait(CallPtr call, absl::Duration duration) {
  if (call->ended) co_return;
  if (duration == absl::InfiniteDuration()) {
    call->wake.expires_at(asio::steady_timer::time_point::max());
  } else {
    call->wake.expires_after(absl::ToChronoNanoseconds(duration));
  }
  boost::system::error_code ignored;
  co_await call->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<void> TwilioExchange::Last(CallPtr call, absl::Duration duration) {
  const absl::Time end = absl::Now() + duration;
  while (!call->ended && absl::Now() < end) co_await Wait(call, end - absl::Now());
}

// Rings; false when the call ended unanswered.
Task<bool> TwilioExchange::Answered(CallPtr call) {
  const CallScript& script = call->script;
  co_await Last(call, kQueueDelay);
  if (call->ended) co_return false;
  Progress(call, "initiated");
  co_await Last(call, kRingDelay);
  if (script.ending == Ending::kUnallocated) End(call, "failed", 404);
  if (script.ending == Ending::kFailed) End(call, "failed", 503);
  if (call->ended) co_return false;
  call->status = "ringing";
  Progress(call, "ringing");
  const bool silent = script.ending == Ending::kNoAnswer || script.ring > call->timeout;
  co_await Last(call, silent ? call->timeout : script.ring);
  if (silent) End(call, "no-answer", 487);
  if (script.ending == Ending::kBusy) End(call, "busy", 486);
  if (script.ending == Ending::kRejected) End(call, "busy", 603);
  if (call->ended) co_return false;
  call->status = "in-progress";
  call->answered_at = absl::Now();
  if (script.ending == Ending::kMachine) call->answered_by = "machine_start";
  Progress(call, "answered");
  co_return true;
}

Task<void> TwilioExchange::Run(CallPtr call, std::string conference) {
  if (!co_await Answered(call)) co_return;
  if (call->record) {
    StartRecording(call->account, call->sid, "", "OutboundAPI", 1, call->recording_callback);
  }
  const ConferencePtr room = FindConference(call->account, conference);
  if (!conference.empty() && room != nullptr) Join(call, room);
  if (!call->twiml.empty() || !call->url.empty()) {
    co_await RunTwiml(call);
  } else {
    co_await Stay(call, call->script.talk);
  }
  // Taken elsewhere while it was talking: a child that was redirected, for one.
  if (call->redirected && !call->ended) co_await RunTwiml(call);
  End(call, "completed", 200);
}

// Until the party hangs up, is redirected, or loses its conference.
Task<void> TwilioExchange::Stay(CallPtr call, absl::Duration talk) {
  const bool in_conference = !call->conference.empty();
  const absl::Time end = absl::Now() + talk;
  while (!call->ended && !call->redirected && absl::Now() < end) {
    if (in_conference && call->conference.empty()) co_return;
    co_await Wait(call, talk == absl::InfiniteDuration() ? talk : end - absl::Now());
  }
}

void TwilioExchange::End(const CallPtr& call, const std::string& status, int sip_code) {
  if (call->ended) return;
  const bool silent = call->status == "queued" && status == "canceled";
  call->ended = true;
  call->status = status;
  call->ended_at = absl::Now();
  call->wake.cancel();
  Leave(call, "participant_hung_up");
  Form extra = {{"SipResponseCode", std::to_string(sip_code)}};
  for (const std::string& sid : call->recordings) {
    if (const auto it = recordings_.find(sid); it != recordings_.end()) StopRecording(it->second);
  }
  const int64_t seconds = absl::ToInt64Seconds(call->Talked(*call->ended_at));
  extra.emplace("CallDuration", std::to_string(seconds));
  if (call->answered_at.has_value()) {
    extra.emplace("Duration", std::to_string((seconds + 59) / 60));
  }
  if (!silent) Progress(call, "completed", std::move(extra));
  if (const CallPtr parent = FindCall(call->account, call->parent)) parent->wake.cancel();
}

void TwilioExchange::Redirect(const CallPtr& call, const std::string& twiml,
                              const std::string& url) {
  call->twiml = twiml;
  call->url = url;
  call->redirected = true;
  call->detached = true;
  call->wake.cancel();
  if (const CallPtr parent = FindCall(call->account, call->parent)) parent->wake.cancel();
}

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
  if (verb.name == "Dial") co_return co_await Dial(call, verb);
  if (verb.name == "Hangup") co_return true;
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
  if (verb.name == "Enqueue") {
    co_await Stay(call, absl::InfiniteDuration());
    co_return false;
  }
  const bool pause = verb.name == "Pause";
  co_await Wait(call, world_.Scaled(pause ? SecondsOf(verb.Attribute("length"), 1) : kSpeech));
  co_return false;
}

Task<bool> TwilioExchange::Dial(CallPtr call, const XmlElement& dial) {
  Form result;
  XmlElement number;
  number.text = dial.text;
  bool conference = false;
  for (const XmlElement& child : dial.children) {
    if (child.name == "Conference") conference = true;
    if (child.name == "Conference" || child.name == "Number") number = child;
  }
  if (conference) {
    result = co_await DialConference(call, number);
  } else if (!number.text.empty()) {
    result = co_await DialNumber(call, dial, number);
  }
  const std::string action = dial.Attribute("action");
  if (action.empty() || call->redirected) co_return false;
  Form form = Standard(*call);
  form.merge(result);
  const std::string twiml =
      co_await callbacks_.Fetch(call->account, action, dial.Attribute("method", "POST"), form);
  if (!call->ended && !call->redirected && twiml.find("<Response") != std::string::npos) {
    call->twiml = twiml;
    call->redirected = true;
  }
  co_return true;
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
