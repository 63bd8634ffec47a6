#include "tools/simulator/exotel_callers.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "tools/simulator/poster.h"

namespace ctc::simulator {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(15);
constexpr absl::Duration kSpeech = absl::Milliseconds(500);
constexpr int kMostRounds = 60;

void Set(Pairs& fields, const std::string& name, const std::string& value) {
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  fields.emplace_back(name, value);
}

int IntOf(const Json& json, const char* name, int fallback) {
  return json.is_object() && json.contains(name) && json[name].is_number_integer()
             ? json[name].get<int>()
             : fallback;
}

std::string DialStatusOf(Ending ending) {
  switch (ending) {
    case Ending::kBusy:
    case Ending::kRejected:
      return "busy";
    case Ending::kNoAnswer:
      return "no-answer";
    case Ending::kFailed:
    case Ending::kUnallocated:
      return "failed";
    default:
      return "completed";
  }
}

}  // namespace

absl::StatusOr<std::string> ExotelCallers::Ring(const CallerPtr& caller) {
  if (caller->script().answer_url.empty()) {
    return absl::FailedPreconditionError("answer_url: is needed for an ExoPhone");
  }
  const auto call = std::make_shared<Call>();
  call->sid = world_.RandomHex(31) + "m";
  call->caller = caller;
  call->began = absl::Now();
  Set(call->outcome, "CallType", "call-attempt");
  world_.Spawn(Run(call), "Exotel caller");
  return call->sid;
}

bool ExotelCallers::HasLeft(const Call& call) const {
  const absl::Duration stays = world_.Scaled(call.caller->script().hang_up_after);
  return absl::Now() - call.began >= stays;
}

Task<http::Response> ExotelCallers::Ask(CallPtr call, std::string url, Pairs more) {
  const CallerScript& script = call->caller->script();
  const std::string from = script.from.empty() ? "" : ExotelNumber(script.from);
  Pairs fields = {{"CallSid", call->sid},
                  {"CallFrom", from},
                  {"From", from},
                  {"CallTo", ExotelNumber(script.to)},
                  {"To", ExotelNumber(script.to)},
                  {"Direction", "incoming"},
                  {"CurrentTime", IndianTime(absl::Now())},
                  {"EndTime", "1970-01-01 05:30:00"},
                  {"CallStatus", "in-progress"},
                  {"flow_id", "null"}};
  fields.insert(fields.end(), call->outcome.begin(), call->outcome.end());
  if (!call->digits.empty()) fields.emplace_back("digits", "\"" + call->digits + "\"");
  fields.insert(fields.end(), more.begin(), more.end());
  http::ClientRequest request;
  request.url = WithQuery(url, fields);
  request.timeout = kLimit;
  world_.ledger().EventSent();
  http::ClientResult result = co_await world_.client().Send(std::move(request));
  http::Response response;
  response.status = result.response.status;
  response.body = std::move(result.response.body);
  co_return response;
}

Task<http::Response> ExotelCallers::AskApplet(CallPtr call, std::string applet) {
  const std::string url = call->caller->script().answer_url + "&applet=" + applet;
  Pairs nothing;
  co_return co_await Ask(call, url, std::move(nothing));
}

Task<bool> ExotelCallers::Passes(CallPtr call, std::string applet) {
  const http::Response response = co_await AskApplet(call, std::move(applet));
  co_return response.status == 200;
}

Task<void> ExotelCallers::Greet(CallPtr call) {
  const http::Response response = co_await AskApplet(call, "greeting");
  if (response.status != 200 || response.body.empty()) co_return;
  const bool sound = response.body.starts_with("http");
  call->caller->Heard((sound ? "play " : "say ") + response.body);
  co_await world_.Sleep(world_.Scaled(kSpeech));
}

Task<void> ExotelCallers::Run(CallPtr call) {
  bool goes_on = true;
  for (int round = 0; goes_on && round < kMostRounds && !HasLeft(*call); ++round) {
    goes_on = co_await Round(call);
  }
  const bool left = goes_on && !call->talked;
  if (left) Set(call->outcome, "CallType", "client-hangup");
  if (!goes_on) co_await Greet(call);
  call->caller->Heard("end");
  const std::string event_url = call->caller->script().event_url;
  if (event_url.empty()) co_return;
  Pairs nothing;
  co_await Ask(call, event_url + "&applet=end", std::move(nothing));
}

