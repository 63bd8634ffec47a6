// See conditions.h.
#include "services/routing/domain/conditions.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/time/civil_time.h>

#include <algorithm>

#include "libs/base/error.h"

namespace ctc::routing {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

constexpr int kMaxListed = 100;
constexpr size_t kMaxText = 128;

std::string Path(std::string_view name) { return "condition_json." + std::string(name); }

// A text or a list of texts, none empty.
absl::StatusOr<std::vector<std::string>> Texts(std::string_view name, const Value& value) {
  std::vector<std::string> texts;
  if (value.kind_case() == Value::kStringValue) {
    texts.push_back(value.string_value());
  } else {
    for (const Value& item : value.list_value().values()) texts.push_back(item.string_value());
  }
  const bool bad = std::any_of(texts.begin(), texts.end(), [](const std::string& text) {
    return text.empty() || text.size() > kMaxText;
  });
  if (texts.empty() || texts.size() > kMaxListed || bad) {
    return base::InvalidField(Path(name), "must be a text or a list of 1 to 100 texts");
  }
  return texts;
}

absl::StatusOr<std::vector<std::string>> Prefixes(const Value& value) {
  CTC_ASSIGN_OR_RETURN(std::vector<std::string> prefixes, Texts("to_phone_prefix", value));
  for (const std::string& prefix : prefixes) {
    const bool digits =
        std::all_of(prefix.begin() + 1, prefix.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (prefix.front() != '+' || prefix.size() < 2 || prefix.size() > 16 || !digits) {
      return base::InvalidField(Path("to_phone_prefix"), "must be \"+\" and digits, as \"+49\"");
    }
  }
  return prefixes;
}

// "08:30" -> 510; "24:00" is the end of the day; -1 when it is no time of day.
int MinuteOfDay(const std::string& text) {
  int hour = 0;
  int minute = 0;
  const bool shaped = text.size() == 5 && text[2] == ':' && text[0] >= '0' && text[0] <= '2' &&
                      text[3] >= '0' && text[3] <= '5';
  if (!shaped || !absl::SimpleAtoi(text.substr(0, 2), &hour) ||
      !absl::SimpleAtoi(text.substr(3), &minute)) {
    return -1;
  }
  const int total = hour * 60 + minute;
  return total <= 24 * 60 ? total : -1;
}

absl::StatusOr<int> Minute(const Struct& json, const std::string& path, const char* name) {
  const auto found = json.fields().find(name);
  const int minute = found == json.fields().end() ? -1 : MinuteOfDay(found->second.string_value());
  if (minute < 0) {
    return base::InvalidField(absl::StrCat(path, ".", name), "must be a time of day, as \"08:00\"");
  }
  return minute;
}

absl::StatusOr<std::bitset<8>> Days(const Struct& json, const std::string& path) {
  std::bitset<8> days;
  const auto found = json.fields().find("days");
  if (found == json.fields().end()) return days.set();
  for (const Value& value : found->second.list_value().values()) {
    const double day = value.number_value();
    if (!(day >= 1 && day <= 7) || day != static_cast<int>(day)) {
      return base::InvalidField(path + ".days", "must be a list of 1 (Monday) to 7 (Sunday)");
    }
    days.set(static_cast<size_t>(day));
  }
  if (days.none()) return base::InvalidField(path + ".days", "must name at least one day");
  return days;
}

absl::StatusOr<TimeWindow> Window(const Struct& json) {
  const std::string path = Path("time_window");
  Struct rest = json;
  TimeWindow zoned;
  const auto zone = json.fields().find("time_zone");
  const bool known = zone != json.fields().end() && !zone->second.string_value().empty() &&
                     absl::LoadTimeZone(zone->second.string_value(), &zoned.zone);
  rest.mutable_fields()->erase("time_zone");
  CTC_ASSIGN_OR_RETURN(TimeWindow window, TimeWindow::Parse(rest, path));
  if (!known) {
    return base::InvalidField(path + ".time_zone", "must be a zone of the tz database");
  }
  window.zone = zoned.zone;
  return window;
}

bool Holds(const std::vector<std::string>& list, const std::string& text) {
  return list.empty() || std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

absl::StatusOr<TimeWindow> TimeWindow::Parse(const Struct& json, const std::string& path) {
  for (const auto& [name, value] : json.fields()) {
    if (name != "start" && name != "end" && name != "days") {
      return base::InvalidField(absl::StrCat(path, ".", name), "is not known here");
    }
  }
  TimeWindow window;
  CTC_ASSIGN_OR_RETURN(window.start_minute, Minute(json, path, "start"));
  CTC_ASSIGN_OR_RETURN(window.end_minute, Minute(json, path, "end"));
  if (window.start_minute >= window.end_minute) {
    return base::InvalidField(path + ".end", "must be later than start on the same day");
  }
  CTC_ASSIGN_OR_RETURN(window.days, Days(json, path));
  return window;
}

bool TimeWindow::Contains(absl::Time at) const {
  const absl::CivilMinute local = absl::ToCivilMinute(at, zone);
  const int minute = local.hour() * 60 + local.minute();
  const size_t day = static_cast<size_t>(absl::GetWeekday(absl::CivilDay(local))) + 1;
  return days.test(day) && minute >= start_minute && minute < end_minute;
}

absl::StatusOr<Conditions> Conditions::Parse(const Struct& json) {
  Conditions conditions;
  for (const auto& [name, value] : json.fields()) {
    if (name == "campaign_id") {
      CTC_ASSIGN_OR_RETURN(conditions.campaigns_, Texts(name, value));
    } else if (name == "agent_id") {
      CTC_ASSIGN_OR_RETURN(conditions.agents_, Texts(name, value));
    } else if (name == "to_phone_prefix") {
      CTC_ASSIGN_OR_RETURN(conditions.prefixes_, Prefixes(value));
    } else if (name == "time_window") {
      CTC_ASSIGN_OR_RETURN(conditions.window_, Window(value.struct_value()));
    } else {
      return base::InvalidField(
          Path(name),
          "is not known; there are campaign_id, agent_id, to_phone_prefix, time_window");
    }
  }
  return conditions;
}

std::string Conditions::WhyNot(const Question& question) const {
  if (!Holds(campaigns_, question.campaign_id)) return "it is for another campaign_id";
  if (!Holds(agents_, question.agent_id)) return "it is for another agent_id";
  const bool prefixed =
      prefixes_.empty() ||
      std::any_of(prefixes_.begin(), prefixes_.end(), [&](const std::string& prefix) {
        return question.to_phone.compare(0, prefix.size(), prefix) == 0;
      });
  if (!prefixed) return "to_phone has none of its prefixes";
  if (window_ && !window_->Contains(question.at)) return "it is outside its time_window";
  return "";
}

}  // namespace ctc::routing
