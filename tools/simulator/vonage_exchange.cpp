// Legs and NCCOs.
#include "tools/simulator/vonage_exchange.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "tools/simulator/poster.h"

namespace ctc::simulator {
namespace {

constexpr absl::Duration kStartDelay = absl::Milliseconds(5);
constexpr absl::Duration kSpeech = absl::Seconds(1);
constexpr absl::Duration kLimit = absl::Seconds(5);
constexpr size_t kKeptLegs = 100000;
constexpr int kMaxNccos = 200;  // of one leg: an NCCO that asks for itself must end some time

std::string Text(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) && object[name].is_string()
             ? object[name].get<std::string>()
             : "";
}

// The one URL of "eventUrl" and its like.
std::string UrlOf(const Json& action, const char* name) {
  const Json value = action.is_object() ? action.value(name, Json()) : Json();
  return value.is_array() && !value.empty() && value[0].is_string() ? value[0].get<std::string>()
                                                                    : "";
}

absl::Duration SecondsOf(const Json& object, const char* name, double fallback) {
  const Json value = object.is_object() ? object.value(name, Json()) : Json();
  return absl::Seconds(value.is_number() ? value.get<double>() : fallback);
}

// Those who end the conversation when they leave are customers; the others answer soon and stay.
bool IsAgent(const Json& ncco) {
  if (ncco.empty()) return true;
  return Text(ncco[0], "action") != "conversation" || !ncco[0].value("endOnExit", false);
}

}  // namespace

VonageExchange::VonageExchange(World& world)
    : world_(world), poster_(world, 1, absl::ZeroDuration()) {}

std::string VonageExchange::NewUuid() {
  return absl::StrCat(world_.RandomHex(8), "-", world_.RandomHex(4), "-4", world_.RandomHex(3),
                      "-a", world_.RandomHex(3), "-", world_.RandomHex(12));
}

VonageExchange::LegPtr VonageExchange::Find(const std::string& application,
                                            const std::string& uuid) const {
  const auto it = legs_.find(uuid);
  return it == legs_.end() || it->second->application.id != application ? nullptr : it->second;
}

VonageExchange::LegPtr VonageExchange::NewLeg(const VonageApplication& application) {
  auto leg = std::make_shared<VonageLeg>(world_.executor(), application);
  leg->uuid = NewUuid();
  leg->conversation = "CON-" + NewUuid();
  leg->created = absl::Now();
  return leg;
}

void VonageExchange::Dial(const LegPtr& leg) {
  const std::string number = DialledNumber(EndpointText(leg->to));
  world_.ledger().Dialled(number.empty() ? EndpointText(leg->to) : number, leg->uuid);
  // What the caller put into the event URL's query names its own session.
  const size_t mark = leg->event_url.find('?');
  const auto pairs =
      http::ParseForm(mark == std::string::npos ? "" : leg->event_url.substr(mark + 1));
  if (pairs.ok()) {
    for (const auto& [name, value] : *pairs) {
      world_.ledger().Referred(value);
      world_.ledger().Referred(absl::StrCat(value, "|", number));
    }
  }
  leg->script = world_.Script(EndpointText(leg->to), leg->parent.empty() && IsAgent(leg->ncco));
  if (legs_.size() >= kKeptLegs) {
    std::erase_if(legs_, [](const auto& entry) { return entry.second->ended; });
  }
  legs_.emplace(leg->uuid, leg);
  if (leg->script.dials) world_.Spawn(RunOutbound(leg), "Vonage call");
}

absl::StatusOr<std::string> VonageExchange::Ring(CallerPtr caller) {
  const CallerScript& script = caller->script();
  if (script.account.empty() || script.answer_url.empty()) {
    return absl::InvalidArgumentError("account and answer_url: are needed for Vonage");
  }
  const LegPtr leg = NewLeg({script.account, script.secret});
  leg->caller = caller;
  leg->direction = "inbound";
  leg->status = "ringing";
  leg->event_url = script.event_url;
  leg->answer_url = script.answer_url;
  const auto number = [](std::string text) {
    if (text.starts_with('+')) text.erase(0, 1);
    return Json{{"type", "phone"}, {"number", text}};
  };
  leg->from = number(script.from);
  leg->to = number(script.to);
  legs_.emplace(leg->uuid, leg);
  world_.Spawn(RunInbound(leg), "Vonage caller");
  if (script.hang_up_after != absl::InfiniteDuration()) {
    world_.Spawn(GiveUpAfter(leg, world_.Scaled(script.hang_up_after)), "Vonage caller's patience");
  }
  return leg->uuid;
}

