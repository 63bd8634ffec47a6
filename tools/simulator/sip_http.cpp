#include "tools/simulator/sip_http.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace ctc::simulator {
namespace {

using Json = nlohmann::json;

constexpr absl::Duration kEarlyEvents = absl::Milliseconds(300);

http::Response Failure(int status, const std::string& code, const std::string& message) {
  const Json error = {{"code", code}, {"message", message}};
  return JsonResponse(status, Json({{"error", error}}).dump());
}

http::Response Gone(const SipCall& call) {
  return Failure(409, call.ended() ? "call_ended" : "not_answered", "the call is " + call.status);
}

bool IsDialable(const std::string& to) {
  return !to.empty() && std::all_of(to.begin(), to.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("+*#@:._-").find(c) != std::string_view::npos;
  });
}

// A second of silence, 8 kHz, 16 bit, mono.
std::string Silence() {
  const uint32_t bytes = 16000;
  std::string wav = "RIFF";
  const auto number = [&](uint32_t value, int size) {
    for (int i = 0; i < size; ++i) wav.push_back(static_cast<char>(value >> (8 * i) & 255));
  };
  number(36 + bytes, 4);
  wav += "WAVEfmt ";
  number(16, 4);
  number(1, 2);
  number(1, 2);
  number(8000, 4);
  number(16000, 4);
  number(2, 2);
  number(16, 2);
  wav += "data";
  number(bytes, 4);
  return wav + std::string(bytes, '\0');
}

}  // namespace

std::string SipHttp::Query::Text(const char* name) const {
  const auto found = body.is_object() ? body.find(name) : body.end();
  return body.is_object() && found != body.end() && found->is_string() ? found->get<std::string>()
                                                                       : "";
}

Json SipHttp::LiveCalls() const {
  Json live = Json::array();
  for (const auto& [id, call] : calls_.all()) {
    if (call->ended()) continue;
    Json json = calls_.Describe(*call);
    json["room"] = call->reference;
    json["parties"] = Json::array();
    for (const auto& [name, leg] : call->legs) {
      if (!leg->answered || leg->ended) continue;
      const bool held = call->held && name == "customer";
      json["parties"].push_back({{"phone", leg->to},
                                 {"mode", held         ? "hold"
                                          : leg->muted ? "listens"
                                                       : "talks"},
                                 {"digits", leg->digits}});
    }
    live.push_back(std::move(json));
  }
  return live;
}

Task<http::Response> SipHttp::Handle(const http::Request& request) {
  std::vector<std::string> parts = PathParts(request.path);
  parts.erase(parts.begin(), parts.begin() + std::min<ptrdiff_t>(2, std::ssize(parts)));
  const std::string_view header = request.headers.Get("Authorization");
  Query query{request, "", std::move(parts), Json::parse(request.body, nullptr, false)};
  world_.ledger().Requested(request.method + " sip/" + query.Part(0));
  if (!header.starts_with("Bearer ") || header.size() < 8) {
    co_return Failure(401, "unauthorized", "a bearer token is required");
  }
  query.key = std::string(header.substr(7));
  if (query.Part(0) == "health") {
    co_return JsonResponse(200,
                           R"({"status":"ok","registrations":2,"channels":{"used":0,"max":100}})");
  }
  if (query.Part(0) != "calls") co_return Failure(404, "not_found", "no such resource");
  if (query.parts.size() == 1 && query.Is("POST")) co_return co_await Place(query);
  if (query.parts.size() == 1 && query.Is("GET")) co_return LookUp(query);
  const CallPtr call = calls_.Find(query.Part(1));
  if (call == nullptr) co_return Failure(404, "not_found", "no such call");
  if (query.parts.size() == 2 && query.Is("GET")) {
    co_return JsonResponse(200, calls_.Describe(*call).dump());
  }
  co_return Act(query, call);
}

Task<http::Response> SipHttp::Place(const Query& query) {
  const std::string to = query.Text("to");
  const std::string from = query.Text("from");
  if (!IsDialable(to) || !IsDialable(from)) {
    co_return Failure(400, "invalid_number", "from and to must be dialable");
  }
  const std::string key(query.request.headers.Get("Idempotency-Key"));
  if (const auto found = placed_.find(key); !key.empty() && found != placed_.end()) {
    if (found->second.first != query.request.body) {
      co_return Failure(409, "idempotency_conflict", "the key was used with another body");
    }
    co_return JsonResponse(201, calls_.Describe(*calls_.Find(found->second.second)).dump());
  }
  auto call = std::make_shared<SipCall>();
  call->id = "c_" + world_.RandomHex(20);
  call->reference = query.Text("reference");
  call->key = query.key;
  call->callback_url = query.Text("callback_url");
  call->caller_id = query.Text("caller_id");
  call->ring_timeout = world_.Scaled(absl::Seconds(query.body.value("ring_timeout_s", 45)));
  if (query.body.value("record", false)) call->recording = "started";
  const CallScript script = world_.Script(to, false);
  if (script.dials) {
    calls_.Keep(call);
    if (!key.empty()) placed_[key] = {query.request.body, call->id};
    calls_.Start(call, from, to);
  }
  if (script.delivery == Delivery::kBeforeAnswer) co_await world_.Sleep(kEarlyEvents);
  if (world_.fault().delay > absl::ZeroDuration()) co_await world_.Sleep(world_.fault().delay);
  if (script.submission == Submission::kAccept) {
    co_return JsonResponse(201, calls_.Describe(*call).dump());
  }
  co_return co_await FailSubmission(world_, script.submission, "<html>oops</html>");
}

