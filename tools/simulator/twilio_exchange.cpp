// Legs. What TwiML makes of them is in twilio_verbs.cpp, conferences and recordings are in
// twilio_conference.cpp.
#include "tools/simulator/twilio_exchange.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace ctc::simulator {
namespace {

constexpr absl::Duration kQueueDelay = absl::Milliseconds(5);
constexpr absl::Duration kRingDelay = absl::Milliseconds(5);
constexpr size_t kKeptCalls = 200000;

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

bool TwilioExchange::HasTold(const TwilioCall& call) const {
  return (call.sequence > 0 || call.ended) && callbacks_.IsIdle(call.sid);
}

Task<void> TwilioExchange::Wait(CallPtr call, absl::Duration duration) {
  if (call->ended) co_return;
  co_await UntilWoken(call->wake, duration);
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
  call->Heard("end");
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

}  // namespace ctc::simulator
