#include "tools/simulator/jambonz.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/crypto/crypto.h"

namespace ctc::simulator {
namespace {

using Json = nlohmann::json;

constexpr int kSpeechSeconds = 1;
constexpr absl::Duration kLimit = absl::Seconds(10);
constexpr int kMostApplications = 200;  // of one call: one that asks for itself must end some time

std::string Text(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) && object[name].is_string()
             ? object[name].get<std::string>()
             : "";
}

absl::Duration SecondsOf(const Json& object, const char* name, int fallback) {
  const bool number = object.contains(name) && object[name].is_number_integer();
  return absl::Seconds(number ? object[name].get<int>() : fallback);
}

// As many carriers write them.
std::string WithoutPlus(std::string number) {
  if (number.starts_with('+')) number.erase(0, 1);
  return number;
}

std::string TargetOf(const Json& verb) {
  const Json targets = verb.value("target", Json::array());
  if (!targets.is_array() || targets.empty()) return "";
  for (const char* name : {"number", "sipUri", "name"}) {
    if (std::string text = Text(targets[0], name); !text.empty()) return text;
  }
  return "";
}

std::string TextsOf(const Json& say) {
  const Json text = say.value("text", Json());
  if (text.is_string()) return text.get<std::string>();
  std::string all;
  for (const Json& one : text) {
    absl::StrAppend(&all, all.empty() ? "" : " ", one.is_string() ? one.get<std::string>() : "");
  }
  return all;
}

http::Response Refusal(int status, const char* message) {
  return JsonResponse(status, Json({{"msg", message}}).dump());
}

}  // namespace

Jambonz::Jambonz(World& world) : world_(world), poster_(world, 1, absl::ZeroDuration()) {}

Jambonz::CallPtr Jambonz::NewCall(const CallerPtr& caller) {
  auto call = std::make_shared<Call>(world_.executor());
  call->sid = absl::StrCat(world_.RandomHex(8), "-", world_.RandomHex(4), "-4", world_.RandomHex(3),
                           "-a", world_.RandomHex(3), "-", world_.RandomHex(12));
  call->caller = caller;
  calls_.emplace(call->sid, call);
  return call;
}

absl::StatusOr<std::string> Jambonz::Ring(const CallerPtr& caller) {
  const CallerScript& script = caller->script();
  if (script.answer_url.empty()) return absl::InvalidArgumentError("answer_url: is missing");
  if (script.secret.empty()) return absl::InvalidArgumentError("secret: is missing");
  const CallPtr call = NewCall(caller);
  call->from = script.from.empty() ? "anonymous" : WithoutPlus(script.from);
  call->to = WithoutPlus(script.to);
  call->script = world_.Script(script.from, true);
  world_.Spawn(Run(call), "jambonz caller");
  world_.Spawn(GiveUpLater(call, script.hang_up_after), "jambonz caller");
  return call->sid;
}

Task<void> Jambonz::GiveUpLater(CallPtr call, absl::Duration after) {
  if (after == absl::InfiniteDuration()) co_return;
  co_await world_.Sleep(world_.Scaled(after));
  End(call, call->answered ? "completed" : "no-answer", call->answered ? 200 : 487);
}

Task<void> Jambonz::Run(CallPtr call) {
  Tell(call);
  std::string hook = call->caller->script().answer_url;
  Json verbs = co_await Ask(call, std::move(hook), Json::object());
  for (int i = 0; i < kMostApplications && verbs.is_array() && !call->ended; ++i) {
    const Json application = std::exchange(verbs, Json());
    for (const Json& verb : application) {
      verbs = co_await RunVerb(call, verb);
      if (verbs.is_array() || call->ended) break;
    }
  }
  End(call, call->answered ? "completed" : "failed", call->answered ? 200 : 480);
}

Task<Json> Jambonz::RunVerb(CallPtr call, Json verb) {
  const std::string name = Text(verb, "verb");
  if (name == "sip:decline") {
    End(call, "failed", verb.value("status", 603));
  } else if (name == "hangup") {
    End(call, call->answered ? "completed" : "failed", call->answered ? 200 : 480);
  } else if (name == "pause") {
    call->caller->Heard(absl::StrCat("pause ", absl::ToInt64Seconds(SecondsOf(verb, "length", 1))));
    co_await Last(call, world_.Scaled(SecondsOf(verb, "length", 1)));
  } else if (name == "redirect") {
    Json nothing = Json::object();
    co_return co_await Ask(call, Text(verb, "actionHook"), std::move(nothing));
  } else if (name == "dial") {
    co_return co_await Dial(call, verb);
  } else if (name == "gather") {
    Answer(call);
    co_return co_await Gather(call, verb);
  } else if (name == "answer") {
    Answer(call);
  } else if (name == "say" || name == "play") {
    Answer(call);
    call->caller->Heard(name == "say" ? "say " + TextsOf(verb) : "play " + Text(verb, "url"));
    // What is limited is taken for music, which is longer than its limit.
    co_await Last(call, world_.Scaled(SecondsOf(verb, "timeoutSecs", kSpeechSeconds)));
  } else {
    End(call, "failed", 500);  // an application that cannot be understood
  }
  co_return Json();
}

