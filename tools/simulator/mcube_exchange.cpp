#include "tools/simulator/mcube_exchange.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ctc::simulator {
namespace {

using Json = nlohmann::json;

constexpr absl::Duration kLimit = absl::Seconds(15);
constexpr absl::Duration kRingLimit = absl::Seconds(30);
constexpr size_t kKeptCalls = 20000;
constexpr size_t kNationalDigits = 10;

std::string LastTen(const std::string& number) {
  std::string digits = number;
  std::erase_if(digits, [](char c) { return c < '0' || c > '9'; });
  return digits.size() > kNationalDigits ? digits.substr(digits.size() - kNationalDigits) : digits;
}

std::string WordOf(Ending ending) {
  switch (ending) {
    case Ending::kBusy:
    case Ending::kRejected:
      return "Busy";
    case Ending::kNoAnswer:
    case Ending::kUnallocated:
      return "NoAnswer";
    case Ending::kFailed:
      return "Congestion";  // a word that no document lists
    default:
      return "ANSWER";
  }
}

std::string ClockText(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(duration);
  return absl::StrFormat("%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> McubePush(const McubeCall& call,
                                                           const std::string& public_url) {
  std::vector<std::pair<std::string, std::string>> fields = {
      {"callid", call.callid}, {"starttime", IndianTime(call.created)}};
  const bool over = call.ended_at.has_value();
  if (over) {
    const bool talked = call.joined_at.has_value();
    const absl::Duration talk = talked ? *call.ended_at - *call.joined_at : absl::ZeroDuration();
    fields.emplace_back("endtime", IndianTime(*call.ended_at));
    fields.emplace_back("answeredtime", talked ? ClockText(talk) : "");
    fields.emplace_back(
        "filename",
        talked ? absl::StrCat(public_url, "/mcube-recordings/", call.callid, ".wav") : "None");
  }
  if (call.classic && !call.inbound) {
    fields.emplace_back("status", call.word);
    return fields;
  }
  fields.emplace_back("dialstatus", call.word);
  if (call.classic) {
    fields.emplace_back("callfrom", call.customer);
    fields.emplace_back("callto", call.agent);
    fields.emplace_back("landingnumber", call.did);
    return fields;
  }
  if (over) fields.emplace_back("disconnectedby", "Customer");
  const std::vector<std::pair<std::string, std::string>> more = {
      {"emp_phone", call.agent},    {"callto", call.customer},
      {"clicktocalldid", call.did}, {"direction", call.inbound ? "inbound" : "outbound"},
      {"groupname", "Sales"},       {"agentname", "Asha"},
      {"refid", call.refid}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

McubeExchange::McubeExchange(World& world)
    : world_(world), poster_(world, 1, absl::ZeroDuration()) {}

std::string McubeExchange::NewCallId() {
  std::string id = "9";
  while (id.size() < kNationalDigits) id.push_back(static_cast<char>('0' + world_.Random() % 10));
  return absl::StrCat(id, absl::ToUnixSeconds(absl::Now()));
}

void McubeExchange::Start(const CallPtr& call) {
  if (calls_.size() > kKeptCalls) {
    std::erase_if(calls_, [](const auto& entry) { return entry.second->ended_at.has_value(); });
  }
  calls_.emplace(call->callid, call);
  world_.Spawn(Run(call), "mCube call");
}

Task<std::string> McubeExchange::Rings(CallScript script) {
  const absl::Duration limit = world_.Scaled(kRingLimit);
  const bool silent = script.ending == Ending::kNoAnswer || script.ring > limit;
  co_await world_.Sleep(silent ? limit : script.ring);
  co_return silent ? "NoAnswer" : WordOf(script.ending);
}

Task<void> McubeExchange::Run(CallPtr call) {
  const std::string agent = co_await Rings(call->agent_script);
  if (agent != "ANSWER") co_return End(call, agent == "Busy" ? "Executive Busy" : agent);
  const std::string customer = co_await Rings(call->customer_script);
  if (customer != "ANSWER") co_return End(call, customer);
  call->joined_at = absl::Now();
  call->word = "ANSWER";
  if (!call->classic) Push(call);
  co_await world_.Sleep(std::min(call->agent_script.talk, call->customer_script.talk));
  End(call, "ANSWER");
}

absl::StatusOr<std::string> McubeExchange::Ring(const CallerPtr& caller) {
  const CallerScript& script = caller->script();
  const auto call = std::make_shared<McubeCall>();
  call->callid = NewCallId();
  call->inbound = true;
  call->classic = script.account == "classic";
  call->customer = LastTen(script.from);
  call->did = LastTen(script.to);
  call->push_url = script.event_url;
  call->created = absl::Now();
  calls_.emplace(call->callid, call);
  world_.Spawn(RunInbound(call, caller), "mCube caller");
  return call->callid;
}

Task<void> McubeExchange::RunInbound(CallPtr call, CallerPtr caller) {
  const CallerScript& script = caller->script();
  if (!script.answer_url.empty()) {
    http::ClientRequest ask;
    ask.url = WithQuery(
        script.answer_url,
        {{"callid", call->callid}, {"callfrom", call->customer}, {"landingnumber", call->did}});
    ask.timeout = kLimit;
    const http::ClientResult answer = co_await world_.client().Send(std::move(ask));
    const Json json = Json::parse(answer.response.body, nullptr, false);
    if (json.is_object()) call->agent = json.value("agent", "");
  }
  if (call->agent.empty()) {
    caller->Heard("end");
    co_return End(call, "NoAnswer");
  }
  caller->Heard("ring " + call->agent);
  Push(call);
  const std::string word = co_await Rings(world_.Script(call->agent, true));
  if (word == "ANSWER") {
    call->joined_at = absl::Now();
    call->word = word;
    caller->Heard("joined");
    Push(call);
    co_await world_.Sleep(world_.Scaled(std::min(script.talk, absl::Seconds(30))));
  }
  caller->Heard("end");
  End(call, word == "Busy" ? "Executive Busy" : word);
}

void McubeExchange::End(const CallPtr& call, const std::string& word) {
  call->word = word;
  call->ended_at = absl::Now();
  Push(call);
}

void McubeExchange::Push(const CallPtr& call) {
  if (call->push_url.empty()) return;
  const auto fields = McubePush(*call, world_.options().public_url);
  Json json = Json::object();
  for (const auto& [name, value] : fields) json[name] = value;
  http::ClientRequest request;
  request.method = "POST";
  request.url = call->push_url;
  request.timeout = kLimit;
  request.body = call->classic ? EncodePairs({{"data", json.dump()}}) : json.dump();
  request.headers.emplace_back(
      "Content-Type", call->classic ? "application/x-www-form-urlencoded" : "application/json");
  poster_.Post(call->callid, std::move(request), call->customer_script.delivery,
               call->ended_at.has_value());
}

}  // namespace ctc::simulator
