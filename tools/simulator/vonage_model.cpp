#include "tools/simulator/vonage_model.h"

#include <algorithm>

#include "libs/crypto/crypto.h"
#include "libs/http/message.h"

namespace ctc::simulator {
namespace {

bool IsNumber(const std::string& text) {
  return text.size() >= 7 && text.size() <= 15 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string Text(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) && object[name].is_string()
             ? object[name].get<std::string>()
             : "";
}

bool IsEndpoint(const Json& endpoint) {
  const std::string type = Text(endpoint, "type");
  if (type == "phone") return IsNumber(Text(endpoint, "number"));
  return type == "sip" && Text(endpoint, "uri").starts_with("sip");
}

bool IsUrls(const Json& value) {
  return value.is_array() && value.size() == 1 && value[0].is_string() &&
         value[0].get<std::string>().starts_with("http");
}

}  // namespace

std::string VonageTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

std::string EndpointText(const Json& endpoint) {
  const std::string number = Text(endpoint, "number");
  return number.empty() ? Text(endpoint, "uri") : number;
}

Json VonageCallJson(const VonageLeg& leg) {
  Json json = {{"_links", {{"self", {{"href", "/v1/calls/" + leg.uuid}}}}},
               {"uuid", leg.uuid},
               {"conversation_uuid", leg.conversation},
               {"to", leg.to},
               {"from", leg.from},
               {"status", leg.status},
               {"direction", leg.direction}};
  const auto time = [](absl::Time at) {
    return absl::FormatTime("%Y-%m-%d %H:%M:%S", at, absl::UTCTimeZone());
  };
  if (leg.answered_at.has_value()) json["start_time"] = time(*leg.answered_at);
  if (!leg.ended_at.has_value()) return json;
  json["end_time"] = time(*leg.ended_at);
  json["rate"] = "0.00450000";
  json["price"] = "0.00052500";
  json["network"] = "65512";
  const absl::Duration talked =
      leg.answered_at.has_value() ? *leg.ended_at - *leg.answered_at : absl::ZeroDuration();
  json["duration"] = std::to_string(absl::ToInt64Seconds(talked));
  return json;
}

Json VonageEvent(const VonageLeg& leg) {
  return {{"headers", Json::object()},
          {"from", EndpointText(leg.from)},
          {"to", EndpointText(leg.to)},
          {"uuid", leg.uuid},
          {"conversation_uuid", leg.conversation},
          {"direction", leg.direction},
          {"timestamp", VonageTime(absl::Now())}};
}

std::string VonageError(int status, const std::string& title, const std::string& name,
                        const std::string& reason) {
  Json json = {{"type", "https://developer.nexmo.com/api-errors"},
               {"title", title},
               {"instance", "simulator"}};
  if (status == 400) json["type"] = 400;
  if (!name.empty()) {
    json["invalid_parameters"] = Json::array({{{"name", name}, {"reason", reason}}});
  } else if (!reason.empty()) {
    json["detail"] = reason;
  }
  return json.dump();
}

std::string VonageToken(const VonageApplication& application, std::string_view hashed,
                        const std::string& id, absl::Time now) {
  nlohmann::ordered_json claims;
  claims["iat"] = absl::ToUnixSeconds(now);
  claims["jti"] = id;
  claims["iss"] = "Vonage";
  claims["payload_hash"] = crypto::ToHex(crypto::Sha256(hashed));
  claims["application_id"] = application.id;
  const std::string text = crypto::ToBase64Url(R"({"alg":"HS256","typ":"JWT"})") + "." +
                           crypto::ToBase64Url(claims.dump());
  return text + "." + crypto::ToBase64Url(crypto::HmacSha256(application.secret.Reveal(), text));
}

std::string VonageQueryText(std::string_view query) {
  nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
  const auto pairs = http::ParseForm(query);
  if (!pairs.ok()) return "";
  for (const auto& [name, value] : *pairs) parameters[name] = value;
  return parameters.dump();
}

std::pair<std::string, std::string> CheckVonageCall(const Json& fields) {
  if (!fields.is_object()) return {"body", "is not a JSON object"};
  const Json to = fields.value("to", Json());
  if (!to.is_array() || to.size() != 1) return {"to", "must hold exactly one endpoint"};
  if (!IsEndpoint(to[0])) return {"number", "can contain up to 15 digits prefixed with +"};
  const bool random = fields.value("random_from_number", false);
  if (random == fields.contains("from")) return {"from", "or random_from_number is required"};
  if (!random && !IsNumber(Text(fields["from"], "number"))) return {"from", "is not a number"};
  if (fields.contains("ncco") == fields.contains("answer_url")) {
    return {"ncco", "either ncco or answer_url is required"};
  }
  if (fields.contains("ncco") && !fields["ncco"].is_array()) return {"ncco", "must be an array"};
  for (const char* name : {"answer_url", "event_url"}) {
    if (fields.contains(name) && !IsUrls(fields[name]))
      return {name, "must be an array of one URL"};
  }
  const Json ringing = fields.value("ringing_timer", Json(60));
  if (!ringing.is_number_integer() || ringing < 1 || ringing > 120) {
    return {"ringing_timer", "must be from 1 to 120"};
  }
  return {};
}

}  // namespace ctc::simulator