// The first key ends what is said; without one it is heard to its end.
Task<Json> Jambonz::Gather(CallPtr call, const Json& verb) {
  const Json say = verb.value("say", Json::object());
  const Json play = verb.value("play", Json::object());
  if (say.contains("text")) call->caller->Heard("say " + TextsOf(say));
  if (play.contains("url")) call->caller->Heard("play " + Text(play, "url"));
  Question question;
  question.max_digits = verb.value("maxDigits", 0);
  question.finish_keys = Text(verb, "finishOnKey");
  question.timeout = SecondsOf(verb, "timeout", 15);
  const Entry entry = call->caller->Answer(question);
  const bool pressed = !entry.digits.empty() || !entry.finished.empty();
  co_await Last(call,
                world_.Scaled(pressed ? entry.took : absl::Seconds(kSpeechSeconds) + entry.took));
  if (call->ended) co_return Json();
  Json result = {{"reason", "timeout"}};
  if (pressed) {
    call->caller->Heard("keys " + entry.digits);
    result = {{"reason", "dtmfDetected"}, {"digits", entry.digits}};
  }
  co_return co_await Ask(call, Text(verb, "actionHook"), std::move(result));
}

Task<void> Jambonz::RingPhone(CallPtr call, CallPtr child, absl::Duration longest) {
  const auto fail = [&](Ending ending, const char* status, int sip_status) {
    if (child->script.ending == ending) End(child, status, sip_status);
  };
  Tell(child);
  fail(Ending::kUnallocated, "failed", 404);
  fail(Ending::kFailed, "failed", 503);
  if (child->ended) co_return;
  child->status = "ringing";
  child->sip_status = 180;
  Tell(child);
  const bool silent = child->script.ending == Ending::kNoAnswer || child->script.ring > longest;
  const absl::Time until = absl::Now() + (silent ? longest : child->script.ring);
  while (!call->ended && !child->ended && absl::Now() < until) {
    co_await Wait(call, until - absl::Now());
  }
  // Its timer and a caller that has gone both take the phone's call back.
  if (silent || call->ended) End(child, "no-answer", 487);
  fail(Ending::kBusy, "busy", 486);
  fail(Ending::kRejected, "failed", 603);
}

// Until one of the two has had enough.
Task<void> Jambonz::Talk(CallPtr call, CallPtr child) {
  Answer(child);
  Answer(call);
  call->caller->Heard("joined");
  const absl::Duration callers = world_.Scaled(call->caller->script().talk);
  const absl::Time until = absl::Now() + std::min(child->script.talk, callers);
  while (!call->ended && !child->ended && absl::Now() < until) {
    co_await Wait(call, until - absl::Now());
  }
  if (callers < child->script.talk) End(call, "completed", 200);
  End(child, "completed", 200);
}

Task<Json> Jambonz::Dial(CallPtr call, const Json& verb) {
  const CallPtr child = NewCall(call->caller);
  child->parent = call->sid;
  child->to = TargetOf(verb);
  child->from = Text(verb, "callerId");
  child->script = world_.Script(child->to, true);
  child->tag = verb.value("tag", Json());
  const std::string number = DialledNumber(child->to);
  world_.ledger().Dialled(number.empty() ? child->to : number, child->sid);
  call->caller->Heard("ring " + child->to);
  co_await RingPhone(call, child, world_.Scaled(SecondsOf(verb, "timeout", 60)));
  if (!child->ended) co_await Talk(call, child);
  Json result = {{"dial_call_status", child->status},
                 {"dial_sip_status", child->sip_status},
                 {"dial_call_sid", child->sid}};
  // As for a timer that ran out: the last that was heard of the phone.
  if (child->status == "no-answer") result["dial_call_status"] = "ringing";
  co_return co_await Ask(call, Text(verb, "actionHook"), std::move(result));
}

void Jambonz::Answer(const CallPtr& call) {
  if (call->answered || call->ended) return;
  call->answered = true;
  call->answered_at = absl::Now();
  call->status = "in-progress";
  call->sip_status = 200;
  Tell(call);
}

