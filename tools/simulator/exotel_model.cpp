#include "tools/simulator/exotel_model.h"

#include <absl/strings/str_cat.h>

#include "tools/simulator/poster.h"

namespace ctc::simulator {
namespace {

Json TextOrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

// "Legs[0][Status]" of a flat list; null for what is not there.
Json LegOf(const Pairs& fields, int index) {
  Json leg = Json::object();
  const std::string prefix = absl::StrCat("Legs[", index, "][");
  for (const auto& [name, value] : fields) {
    if (!name.starts_with(prefix)) continue;
    const std::string key = name.substr(prefix.size(), name.size() - prefix.size() - 1);
    leg[key] = key == "OnCallDuration" ? Json(std::stoi(value)) : TextOrNull(value);
  }
  return leg;
}

}  // namespace

int64_t SecondsUp(const ExotelLeg& leg, absl::Time until) {
  return leg.answered_at.has_value() ? absl::ToInt64Seconds(until - *leg.answered_at) : 0;
}

std::string RecordingUrlOf(const ExotelCall& call, const std::string& public_url) {
  if (!call.record || call.talked <= absl::ZeroDuration()) return "";
  return absl::StrCat(public_url, "/exotelrecordings/", call.account, "/", call.sid, ".mp3");
}

Json ExotelCallJson(const ExotelCall& call, bool details, const std::string& public_url) {
  const std::string recording = RecordingUrlOf(call, public_url);
  Json json = {{"Sid", call.sid},
               {"ParentCallSid", nullptr},
               {"DateCreated", IndianTime(call.created)},
               {"DateUpdated", IndianTime(call.ended_at.value_or(call.created))},
               {"AccountSid", call.account},
               {"To", ExotelNumber(call.second)},
               {"From", ExotelNumber(call.first)},
               {"PhoneNumberSid", ExotelNumber(call.caller_id)},
               {"Status", call.status},
               {"StartTime", IndianTime(call.created)},
               {"EndTime", call.ended_at.has_value() ? Json(IndianTime(*call.ended_at)) : Json()},
               {"Duration", call.ended_at.has_value()
                                ? Json(std::to_string(SecondsUp(call.leg1, *call.ended_at)))
                                : Json()},
               {"Price", nullptr},
               {"Direction", call.direction},
               {"AnsweredBy", TextOrNull(call.leg2.answered_by)},
               {"ForwardedFrom", nullptr},
               {"CallerName", nullptr},
               {"Uri", absl::StrCat("/v1/Accounts/", call.account, "/Calls.json/", call.sid)},
               {"RecordingUrl", TextOrNull(recording)}};
  if (!details) return json;
  const absl::Time until = call.ended_at.value_or(call.created);
  json["Details"] = {{"ConversationDuration", absl::ToInt64Seconds(call.talked)},
                     {"Leg1Status", call.leg1.status},
                     {"Leg2Status", call.leg2.status},
                     {"Legs",
                      {{{"Leg", {{"Id", 1}, {"OnCallDuration", SecondsUp(call.leg1, until)}}}},
                       {{"Leg", {{"Id", 2}, {"OnCallDuration", SecondsUp(call.leg2, until)}}}}}}};
  return json;
}

Pairs ExotelStatus(const ExotelCall& call, const std::string& event, absl::Time now,
                   const std::string& public_url) {
  Pairs fields = {{"CallSid", call.sid},
                  {"Status", call.status},
                  {"DateUpdated", IndianTime(now)},
                  {"RecordingUrl", RecordingUrlOf(call, public_url)}};
  // Calls into a flow never get more.
  if (call.events.empty() || call.second.empty()) return fields;
  const bool over = event == "terminal";
  const Pairs more = {
      {"EventType", event},
      {"DateCreated", IndianTime(call.created)},
      {"StartTime", IndianTime(call.created)},
      {"EndTime", call.ended_at.has_value() ? IndianTime(*call.ended_at) : "1970-01-01 05:30:00"},
      {"From", ExotelNumber(call.first)},
      {"To", ExotelNumber(call.second)},
      {"PhoneNumberSid", ExotelNumber(call.caller_id)},
      {"Direction", call.direction},
      {"ConversationDuration", std::to_string(absl::ToInt64Seconds(call.talked))}};
  fields.insert(fields.end(), more.begin(), more.end());
  if (over) fields.emplace_back("CustomField", call.custom_field);
  int index = 0;
  for (const ExotelLeg* leg : {&call.leg1, &call.leg2}) {
    const std::string prefix = absl::StrCat("Legs[", index++, "]");
    fields.emplace_back(prefix + "[Status]", leg->status);
    fields.emplace_back(prefix + "[OnCallDuration]", std::to_string(SecondsUp(*leg, now)));
    if (over) fields.emplace_back(prefix + "[AnsweredBy]", leg->answered_by);
  }
  return fields;
}

std::string ExotelStatusJson(const Pairs& fields) {
  Json json = Json::object();
  for (const auto& [name, value] : fields) {
    if (!name.starts_with("Legs[")) json[name] = value;
  }
  if (json.contains("EventType")) json["Legs"] = {LegOf(fields, 0), LegOf(fields, 1)};
  return json.dump();
}

std::string ExotelError(int status, const std::string& message) {
  const Json json = {{"RestException", {{"Status", status}, {"Message", message}}}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ExotelNumber(const std::string& number) {
  if (number.starts_with("+91") && number.size() == 13) return "0" + number.substr(3);
  return number;
}

}  // namespace ctc::simulator
