#include "tools/simulator/exotel_rest.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/http/multipart.h"
#include "tools/simulator/ari_model.h"

namespace ctc::simulator {
namespace {

constexpr absl::Duration kEarlyEvents = absl::Milliseconds(300);
constexpr size_t kSameDigits = 10;
// Numbers on the do-not-call registry end so.
constexpr std::string_view kDoNotCall = "9930";

// "+919800000001", "09800000001" and "9800000001" are one number.
std::string Significant(const std::string& number) {
  std::string digits = number;
  std::erase_if(digits, [](char c) { return c < '0' || c > '9'; });
  return digits.size() > kSameDigits ? digits.substr(digits.size() - kSameDigits) : digits;
}

// "09800000001" as others dial it: the ledger counts numbers in E.164.
std::string International(const std::string& number) {
  const bool national = number.size() == kSameDigits + 1 && number.starts_with('0');
  return national ? "91" + number.substr(1) : DialledNumber(number);
}

bool IsNumber(const std::string& number) {
  const std::string digits = Significant(number);
  return digits.size() >= 7 && number.find_first_not_of("+0123456789") == std::string::npos;
}

http::Response Failure(int status, const std::string& message) {
  return JsonResponse(status, ExotelError(status, message));
}

http::Response Xml(const std::string& inside) {
  http::Response response;
  response.headers.Add("Content-Type", "application/xml");
  response.body =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<TwilioResponse>" + inside + "</TwilioResponse>";
  return response;
}

std::multimap<std::string, std::string> FieldsOf(const http::Request& request) {
  auto fields = ParametersOf(request);
  const std::string_view type = request.headers.Get("Content-Type");
  if (!type.starts_with("multipart/")) return fields;
  if (auto pairs = http::ParseMultipart(type, request.body); pairs.ok()) {
    for (auto& [name, value] : *pairs) fields.emplace(std::move(name), std::move(value));
  }
  return fields;
}

// "gte:A;lte:B" over times that compare as text.
bool Within(const std::string& time, const std::string& range) {
  for (size_t at = 0; at < range.size();) {
    const size_t end = std::min(range.find(';', at), range.size());
    const std::string bound = range.substr(at, end - at);
    if (bound.starts_with("gte:") && time < bound.substr(4)) return false;
    if (bound.starts_with("lte:") && time > bound.substr(4)) return false;
    at = end + 1;
  }
  return true;
}

}  // namespace

std::string ExotelRest::Query::Get(const std::string& name) const {
  const auto it = fields.find(name);
  return it == fields.end() ? "" : it->second;
}

Task<http::Response> ExotelRest::Handle(const http::Request& request) {
  const auto [user, password] = CredentialsOf(request);
  if (user.empty() || password.empty()) co_return Failure(401, "Authentication is required");
  std::vector<std::string> parts = PathParts(request.path);
  if (parts[0] == "exotelrecordings") {
    http::Response recording;
    recording.headers.Add("Content-Type", "audio/mpeg");
    recording.body = SilentWav();
    const std::string sid = parts.back().substr(0, parts.back().find('.'));
    co_return exchange_.Find(sid) != nullptr ? recording : Failure(404, "no such recording");
  }
  Query query{parts[2], {parts.begin() + 3, parts.end()}, false, FieldsOf(request)};
  if (!query.parts.empty() && query.parts.back().ends_with(".json")) {
    query.json = true;
    query.parts.back().resize(query.parts.back().size() - 5);
  }
  const std::string resource = query.parts.empty() ? "" : query.parts[0];
  world_.ledger().Requested(request.method + " exotel/" + resource);
  const std::string sid = query.parts.size() > 1 ? query.parts[1] : "";
  if (resource.empty()) {
    co_return Xml("<Account><Sid>" + query.account + "</Sid><Status>active</Status></Account>");
  }
  if (resource == "Calls" && sid == "connect" && request.method == "POST") {
    co_return co_await Connect(query);
  }
  if (resource == "Numbers" || resource == "IncomingPhoneNumbers") co_return Numbers(query);
  if (resource != "Calls" || request.method != "GET") co_return Failure(404, "Not found");
  if (sid.empty()) co_return ListCalls(query);
  const ExotelExchange::CallPtr call = exchange_.Find(sid);
  if (call == nullptr) co_return Failure(404, "Call not found");
  co_return Answer(query, *call, query.Get("details") == "true");
}

Json ExotelRest::LiveCalls() const {
  Json all = Json::array();
  for (const auto& [sid, call] : exchange_.calls()) {
    if (!call->ended_at.has_value()) all.push_back(ExotelCallJson(*call, true, ""));
  }
  return all;
}

http::Response ExotelRest::CheckConnect(const Query& query) const {
  http::Response fine;
  fine.status = 0;
  const bool to_flow = !query.Get("Url").empty();
  if (!IsNumber(query.Get("From"))) return Failure(400, "Mandatory parameter missing: From");
  if (!to_flow && !IsNumber(query.Get("To"))) {
    return Failure(400, "Mandatory parameter missing: To");
  }
  if (!IsNumber(query.Get("CallerId"))) return Failure(400, "CallerId is not valid");
  if (query.Get("CustomField").size() > 128) return Failure(400, "CustomField is too long");
  const std::string& customer = to_flow ? query.Get("From") : query.Get("To");
  if (customer.ends_with(kDoNotCall)) {
    return Failure(403, "Call to " + customer + " cannot be made because of TRAI NDNC regulations");
  }
  return fine;
}

ExotelExchange::CallPtr ExotelRest::MakeCall(const Query& query) {
  const auto call = std::make_shared<ExotelCall>();
  call->sid = world_.RandomHex(31) + "m";  // ids hold letters past f
  call->account = query.account;
  call->first = query.Get("From");
  call->second = query.Get("To");
  call->caller_id = query.Get("CallerId");
  call->custom_field = query.Get("CustomField");
  call->callback = query.Get("StatusCallback");
  call->json = query.Get("StatusCallbackContentType") == "application/json";
  call->record = query.Get("Record") == "true";
  for (const auto& [name, value] : query.fields) {
    if (name.starts_with("StatusCallbackEvents[")) call->events.insert(value);
  }
  int seconds = 30;
  if (!absl::SimpleAtoi(query.Get("TimeOut"), &seconds)) seconds = 30;
  call->timeout = world_.Scaled(absl::Seconds(seconds));
  call->created = absl::Now();
  const bool to_flow = call->second.empty();
  call->customer = world_.Script(International(to_flow ? call->first : call->second), false);
  call->agent = to_flow ? call->customer : world_.Script(International(call->first), true);
  call->leg1.status = "in-progress";
  return call;
}

Task<http::Response> ExotelRest::Connect(const Query& query) {
  co_await world_.Sleep(world_.fault().delay);
  if (http::Response refusal = CheckConnect(query); refusal.status != 0) co_return refusal;
  const ExotelExchange::CallPtr call = MakeCall(query);
  const CallScript& script = call->customer;
  if (script.submission == Submission::kAccept || script.dials) {
    const std::string& dialled = call->second.empty() ? call->first : call->second;
    world_.ledger().Dialled(International(dialled), call->custom_field);
    world_.ledger().Referred(call->sid);
    exchange_.Start(call);
  }
  if (script.submission != Submission::kAccept) {
    const int status = script.submission == Submission::kError429 ? 429 : 500;
    http::Response failure =
        co_await FailSubmission(world_, script.submission, ExotelError(status, "Please try later"));
    if (failure.status == 429) failure.headers.Add("Retry-After", "7");
    co_return failure;
  }
  if (script.delivery == Delivery::kBeforeAnswer) co_await world_.Sleep(kEarlyEvents);
  co_return Answer(query, *call, false);
}

http::Response ExotelRest::Answer(const Query& query, const ExotelCall& call, bool details) const {
  const Json json = ExotelCallJson(call, details, world_.options().public_url);
  if (query.json) return JsonResponse(200, Json({{"Call", json}}).dump());
  std::string inside;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_string()) continue;
    absl::StrAppend(&inside, "<", name, ">", value.get<std::string>(), "</", name, ">");
  }
  return Xml("<Call>" + inside + "</Call>");
}

