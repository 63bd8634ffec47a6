#include "tools/simulator/inbound.h"

#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>

#include "tools/simulator/world.h"

namespace ctc::simulator {
namespace {

using Json = nlohmann::json;

constexpr absl::Duration kBetweenKeys = absl::Milliseconds(200);
constexpr int64_t kLongestMs = 86'400'000;
constexpr std::string_view kKeys = "0123456789*#ABCD";

absl::Status Bad(std::string_view field) {
  return absl::InvalidArgumentError(
      absl::StrCat(absl::string_view(field.data(), field.size()), ": is missing or malformed"));
}

absl::Status ReadText(const Json& body, const char* field, bool required, std::string& text) {
  if (!body.contains(field)) return required ? Bad(field) : absl::OkStatus();
  if (!body[field].is_string()) return Bad(field);
  text = body[field].get<std::string>();
  return required && text.empty() ? Bad(field) : absl::OkStatus();
}

absl::Status ReadMillis(const Json& body, const char* field, absl::Duration& duration) {
  if (!body.contains(field)) return absl::OkStatus();
  if (!body[field].is_number_unsigned() || body[field] > kLongestMs) return Bad(field);
  duration = absl::Milliseconds(body[field].get<int64_t>());
  return absl::OkStatus();
}

// "12#", or {"keys": "12#", "pause_ms": 500}.
absl::StatusOr<KeyPress> ReadKeys(const Json& json) {
  KeyPress press;
  if (json.is_object()) {
    CTC_RETURN_IF_ERROR(ReadText(json, "keys", false, press.keys));
    CTC_RETURN_IF_ERROR(ReadMillis(json, "pause_ms", press.pause));
  } else if (json.is_string()) {
    press.keys = json.get<std::string>();
  } else {
    return Bad("keys");
  }
  if (press.keys.find_first_not_of(kKeys) != std::string::npos) return Bad("keys");
  return press;
}

http::Response Refusal(int status, const absl::Status& fault) {
  const Json json = {{"message", std::string(fault.message())}};
  return JsonResponse(status, json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

absl::StatusOr<CallerScript> ReadCallerScript(std::string_view json) {
  const Json body = Json::parse(json, nullptr, false);
  if (!body.is_object()) return absl::InvalidArgumentError("the body is not a JSON object");
  CallerScript script;
  std::string secret;
  CTC_RETURN_IF_ERROR(ReadText(body, "provider", true, script.provider));
  CTC_RETURN_IF_ERROR(ReadText(body, "from", false, script.from));
  CTC_RETURN_IF_ERROR(ReadText(body, "to", true, script.to));
  CTC_RETURN_IF_ERROR(ReadText(body, "account", false, script.account));
  CTC_RETURN_IF_ERROR(ReadText(body, "secret", false, secret));
  CTC_RETURN_IF_ERROR(ReadText(body, "answer_url", false, script.answer_url));
  CTC_RETURN_IF_ERROR(ReadText(body, "event_url", false, script.event_url));
  CTC_RETURN_IF_ERROR(ReadMillis(body, "message_ms", script.message));
  CTC_RETURN_IF_ERROR(ReadMillis(body, "talk_ms", script.talk));
  CTC_RETURN_IF_ERROR(ReadMillis(body, "hang_up_after_ms", script.hang_up_after));
  script.secret = base::Secret(secret);
  if (!body.contains("keys")) return script;
  if (!body["keys"].is_array()) return Bad("keys");
  for (const Json& item : body["keys"]) {
    CTC_ASSIGN_OR_RETURN(KeyPress press, ReadKeys(item));
    script.keys.push_back(std::move(press));
  }
  return script;
}

Entry Caller::Answer(const Question& question) {
  Entry entry;
  entry.took = question.timeout;
  if (keys_.empty()) return entry;
  const KeyPress press = keys_.front();
  keys_.pop_front();
  if (press.keys.empty() || press.pause >= question.timeout) return entry;
  entry.took = press.pause;
  for (const char key : press.keys) {
    entry.took += kBetweenKeys;
    if (question.finish_keys.find(key) != std::string::npos) {
      entry.finished = key;
      return entry;
    }
    entry.digits += key;
    if (question.max_digits > 0 && static_cast<int>(entry.digits.size()) >= question.max_digits) {
      return entry;
    }
  }
  entry.took += question.timeout;  // it waits for more
  return entry;
}

http::Response Inbound::Handle(const http::Request& request) {
  if (request.method == "POST") return Start(request.body);
  Json calls = Json::object();
  const auto parameters = ParametersOf(request);
  const auto wanted = parameters.find("call");
  for (const auto& [id, caller] : callers_) {
    if (wanted != parameters.end() && wanted->second != id) continue;
    calls[id] = {{"provider", caller->script().provider},
                 {"from", caller->script().from},
                 {"to", caller->script().to},
                 {"heard", caller->heard()}};
  }
  return JsonResponse(200, Json({{"calls", calls}}).dump(1));
}

http::Response Inbound::Start(std::string_view json) {
  absl::StatusOr<CallerScript> script = ReadCallerScript(json);
  if (!script.ok()) return Refusal(400, script.status());
  const auto ring = rings_.find(script->provider);
  if (ring == rings_.end()) {
    return Refusal(400, absl::InvalidArgumentError("provider: takes no scripted callers"));
  }
  const auto caller = std::make_shared<Caller>(*std::move(script));
  const absl::StatusOr<std::string> id = ring->second(caller);
  if (!id.ok()) return Refusal(409, id.status());
  callers_[*id] = caller;
  return JsonResponse(201, Json({{"call", *id}}).dump());
}

}  // namespace ctc::simulator