Task<bool> ExotelCallers::Round(CallPtr call) {
  if (co_await Passes(call, "is_gather")) co_return co_await GatherKeys(call);
  if (co_await Passes(call, "is_dial")) co_return co_await DialAgent(call);
  if (co_await Passes(call, "is_voicemail")) co_return co_await LeaveMessage(call);
  if (co_await Passes(call, "is_over")) co_return false;
  co_await Greet(call);
  co_return co_await Passes(call, "heard");
}

Task<bool> ExotelCallers::GatherKeys(CallPtr call) {
  const http::Response response = co_await AskApplet(call, "gather");
  const Json json = Json::parse(response.body, nullptr, false);
  if (response.status != 200 || !json.is_object()) co_return false;
  const Json prompt = json.value("gather_prompt", Json::object());
  if (prompt.contains("text")) call->caller->Heard("say " + prompt["text"].get<std::string>());
  if (prompt.contains("audio_url")) {
    call->caller->Heard("play " + prompt["audio_url"].get<std::string>());
  }
  Question question;
  question.max_digits = IntOf(json, "max_input_digits", 0);
  question.finish_keys = json.value("finish_on_key", "");
  question.timeout = absl::Seconds(IntOf(json, "input_timeout", 5));
  const Entry entry = call->caller->Answer(question);
  co_await world_.Sleep(world_.Scaled(entry.took));
  if (!entry.digits.empty()) call->caller->Heard("keys " + entry.digits);
  if (HasLeft(*call)) co_return true;
  call->digits = entry.digits;
  const bool passes = co_await Passes(call, "digits");
  call->digits.clear();
  co_return passes;
}

// A phone of an agent: its ringing is told as "busy", its release as "free".
Task<void> ExotelCallers::RingAgent(CallPtr call, std::string number, std::string event_url) {
  CallScript script = world_.Script(number, true);
  const Pairs ringing = {{"EventType", "Dial"}, {"Status", "busy"}, {"DialWhomNumber", number}};
  const Pairs answered = {
      {"EventType", "Dial"}, {"Status", "answered"}, {"DialWhomNumber", number}};
  const Pairs released = {{"EventType", "Dial"}, {"Status", "free"}, {"DialWhomNumber", number}};
  call->caller->Heard("ring " + number);
  if (!event_url.empty()) co_await Ask(call, event_url, ringing);
  co_await world_.Sleep(script.ring);
  const std::string status = DialStatusOf(script.ending);
  Set(call->outcome, "DialWhomNumber", number);
  Set(call->outcome, "DialCallStatus", status);
  Set(call->outcome, "CallType", status == "completed" ? "completed" : "incomplete");
  if (status == "completed") {
    call->talked = true;
    call->caller->Heard("joined");
    if (!event_url.empty()) co_await Ask(call, event_url, answered);
    const absl::Time joined = absl::Now();
    const absl::Duration talk = std::min(call->caller->script().talk, absl::Seconds(30));
    co_await world_.Sleep(world_.Scaled(talk));
    const int64_t seconds = absl::ToInt64Seconds(absl::Now() - joined);
    Set(call->outcome, "DialCallDuration", std::to_string(seconds));
    Set(call->outcome, "Legs[1][OnCallDuration]", std::to_string(seconds));
  }
  if (!event_url.empty()) co_await Ask(call, event_url, released);
}

Task<bool> ExotelCallers::DialAgent(CallPtr call) {
  co_await Greet(call);
  const http::Response response = co_await AskApplet(call, "connect");
  const Json json = Json::parse(response.body, nullptr, false);
  if (response.status == 200 && json.is_object()) {
    const Json destination = json.value("destination", Json::object());
    const Json numbers = destination.value("numbers", Json::array());
    const std::string event_url = json.value("dial_passthru_event_url", "");
    for (const Json& number : numbers) {
      co_await RingAgent(call, number.get<std::string>(), event_url);
      if (call->talked) break;
    }
  }
  const bool passes = co_await Passes(call, "dialled");
  // The caller hangs up after the talk.
  co_return passes && !call->talked;
}

Task<bool> ExotelCallers::LeaveMessage(CallPtr call) {
  co_await Greet(call);
  const absl::Duration message = call->caller->script().message;
  co_await world_.Sleep(world_.Scaled(message));
  call->caller->Heard(absl::StrCat("message ", absl::ToInt64Seconds(message)));
  Set(call->outcome, "CallType", "voicemail");
  Set(call->outcome, "RecordingUrl",
      absl::StrCat(world_.options().public_url, "/exotelrecordings/inbound/", call->sid, ".mp3"));
  co_return co_await Passes(call, "voicemail");
}

}  // namespace ctc::simulator