Task<void> VonageExchange::GiveUpAfter(LegPtr leg, absl::Duration wait) {
  co_await world_.Sleep(wait);
  HangUp(leg);
}

Task<void> VonageExchange::Wait(LegPtr leg, absl::Duration duration) {
  if (leg->ended || leg->moved) co_return;
  co_await UntilWoken(leg->wake, duration);
}

Task<void> VonageExchange::Last(LegPtr leg, absl::Duration duration) {
  const absl::Time end = absl::Now() + duration;
  while (!leg->ended && !leg->moved && absl::Now() < end) {
    co_await Wait(leg, duration == absl::InfiniteDuration() ? duration : end - absl::Now());
  }
}

Task<bool> VonageExchange::Rings(LegPtr leg) {
  co_await Last(leg, kStartDelay);
  if (leg->ended) co_return false;
  Tell(leg, "started");
  if (leg->script.ending == Ending::kUnallocated) End(leg, "failed", 404);
  if (leg->script.ending == Ending::kFailed) End(leg, "failed", 503);
  if (leg->ended) co_return false;
  leg->status = "ringing";
  Tell(leg, "ringing");
  const bool silent = leg->script.ending == Ending::kNoAnswer || leg->script.ring > leg->ringing;
  co_await Last(leg, silent ? leg->ringing : leg->script.ring);
  if (silent) End(leg, "timeout", 0);
  if (leg->script.ending == Ending::kBusy) End(leg, "busy", 486);
  if (leg->script.ending == Ending::kRejected) End(leg, "rejected", 603);
  if (leg->ended) co_return false;
  leg->status = "answered";
  leg->answered_at = absl::Now();
  const Json times = {
      {"start_time", VonageTime(*leg->answered_at)}, {"rate", "0.00450000"}, {"network", nullptr}};
  Tell(leg, "answered", times);
  if (leg->script.ending == Ending::kMachine) Tell(leg, "machine");
  co_return true;
}

Task<void> VonageExchange::RunOutbound(LegPtr leg) {
  if (!co_await Rings(leg)) co_return;
  co_await RunNcco(leg);
  End(leg, "completed", 200);
}

Task<void> VonageExchange::RunInbound(LegPtr leg) {
  Tell(leg, "started");
  Tell(leg, "ringing");
  leg->status = "answered";
  leg->answered_at = absl::Now();
  Tell(leg, "answered", {{"start_time", nullptr}, {"rate", nullptr}, {"network", nullptr}});
  leg->script.talk = absl::InfiniteDuration();
  co_await RunNcco(leg);
  End(leg, "completed", 200);
  leg->caller->Heard("end");
}

void VonageExchange::HangUp(const LegPtr& leg) {
  if (!leg->ended) End(leg, leg->answered_at.has_value() ? "completed" : "cancelled", 487);
}

void VonageExchange::Move(const LegPtr& leg, Json ncco, std::string url) {
  leg->ncco = std::move(ncco);
  leg->answer_url = std::move(url);
  leg->moved = true;
  leg->wake.cancel();
}

void VonageExchange::End(const LegPtr& leg, const std::string& status, int sip_code) {
  if (leg->ended) return;
  leg->ended = true;
  leg->ended_at = absl::Now();
  leg->status = status;
  leg->wake.cancel();
  Leave(leg, true);
  Json extra = {{"sip_code", sip_code}};
  if (status == "failed")
    extra["detail"] = sip_code == 404 ? "number_out_of_service" : "internal_error";
  if (status == "rejected") extra["detail"] = "declined";
  if (status != "completed") Tell(leg, status, extra);
  // Every end but a rejection is followed by a completed.
  if (status != "rejected") {
    const Json record = VonageCallJson(*leg);
    Json completed = {{"end_time", VonageTime(*leg->ended_at)}, {"disconnected_by", "user"}};
    for (const char* name : {"duration", "rate", "price", "network"})
      completed[name] = record[name];
    if (leg->answered_at.has_value()) completed["start_time"] = VonageTime(*leg->answered_at);
    if (status == "completed") completed["sip_code"] = 200;
    Tell(leg, "completed", completed);
  }
  if (const auto parent = legs_.find(leg->parent); parent != legs_.end()) {
    parent->second->wake.cancel();
  }
}