http::Response SipHttp::LookUp(const Query& query) const {
  const auto parameters = ParametersOf(query.request);
  const auto reference = parameters.find("reference");
  const CallPtr call =
      reference == parameters.end() ? nullptr : calls_.FindReference(reference->second);
  if (call == nullptr) return Failure(404, "not_found", "no call has this reference");
  return JsonResponse(200, calls_.Describe(*call).dump());
}

http::Response SipHttp::Act(const Query& query, const CallPtr& call) {
  const std::string& action = query.parts[2];
  if (action == "recording") return Recording(query, call);
  if (call->ended()) return Gone(*call);
  if (action == "hangup") {
    const bool joined = call->joined_at.has_value();
    calls_.End(call, "", joined ? 200 : 487, joined ? "normal" : "canceled");
    return JsonResponse(202, "{}");
  }
  if (!call->joined_at.has_value()) return Gone(*call);
  if (action == "transfer") return Transfer(query, call);
  if (action == "participants") return Participants(query, call);
  const auto leg = call->Find(query.Text("leg"));
  if (leg == nullptr || leg->ended) return Failure(404, "not_found", "no such party");
  if (action == "hold" || action == "resume") {
    if (leg->id != "customer") return Failure(400, "invalid_leg", "only the customer is held");
    call->held = action == "hold";
    calls_.Tell(call, call->held ? "call.held" : "call.resumed", "customer");
  } else if (action == "mute" || action == "unmute") {
    leg->muted = action == "mute";
    calls_.Tell(call, leg->muted ? "call.muted" : "call.unmuted", leg->id);
  } else if (action == "dtmf") {
    const std::string digits = query.Text("digits");
    if (digits.empty() || digits.find_first_not_of("0123456789ABCD*#wW") != std::string::npos) {
      return Failure(400, "invalid_digits", "0-9 A-D * # w W only");
    }
    leg->digits += digits;
  } else {
    return Failure(404, "not_found", "no such action");
  }
  return JsonResponse(200, "{}");
}

http::Response SipHttp::Recording(const Query& query, const CallPtr& call) {
  if (query.Is("GET")) {
    if (!call->ended()) return Failure(404, "not_ready", "the recording is not ready");
    http::Response response = JsonResponse(200, Silence());
    response.headers.Set("Content-Type", "audio/wav");
    return response;
  }
  if (call->ended()) return Gone(*call);
  const std::string action = query.Text("action");
  if (action != "start" && action != "stop" && action != "pause" && action != "resume") {
    return Failure(400, "invalid_action", "start, stop, pause or resume");
  }
  call->recording = action == "pause" ? "paused" : "started";
  return JsonResponse(200, "{}");
}

http::Response SipHttp::Transfer(const Query& query, const CallPtr& call) {
  const std::string step = query.Part(3);
  const std::string leg = query.Text("leg");
  if (step.empty()) {
    if (!IsDialable(query.Text("to")) || leg.empty()) {
      return Failure(400, "invalid_number", "to and leg are required");
    }
    calls_.Add(call, leg, query.Text("to"));
    return JsonResponse(202, Json({{"transfer_id", "t_" + world_.RandomHex(12)}}).dump());
  }
  const auto target = call->Find(leg);
  if (target == nullptr || target->ended) return Failure(404, "not_found", "no such party");
  if (step == "complete") {
    calls_.HandOver(call);
  } else if (step == "cancel") {
    calls_.EndLeg(call, target, target->answered ? 200 : 487);
  } else {
    return Failure(404, "not_found", "complete or cancel");
  }
  return JsonResponse(202, "{}");
}

http::Response SipHttp::Participants(const Query& query, const CallPtr& call) {
  if (query.Is("POST")) {
    const std::string leg = query.Text("leg");
    if (!IsDialable(query.Text("to")) || leg.empty()) {
      return Failure(400, "invalid_number", "to and leg are required");
    }
    calls_.Add(call, leg, query.Text("to"));
    return JsonResponse(201, Json({{"leg", leg}}).dump());
  }
  const auto leg = call->Find(query.Part(3));
  if (leg == nullptr || leg->ended) return Failure(404, "not_found", "no such party");
  if (leg->id == "agent") call->agent_left = true;
  calls_.EndLeg(call, leg, leg->answered ? 200 : 487);
  return JsonResponse(204, "");
}

}  // namespace ctc::simulator