void Jambonz::End(const CallPtr& call, const std::string& status, int sip_status) {
  if (call->ended) return;
  call->ended = true;
  call->status = status;
  call->sip_status = sip_status;
  call->wake.cancel();
  if (call->parent.empty()) call->caller->Heard("end");
  if (const auto parent = calls_.find(call->parent); parent != calls_.end()) {
    parent->second->wake.cancel();
  }
  Tell(call);
}

Json Jambonz::Describe(const Call& call) const {
  Json json = {{"call_sid", call.sid},
               {"direction", call.parent.empty() ? "inbound" : "outbound"},
               {"from", call.from},
               {"to", call.to},
               {"call_id", call.sid + "@sbc"},
               {"call_status", call.status},
               {"sip_status", call.sip_status},
               {"account_sid", call.caller->script().account},
               {"application_sid", "app"}};
  if (!call.parent.empty()) json["parent_call_sid"] = call.parent;
  if (!call.tag.is_null()) json["customerData"] = call.tag;
  if (call.ended && call.answered_at.has_value()) {
    const absl::Duration talked = absl::Now() - *call.answered_at;
    json["duration"] = absl::ToInt64Seconds(talked);
  }
  return json;
}

http::ClientRequest Jambonz::Signed(const Call& call, const std::string& url,
                                    const Json& body) const {
  const std::string stamp = std::to_string(absl::ToUnixSeconds(absl::Now()));
  http::ClientRequest request;
  request.method = "POST";
  request.url = url;
  request.timeout = kLimit;
  request.max_response_bytes = 64 << 10;
  request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::string signature = crypto::ToHex(crypto::HmacSha256(
      call.caller->script().secret.Reveal(), absl::StrCat(stamp, ".", request.body)));
  request.headers = {{"Content-Type", "application/json"},
                     {"Jambonz-Signature", absl::StrCat("t=", stamp, ",v1=", signature)}};
  return request;
}

void Jambonz::Tell(const CallPtr& call) {
  const std::string& url = call->caller->script().event_url;
  if (url.empty()) return;
  const CallPtr caller = call->parent.empty() ? call : calls_.at(call->parent);
  poster_.Post(caller->sid, Signed(*call, url, Describe(*call)), caller->script.delivery,
               call->ended);
}

Task<Json> Jambonz::Ask(CallPtr call, std::string url, Json more) {
  Json body = Describe(*call);
  body.update(more);
  http::ClientRequest request = Signed(*call, url, body);
  world_.ledger().EventSent();
  const http::ClientResult result = co_await world_.client().Send(std::move(request));
  if (!result.ok() || result.response.status != 200) co_return Json();
  Json verbs = Json::parse(result.response.body, nullptr, false);
  co_return verbs.is_array() ? std::move(verbs) : Json();
}

Task<void> Jambonz::Wait(CallPtr call, absl::Duration duration) {
  if (call->ended) co_return;
  co_await UntilWoken(call->wake, duration);
}

Task<void> Jambonz::Last(CallPtr call, absl::Duration duration) {
  const absl::Time end = absl::Now() + duration;
  while (!call->ended && absl::Now() < end) co_await Wait(call, end - absl::Now());
}

Json Jambonz::LiveCalls() const {
  Json live = Json::array();
  for (const auto& [sid, call] : calls_) {
    if (call->ended) continue;
    Json json = Describe(*call);
    json["muted"] = call->muted;
    live.push_back(std::move(json));
  }
  return live;
}

http::Response Jambonz::Handle(const http::Request& request) {
  const std::vector<std::string> parts =
      PathParts(request.path);  // jambonz v1 Accounts SID Calls ID
  world_.ledger().Requested(request.method + " jambonz");
  if (!request.headers.Get("Authorization").starts_with("Bearer ")) {
    return Refusal(401, "unauthorized");
  }
  if (parts.size() == 4) return JsonResponse(200, Json({{"account_sid", parts[3]}}).dump());
  const auto found = parts.size() == 6 ? calls_.find(parts[5]) : calls_.end();
  if (found == calls_.end()) return Refusal(404, "no such call");
  const CallPtr call = found->second;
  if (request.method == "GET") {
    return JsonResponse(200, Json({{"sid", call->sid}, {"call_status", call->status}}).dump());
  }
  if (call->ended) return Refusal(422, "call session is gone");
  if (request.method == "DELETE") {
    End(call, call->answered ? "completed" : "no-answer", call->answered ? 200 : 487);
    return JsonResponse(204, "");
  }
  const Json body = Json::parse(request.body, nullptr, false);
  call->muted = Text(body, "mute_status") == "mute";
  return JsonResponse(202, "{}");
}

}  // namespace ctc::simulator
