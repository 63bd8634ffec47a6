#include "tools/simulator/twilio_model.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/crypto/crypto.h"

namespace ctc::simulator {
namespace {

constexpr const char* kVersion = "2010-04-01";

std::string UriOf(const std::string& account, const std::string& rest) {
  return absl::StrCat("/2010-04-01/Accounts/", account, "/", rest, ".json");
}

Json TimeOrNull(const std::optional<absl::Time>& time) {
  return time.has_value() ? Json(TwilioTime(*time)) : Json();
}

Json TextOrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

std::set<std::string> Words(const std::string& text) {
  std::set<std::string> words;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) words.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

}  // namespace

absl::Duration TwilioCall::Talked(absl::Time now) const {
  return answered_at.has_value() ? ended_at.value_or(now) - *answered_at : absl::ZeroDuration();
}

std::string TwilioTime(absl::Time time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", time, absl::UTCTimeZone());
}

Json CallJson(const TwilioCall& call) {
  const std::string& account = call.account.sid;
  const std::string base = "Calls/" + call.sid;
  Json duration;
  if (call.ended_at.has_value()) {
    duration = std::to_string(absl::ToInt64Seconds(call.Talked(*call.ended_at)));
  }
  Json subresources;
  for (const char* name : {"notifications", "recordings", "payments", "events", "siprec", "streams",
                           "transcriptions"}) {
    std::string title = name;
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
    subresources[name] = UriOf(account, base + "/" + title);
  }
  return {{"sid", call.sid},
          {"account_sid", account},
          {"parent_call_sid", TextOrNull(call.parent)},
          {"to", call.to},
          {"from", call.from},
          {"to_formatted", call.to},
          {"from_formatted", call.from},
          {"phone_number_sid", nullptr},
          {"status", call.status},
          {"direction", call.direction},
          {"answered_by", TextOrNull(call.answered_by)},
          {"start_time", TimeOrNull(call.answered_at)},
          {"end_time", TimeOrNull(call.ended_at)},
          {"date_created", TwilioTime(call.created)},
          {"date_updated", TwilioTime(call.ended_at.value_or(call.created))},
          {"duration", duration},
          {"price", nullptr},
          {"price_unit", "USD"},
          {"api_version", kVersion},
          {"forwarded_from", nullptr},
          {"caller_name", nullptr},
          {"group_sid", nullptr},
          {"trunk_sid", nullptr},
          {"queue_time", "0"},
          {"uri", UriOf(account, base)},
          {"subresource_uris", subresources}};
}

Json ConferenceJson(const Conference& conference) {
  const std::string& account = conference.account.sid;
  const std::string base = "Conferences/" + conference.sid;
  return {{"sid", conference.sid},
          {"account_sid", account},
          {"friendly_name", conference.name},
          {"region", "us1"},
          {"status", conference.status},
          {"reason_conference_ended", TextOrNull(conference.reason)},
          {"call_sid_ending_conference", nullptr},
          {"api_version", kVersion},
          {"date_created", TwilioTime(conference.created)},
          {"date_updated", TwilioTime(conference.created)},
          {"uri", UriOf(account, base)},
          {"subresource_uris",
           {{"participants", UriOf(account, base + "/Participants")},
            {"recordings", UriOf(account, base + "/Recordings")}}}};
}

Json ParticipantJson(const TwilioCall& call) {
  const std::string state = call.ended                     ? "complete"
                            : call.status == "in-progress" ? "connected"
                                                           : call.status;
  return {{"account_sid", call.account.sid},
          {"call_sid", call.sid},
          {"conference_sid", call.conference},
          {"label", TextOrNull(call.label)},
          {"muted", call.muted},
          {"hold", call.hold},
          {"coaching", call.coaching},
          {"call_sid_to_coach", call.coaching ? TextOrNull(call.coached) : Json()},
          {"start_conference_on_enter", call.start_on_enter},
          {"end_conference_on_exit", call.end_on_exit},
          {"status", state},
          {"queue_time", "0"},
          {"date_created", TwilioTime(call.created)},
          {"date_updated", TwilioTime(call.created)},
          {"uri", UriOf(call.account.sid,
                        "Conferences/" + call.conference + "/Participants/" + call.sid)}};
}

Json RecordingJson(const TwilioRecording& recording) {
  const std::string& account = recording.account.sid;
  const bool running = recording.status == "in-progress" || recording.status == "paused";
  const std::string uri = UriOf(account, "Recordings/" + recording.sid);
  return {{"sid", recording.sid},
          {"account_sid", account},
          {"call_sid", recording.call},
          {"conference_sid", TextOrNull(recording.conference)},
          {"api_version", kVersion},
          {"status", recording.status},
          {"source", recording.source},
          {"channels", recording.channels},
          {"duration",
           running ? Json() : Json(std::to_string(absl::ToInt64Seconds(recording.duration)))},
          {"start_time", TwilioTime(recording.started)},
          {"date_created", TwilioTime(recording.started)},
          {"date_updated", TwilioTime(recording.started + recording.duration)},
          {"price", nullptr},
          {"price_unit", "USD"},
          {"error_code", nullptr},
          {"track", "both"},
          {"encryption_details", nullptr},
          {"media_url", "https://api.twilio.com" + uri.substr(0, uri.size() - 5)},
          {"uri", uri},
          {"subresource_uris", Json::object()}};
}

Json NumberJson(const TwilioNumber& number) {
  return {{"sid", number.sid},
          {"account_sid", number.account},
          {"friendly_name", number.phone},
          {"phone_number", number.phone},
          {"voice_url", TextOrNull(number.voice_url)},
          {"voice_method", "POST"},
          {"status_callback", TextOrNull(number.status_callback)},
          {"status_callback_method", "POST"},
          {"capabilities", {{"voice", true}, {"sms", false}, {"mms", false}, {"fax", false}}},
          {"api_version", kVersion},
          {"origin", "twilio"},
          {"date_created", TwilioTime(number.created)},
          {"date_updated", TwilioTime(number.created)},
          {"uri", UriOf(number.account, "IncomingPhoneNumbers/" + number.sid)}};
}

std::string TwilioError(int status, int code, const std::string& message) {
  const Json json = {{"code", code},
                     {"message", message},
                     {"more_info", absl::StrCat("https://www.twilio.com/docs/errors/", code)},
                     {"status", status}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Callback ReadCallback(const Form& form, const std::string& prefix,
                      const std::string& default_events) {
  Callback callback;
  callback.url = ValueOf(form, prefix);
  callback.method = ValueOf(form, prefix + "Method", "POST");
  const auto [begin, end] = form.equal_range(prefix + "Event");
  for (auto it = begin; it != end; ++it) callback.events.merge(Words(it->second));
  if (begin == end) callback.events = Words(default_events);
  return callback;
}

Callback ReadCallback(const XmlElement& element, const std::string& prefix,
                      const std::string& default_events) {
  Callback callback;
  callback.url = element.Attribute(prefix);
  callback.method = element.Attribute(prefix + "Method", "POST");
  callback.events = Words(element.Attribute(prefix + "Event", default_events));
  return callback;
}

std::string ValueOf(const Form& form, const std::string& name, const std::string& fallback) {
  const auto it = form.find(name);
  return it == form.end() ? fallback : it->second;
}

bool IsTrue(const std::string& text, bool fallback) {
  return text.empty() ? fallback : text == "true" || text == "True" || text == "TRUE";
}

std::string TwilioSignature(std::string_view token, std::string_view url, const Form& parameters) {
  std::string text(url);
  // A multimap is sorted by name; repeated values are sorted and taken once.
  for (auto it = parameters.begin(); it != parameters.end();) {
    const auto end = parameters.upper_bound(it->first);
    std::set<std::string> values;
    for (auto value = it; value != end; ++value) values.insert(value->second);
    for (const std::string& value : values) absl::StrAppend(&text, it->first, value);
    it = end;
  }
  return crypto::ToBase64(crypto::HmacSha1(token, text));
}

std::string SignedUrl(std::string_view url) {
  url = url.substr(0, url.find('#'));
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const size_t begin = scheme + 3;
  const size_t path = std::min(url.find_first_of("/?", begin), url.size());
  std::string_view authority = url.substr(begin, path - begin);
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  if (url.starts_with("https")) authority = authority.substr(0, authority.find(':'));
  return std::string(url.substr(0, begin)) + std::string(authority) + std::string(url.substr(path));
}

}  // namespace ctc::simulator
