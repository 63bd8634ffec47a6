#include "tools/simulator/vonage_rest.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>

#include "libs/crypto/crypto.h"
#include "tools/simulator/ari_model.h"

namespace ctc::simulator {
namespace {

constexpr absl::Duration kEarlyEvents = absl::Milliseconds(300);
constexpr absl::Duration kSkew = absl::Minutes(1);
// Signs webhooks where no secret is given.
constexpr char kDefaultSecret[] = "simulator-signature-secret";

http::Response Failure(int status, const std::string& title, const std::string& name = "",
                       const std::string& reason = "") {
  return JsonResponse(status, VonageError(status, title, name, reason));
}

http::Response NotFoundAtVonage() { return Failure(404, "Not Found"); }

http::Response Done() {
  http::Response response;
  response.status = 204;
  return response;
}

std::string FailureBody(Submission submission) {
  switch (submission) {
    case Submission::kError429:
      return VonageError(429, "Too Many Requests", "", "");
    case Submission::kError401:
      return VonageError(401, "Invalid credentials supplied", "",
                         "You did not provide correct credentials");
    default:
      return VonageError(500, "Internal Server Error", "", "");
  }
}

// How a leg takes part in its conversation.
std::string ModeOf(const VonageLeg& leg) {
  if (leg.earmuffed) return "hold";
  const Json seat = leg.ncco.empty() ? Json::object() : leg.ncco.back();
  if (seat.contains("canSpeak")) return "whispers";
  return leg.muted || seat.value("mute", false) ? "listens" : "talks";
}

Json PartOf(std::string_view part) {
  const auto text = crypto::FromBase64Url(part);
  return text.ok() ? Json::parse(*text, nullptr, false) : Json();
}

}  // namespace

VonageApplication VonageRest::Authorize(const http::Request& request) const {
  const Options& options = world_.options();
  const std::string header(request.headers.Get("Authorization"));
  const std::vector<std::string> parts =
      absl::StrSplit(header.starts_with("Bearer ") ? header.substr(7) : "", '.');
  if (parts.size() != 3) return {};
  const Json head = PartOf(parts[0]);
  const Json claims = PartOf(parts[1]);
  if (!head.is_object() || !claims.is_object() || head.value("alg", Json()) != "RS256") return {};
  const Json id = claims.value("application_id", Json());
  const Json made = claims.value("iat", Json());
  const Json ends = claims.value("exp", Json());
  if (!id.is_string() || !made.is_number_integer() || !claims.contains("jti")) return {};
  const int64_t now = absl::ToUnixSeconds(absl::Now());
  if (made.get<int64_t>() > now + absl::ToInt64Seconds(kSkew)) return {};
  if (ends.is_number_integer() && ends.get<int64_t>() < now) return {};
  const std::string key = options.vonage_public_key;
  const std::string signature = crypto::FromBase64Url(parts[2]).value_or("");
  if (!key.empty() &&
      !crypto::VerifySignature("RS256", key, parts[0] + "." + parts[1], signature)) {
    return {};
  }
  if (!options.vonage_application.empty() && id != options.vonage_application) return {};
  return {id.get<std::string>(),
          options.vonage_secret.empty() ? base::Secret(kDefaultSecret) : options.vonage_secret};
}

Task<http::Response> VonageRest::Handle(const http::Request& request) {
  const std::vector<std::string> parts = PathParts(request.path);  // v1, calls, uuid, ...
  world_.ledger().Requested(request.method + " vonage/" + (parts.size() > 1 ? parts[1] : ""));
  const VonageApplication application = Authorize(request);
  if (application.id.empty()) {
    co_return Failure(401, "Invalid credentials supplied", "",
                      "You did not provide correct credentials");
  }
  if (parts.size() == 3 && parts[1] == "files") co_return File(parts[2], application.id);
  if (parts.size() < 2 || parts[1] != "calls") co_return NotFoundAtVonage();
  if (parts.size() == 2) {
    if (request.method == "POST") co_return co_await Create(request, application);
    co_return request.method == "GET" ? List(request, application.id)
                                      : Failure(405, "Method Not Allowed");
  }
  const LegPtr leg = exchange_.Find(application.id, parts[2]);
  if (leg == nullptr) co_return NotFoundAtVonage();
  if (parts.size() > 3) co_return ChangePart(request, leg, parts);
  if (request.method == "GET") co_return JsonResponse(200, VonageCallJson(*leg).dump());
  co_return request.method == "PUT" ? Change(request, leg) : Failure(405, "Method Not Allowed");
}

// Who alone hears a leg that whispers.
VonageRest::LegPtr VonageRest::OnlyHearer(const VonageLeg& leg) const {
  const Json seat = leg.ncco.empty() ? Json::object() : leg.ncco.back();
  const Json hearers = seat.value("canSpeak", Json::array());
  if (hearers.size() != 1 || !hearers[0].is_string()) return nullptr;
  const auto found = exchange_.legs().find(hearers[0].get<std::string>());
  return found == exchange_.legs().end() ? nullptr : found->second;
}

Json VonageRest::LiveCalls() const {
  Json all = Json::array();
  for (const auto& [uuid, leg] : exchange_.legs()) {
    if (leg->ended) continue;
    Json call = VonageCallJson(*leg);
    call["muted"] = leg->muted;
    call["earmuffed"] = leg->earmuffed;
    call["room"] = leg->room;
    call["phone"] = "+" + EndpointText(leg->caller != nullptr ? leg->from : leg->to);
    call["mode"] = ModeOf(*leg);
    call["digits"] = leg->digits;
    if (const LegPtr hearer = OnlyHearer(*leg)) call["heard_by"] = "+" + EndpointText(hearer->to);
    all.push_back(std::move(call));
  }
  return all;
}

Task<http::Response> VonageRest::Create(const http::Request& request,
                                        VonageApplication application) {
  if (!request.headers.Get("Content-Type").starts_with("application/json")) {
    co_return Failure(415, "Unsupported Media Type");
  }
  const Json body = Json::parse(request.body, nullptr, false);
  const auto [name, reason] = CheckVonageCall(body);
  if (!name.empty()) co_return Failure(400, "Bad Request", name, reason);
  const LegPtr leg = exchange_.NewLeg(application);
  leg->to = body["to"][0];
  leg->from = body.value("from", Json{{"type", "phone"}, {"number", "15550000000"}});
  leg->ncco = body.value("ncco", Json::array());
  if (body.contains("answer_url")) leg->answer_url = body["answer_url"][0].get<std::string>();
  if (body.contains("event_url")) leg->event_url = body["event_url"][0].get<std::string>();
  leg->ringing = world_.Scaled(absl::Seconds(body.value("ringing_timer", 60)));
  const Json answer = {{"uuid", leg->uuid},
                       {"status", "started"},
                       {"direction", "outbound"},
                       {"conversation_uuid", leg->conversation}};
  exchange_.Dial(leg);
  if (leg->script.delivery == Delivery::kBeforeAnswer) co_await world_.Sleep(kEarlyEvents);
  if (world_.fault().delay > absl::ZeroDuration()) co_await world_.Sleep(world_.fault().delay);
  const Submission submission = leg->script.submission;
  if (submission == Submission::kAccept) co_return JsonResponse(201, answer.dump());
  co_return co_await FailSubmission(world_, submission, FailureBody(submission));
}

http::Response VonageRest::List(const http::Request& request,
                                const std::string& application) const {
  const auto parameters = ParametersOf(request);
  const auto get = [&](const char* name, const std::string& fallback) {
    const auto it = parameters.find(name);
    return it == parameters.end() ? fallback : it->second;
  };
  int size = 10;
  int index = 0;
  if (!absl::SimpleAtoi(get("page_size", "10"), &size) || size < 1 || size > 100 ||
      !absl::SimpleAtoi(get("record_index", "0"), &index) || index < 0) {
    return Failure(400, "Bad Request", "page_size", "must be from 1 to 100");
  }
  std::vector<LegPtr> found;
  for (const auto& [uuid, leg] : exchange_.legs()) {
    const std::string at = VonageTime(leg->created);
    // What was refused without being dialled is not there.
    if (leg->application.id != application || !leg->script.dials) continue;
    if (at < get("date_start", "") || at > get("date_end", "~")) continue;
    if (get("status", leg->status) != leg->status) continue;
    if (get("conversation_uuid", leg->conversation) != leg->conversation) continue;
    found.push_back(leg);
  }
  const bool newest_first = get("order", "asc") == "desc";
  std::sort(found.begin(), found.end(), [&](const LegPtr& a, const LegPtr& b) {
    return newest_first ? a->created > b->created : a->created < b->created;
  });
  Json calls = Json::array();
  for (size_t i = static_cast<size_t>(index);
       i < found.size() && calls.size() < static_cast<size_t>(size); ++i) {
    calls.push_back(VonageCallJson(*found[i]));
  }
  const Json page = {{"count", found.size()},
                     {"page_size", size},
                     {"record_index", index},
                     {"_links", {{"self", {{"href", request.target}}}}},
                     {"_embedded", {{"calls", calls}}}};
  return JsonResponse(200, page.dump());
}

http::Response VonageRest::Move(const Json& body, const LegPtr& leg) {
  const Json destination = body.value("destination", Json::object());
  if (!destination.is_object() || destination.value("type", "") != "ncco") {
    return Failure(400, "Bad Request", "destination", "is missing");
  }
  const Json url = destination.value("url", Json());
  if (destination.contains("ncco") && destination["ncco"].is_array()) {
    exchange_.Move(leg, destination["ncco"], "");
  } else if (url.is_array() && url.size() == 1 && url[0].is_string()) {
    exchange_.Move(leg, Json::array(), url[0].get<std::string>());
  } else {
    return Failure(400, "Bad Request", "destination", "holds neither ncco nor url");
  }
  return Done();
}

http::Response VonageRest::Change(const http::Request& request, const LegPtr& leg) {
  const Json body = Json::parse(request.body, nullptr, false);
  const Json given = body.is_object() ? body.value("action", Json()) : Json();
  const std::string action = given.is_string() ? given.get<std::string>() : "";
  if (leg->ended) return NotFoundAtVonage();
  if (action == "hangup") {
    exchange_.HangUp(leg);
    return Done();
  }
  if (!leg->answered_at.has_value()) {
    return Failure(400, "Bad Request", "", "the call is not answered");
  }
  if (action == "transfer") return Move(body, leg);
  if (action == "mute" || action == "unmute") {
    leg->muted = action == "mute";
  } else if (action == "earmuff" || action == "unearmuff") {
    leg->earmuffed = action == "earmuff";
    if (leg->caller != nullptr) leg->caller->Heard(leg->earmuffed ? "held" : "resumed");
  } else {
    return Failure(400, "Bad Request", "action", "is not known");
  }
  return Done();
}

http::Response VonageRest::ChangePart(const http::Request& request, const LegPtr& leg,
                                      const std::vector<std::string>& parts) {
  const std::string& part = parts[3];
  const bool put = request.method == "PUT";
  if (!put && request.method != "DELETE") return Failure(405, "Method Not Allowed");
  if (leg->ended || !leg->answered_at.has_value()) return NotFoundAtVonage();
  const Json body = Json::parse(request.body, nullptr, false);
  std::string message;
  if (part == "dtmf" && put && body.is_object() && body.contains("digits")) {
    const std::string digits = body["digits"].is_string() ? body["digits"].get<std::string>() : "";
    if (digits.empty() || digits.find_first_not_of("0123456789*#p") != std::string::npos) {
      return Failure(400, "Bad Request", "digits", "may hold 0-9 * # p");
    }
    leg->digits += digits;
    message = "DTMF sent";
  } else if (part == "talk" && (!put || (body.is_object() && body.contains("text")))) {
    message = put ? "Talk started" : "Talk stopped";
  } else if (part == "stream" && (!put || (body.is_object() && body.contains("stream_url")))) {
    message = put ? "Stream started" : "Stream stopped";
  } else {
    return Failure(400, "Bad Request", part, "is not as it must be");
  }
  return JsonResponse(200, Json({{"message", message}, {"uuid", leg->uuid}}).dump());
}

http::Response VonageRest::File(const std::string& id, const std::string& application) const {
  const auto found = exchange_.recordings().find(id);
  if (found == exchange_.recordings().end() || found->second.application != application) {
    return NotFoundAtVonage();
  }
  http::Response response;
  response.headers.Add("Content-Type", "audio/wav");
  response.body = SilentWav();
  return response;
}

}  // namespace ctc::simulator