Task<void> VonageExchange::RunNcco(LegPtr leg) {
  for (int i = 0; i < kMaxNccos && !leg->ended; ++i) {
    leg->moved = false;
    if (!leg->answer_url.empty()) {
      std::string url = std::exchange(leg->answer_url, "");
      leg->ncco = co_await Fetch(leg, std::move(url));
      if (!leg->ncco.is_array()) co_return;
    }
    const Json ncco = leg->ncco;
    Json next;
    for (const Json& action : ncco) {
      next = co_await RunAction(leg, action);
      if (leg->ended || leg->moved || next.is_array()) break;
    }
    if (leg->moved) continue;
    if (!next.is_array()) co_return;
    leg->ncco = std::move(next);
  }
}

Task<Json> VonageExchange::RunAction(LegPtr leg, Json action) {
  const std::string name = Text(action, "action");
  if (name == "talk" || name == "stream") co_return co_await Say(leg, action);
  if (name == "input") co_return co_await Input(leg, action);
  if (name == "record") co_return co_await Record(leg, action);
  if (name == "connect") co_return co_await Connect(leg, action);
  if (name == "notify") co_return co_await Notify(leg, action);
  if (name == "conversation") {
    co_await Converse(leg, action);
    co_return Json();
  }
  if (name == "wait") {
    if (leg->caller != nullptr) {
      leg->caller->Heard(
          absl::StrCat("pause ", absl::ToInt64Seconds(SecondsOf(action, "timeout", 10))));
    }
    co_await Last(leg, world_.Scaled(SecondsOf(action, "timeout", 10)));
    co_return Json();
  }
  const Json fault = {{"reason", "Syntax error in NCCO. Invalid value type or action."},
                      {"conversation_uuid", leg->conversation},
                      {"timestamp", VonageTime(absl::Now())}};
  Post(leg->application, leg->uuid, leg->event_url, fault, leg->script.delivery, false);
  co_return Json::array();
}

// What keys may interrupt is over at once: the input that follows is waiting already.
Task<Json> VonageExchange::Say(LegPtr leg, const Json& action) {
  const bool talk = Text(action, "action") == "talk";
  if (leg->caller != nullptr) {
    leg->caller->Heard(talk ? "say " + Text(action, "text") : "play " + UrlOf(action, "streamUrl"));
  }
  const bool endless = action.value("loop", 1) == 0;
  if (!action.value("bargeIn", false)) {
    co_await Last(leg, endless ? absl::InfiniteDuration() : world_.Scaled(kSpeech));
  }
  co_return Json();
}

Task<Json> VonageExchange::Input(LegPtr leg, const Json& action) {
  const Json dtmf = action.value("dtmf", Json::object());
  Question question;
  question.max_digits = dtmf.value("maxDigits", 4);
  question.finish_keys = dtmf.value("submitOnHash", false) ? "#" : "";
  question.timeout = SecondsOf(dtmf, "timeOut", 3);
  Entry entry;
  entry.took = question.timeout;
  if (leg->caller != nullptr) entry = leg->caller->Answer(question);
  co_await Last(leg, world_.Scaled(entry.took));
  if (leg->ended || leg->moved) co_return Json();
  if (leg->caller != nullptr) leg->caller->Heard("keys " + entry.digits);
  const bool complete =
      !entry.finished.empty() || static_cast<int>(entry.digits.size()) >= question.max_digits;
  const Json event = {{"speech", {{"error", "Speech was not enabled"}}},
                      {"dtmf", {{"digits", entry.digits}, {"timed_out", !complete}}},
                      {"from", EndpointText(leg->from)},
                      {"to", EndpointText(leg->to)},
                      {"uuid", leg->uuid},
                      {"conversation_uuid", leg->conversation},
                      {"timestamp", VonageTime(absl::Now())}};
  co_return co_await Ask(leg, UrlOf(action, "eventUrl"), event);
}

