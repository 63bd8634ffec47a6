#include "tools/simulator/mcube_rest.h"

#include <algorithm>

#include "tools/simulator/ari_model.h"

namespace ctc::simulator {
namespace {

using Json = nlohmann::json;

constexpr absl::Duration kEarlyEvents = absl::Milliseconds(300);
// Numbers on the do-not-disturb registry end so.
constexpr std::string_view kDoNotCall = "9930";

std::string Get(const std::multimap<std::string, std::string>& fields, const std::string& name) {
  const auto it = fields.find(name);
  return it == fields.end() ? "" : it->second;
}

// Digits alone, a country's code before them at most.
bool IsNumber(const std::string& text) {
  return text.size() >= 10 && text.size() <= 15 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A refusal has status 200 too.
http::Response Refusal(const std::string& why) {
  const Json json = {{"status", "fail"}, {"msg", why}};
  return JsonResponse(200, json.dump());
}

std::string International(const std::string& number) {
  return number.size() == 10 ? "91" + number : number;
}

}  // namespace

bool McubeRest::Serves(const std::string& path) {
  return path == "/Restmcube-api/outbound-calls" || path == "/api/outboundcall" ||
         path.starts_with("/mcube-recordings/");
}

Task<http::Response> McubeRest::Handle(const http::Request& request) {
  if (request.path.starts_with("/mcube-recordings/")) co_return Recording(request.path);
  const bool classic = request.path == "/api/outboundcall";
  world_.ledger().Requested(request.method + (classic ? " mcube/classic" : " mcube/cloud"));
  if (!classic && request.method != "POST") {
    co_return JsonResponse(405, R"({"status":"fail","msg":"Method not allowed"})");
  }
  Fields fields = ParametersOf(request);
  co_return co_await Place(classic, std::move(fields));
}

Task<http::Response> McubeRest::Place(bool classic, Fields fields) {
  co_await world_.Sleep(world_.fault().delay);
  const std::string agent = Get(fields, "exenumber");
  const std::string customer = Get(fields, "custnumber");
  if (Get(fields, classic ? "apikey" : "HTTP_AUTHORIZATION").empty()) {
    co_return Refusal("Invalid authorization");
  }
  if (!IsNumber(agent)) co_return Refusal("Executive not found");
  if (!IsNumber(customer)) co_return Refusal("Invalid custnumber");
  if (customer.ends_with(kDoNotCall)) co_return Refusal("Number is on DND");
  const auto call = std::make_shared<McubeCall>();
  call->callid = exchange_.NewCallId();
  call->classic = classic;
  call->agent = agent;
  call->customer = customer;
  call->did = Get(fields, "did");
  call->refid = Get(fields, "refid");
  call->push_url = Get(fields, classic ? "url" : "refurl");
  if (call->push_url == "1") call->push_url.clear();
  call->created = absl::Now();
  call->customer_script = world_.Script(customer, false);
  call->agent_script = world_.Script(agent, true);
  const CallScript script = call->customer_script;
  if (script.submission == Submission::kAccept || script.dials) {
    world_.ledger().Dialled(International(customer), call->refid);
    world_.ledger().Referred(call->callid);
    exchange_.Start(call);
  }
  if (script.submission == Submission::kError401) co_return Refusal("Invalid authorization");
  if (script.submission != Submission::kAccept) {
    co_return co_await FailSubmission(world_, script.submission, R"({"status":"fail"})");
  }
  if (script.delivery == Delivery::kBeforeAnswer) co_await world_.Sleep(kEarlyEvents);
  const Json json = {
      {"status", "succ"}, {"msg", "Call initiated successfully"}, {"callid", call->callid}};
  co_return JsonResponse(200, json.dump());
}

http::Response McubeRest::Recording(const std::string& path) const {
  const std::string name = path.substr(path.rfind('/') + 1);
  if (!exchange_.calls().contains(name.substr(0, name.find('.')))) return JsonResponse(404, "{}");
  http::Response response;
  response.headers.Add("Content-Type", "audio/wav");
  response.body = SilentWav();
  return response;
}

Json McubeRest::LiveCalls() const {
  Json all = Json::array();
  for (const auto& [id, call] : exchange_.calls()) {
    if (call->ended_at.has_value()) continue;
    all.push_back({{"callid", id}, {"exenumber", call->agent}, {"custnumber", call->customer}});
  }
  return all;
}

}  // namespace ctc::simulator