http::Response ExotelRest::ListCalls(const Query& query) const {
  Json calls = Json::array();
  for (const auto& [sid, call] : exchange_.calls()) {
    const std::string from = query.Get("From");
    const std::string to = query.Get("To");
    if (call->account != query.account) continue;
    if (!from.empty() && Significant(from) != Significant(call->first)) continue;
    if (!to.empty() && Significant(to) != Significant(call->second)) continue;
    const Json json = ExotelCallJson(*call, false, world_.options().public_url);
    if (Within(json["DateCreated"].get<std::string>(), query.Get("DateCreated"))) {
      calls.push_back(json);
    }
  }
  const Json json = {{"Metadata",
                      {{"Total", calls.size()},
                       {"PageSize", 50},
                       {"FirstPageUri", nullptr},
                       {"PrevPageUri", nullptr},
                       {"NextPageUri", nullptr}}},
                     {"Calls", calls}};
  return JsonResponse(200, json.dump());
}

http::Response ExotelRest::Numbers(const Query& query) const {
  if (query.parts[0] == "IncomingPhoneNumbers" || query.parts.size() < 2) {
    return JsonResponse(200, Json({{"IncomingPhoneNumbers", Json::array()}}).dump());
  }
  const std::string& number = query.parts[1];
  const Json json = {{"Numbers",
                      {{"PhoneNumber", number},
                       {"Circle", "KA"},
                       {"Type", "Mobile"},
                       {"DND", number.ends_with(kDoNotCall) ? "Yes" : "No"}}}};
  return JsonResponse(200, json.dump());
}

}  // namespace ctc::simulator