Task<Json> VonageExchange::Notify(LegPtr leg, const Json& action) {
  const Json event = {{"payload", action.value("payload", Json::object())},
                      {"conversation_uuid", leg->conversation},
                      {"timestamp", VonageTime(absl::Now())}};
  co_return co_await Ask(leg, UrlOf(action, "eventUrl"), event);
}

// A child leg in the same conversation; whatever becomes of it, the next action follows.
Task<Json> VonageExchange::Connect(LegPtr leg, const Json& action) {
  const LegPtr child = NewLeg(leg->application);
  child->conversation = leg->conversation;
  child->parent = leg->uuid;
  const Json endpoints = action.value("endpoint", Json::array());
  if (!endpoints.is_array() || endpoints.empty()) co_return Json();
  child->to = endpoints[0];
  child->from = {{"type", "phone"}, {"number", Text(action, "from")}};
  child->event_url = UrlOf(action, "eventUrl");
  if (child->event_url.empty()) child->event_url = leg->event_url;
  child->ringing = world_.Scaled(SecondsOf(action, "timeout", 60));
  child->ncco = Json::array({{{"action", "wait"}, {"timeout", 7200}}});
  Dial(child);
  const absl::Duration talk = child->script.talk;
  while (!child->ended && !leg->ended && !leg->moved) {
    const bool talks = child->answered_at.has_value();
    if (talks && absl::Now() - *child->answered_at >= talk) HangUp(child);
    co_await Wait(leg, talks ? talk : absl::Milliseconds(20));
  }
  HangUp(child);
  co_return Json();
}

http::ClientRequest VonageExchange::Signed(const VonageApplication& application,
                                           const std::string& url, const Json* event) {
  http::ClientRequest request;
  request.url = url;
  request.timeout = kLimit;
  request.max_response_bytes = 64 << 10;
  if (event != nullptr) {
    request.method = "POST";
    request.body = event->dump(-1, ' ', false, Json::error_handler_t::replace);
    request.headers.emplace_back("Content-Type", "application/json");
  }
  const size_t mark = url.find('?');
  const std::string hashed =
      event != nullptr ? request.body
                       : VonageQueryText(mark == std::string::npos ? "" : url.substr(mark + 1));
  request.bearer = base::Secret(VonageToken(application, hashed, NewUuid(), absl::Now()));
  return request;
}

void VonageExchange::Post(const VonageApplication& application, const std::string& queue,
                          const std::string& url, const Json& event, Delivery delivery,
                          bool terminal) {
  if (!url.empty()) poster_.Post(queue, Signed(application, url, &event), delivery, terminal);
}

void VonageExchange::Tell(const LegPtr& leg, const std::string& status, Json extra) {
  Json event = VonageEvent(*leg);
  event["status"] = status;
  event.update(extra);
  if (status == "machine") {
    event["call_uuid"] = event["uuid"];
    event.erase("uuid");
  }
  Post(leg->application, leg->uuid, leg->event_url, event, leg->script.delivery, leg->ended);
}

Task<Json> VonageExchange::Ask(LegPtr leg, std::string url, Json event) {
  if (url.empty()) co_return Json();
  const http::ClientResult result =
      co_await world_.client().Send(Signed(leg->application, url, &event));
  if (!result.ok() || result.response.status != 200) co_return Json();
  co_return Json::parse(result.response.body, nullptr, false);
}

Task<Json> VonageExchange::Fetch(LegPtr leg, std::string url) {
  std::vector<std::pair<std::string, std::string>> query = {
      {"to", EndpointText(leg->to)},
      {"from", EndpointText(leg->from)},
      {"conversation_uuid", leg->conversation},
      {"uuid", leg->uuid},
      {"endpoint_type", "phone"}};
  if (EndpointText(leg->from).empty()) query[1].second = "anonymous";
  const http::ClientResult result =
      co_await world_.client().Send(Signed(leg->application, WithQuery(url, query), nullptr));
  const bool usable = result.ok() && result.response.status == 200 &&
                      result.response.headers.Get("Content-Type").starts_with("application/json");
  co_return usable ? Json::parse(result.response.body, nullptr, false) : Json();
}

}  // namespace ctc::simulator
