#include "services/routing/domain/business_hours.h"

#include <absl/strings/str_cat.h>
#include <absl/time/civil_time.h>

#include <algorithm>

#include "libs/base/error.h"
#include "services/routing/domain/free_data.h"

namespace ctc::routing {
namespace {

using google::protobuf::Value;

constexpr char kField[] = "business_hours";
constexpr int kMaxWindows = 50;
constexpr int kMaxHolidays = 400;
constexpr size_t kMaxText = 2000;

// The rules of a time window of a routing rule hold here too.
absl::StatusOr<TimeWindow> Window(const Value& value, const std::string& path,
                                  absl::TimeZone zone) {
  if (value.kind_case() != Value::kStructValue) {
    return base::InvalidField(path, "must be an object with start and end");
  }
  CTC_ASSIGN_OR_RETURN(TimeWindow window, TimeWindow::Parse(value.struct_value(), path));
  window.zone = zone;
  return window;
}

absl::StatusOr<absl::CivilDay> Holiday(const Value& value, const std::string& path) {
  absl::CivilDay day;
  const std::string& text = value.string_value();
  // ParseCivilTime alone takes blanks and signs as well.
  const bool shaped = text.size() == 10 && std::all_of(text.begin(), text.end(), [](char c) {
                        return (c >= '0' && c <= '9') || c == '-';
                      });
  if (!shaped || !absl::ParseCivilTime(text, &day)) {
    return base::InvalidField(path, "must be a date, as \"2026-12-25\"");
  }
  return day;
}

std::string Item(const char* name, int index) {
  return absl::StrCat(kField, ".", name, "[", index, "]");
}

}  // namespace

absl::StatusOr<BusinessHours> BusinessHours::Parse(const google::protobuf::Struct& json) {
  BusinessHours hours;
  FreeData data(json, kField);
  const std::string zone = data.Text("time_zone", 64);
  if (zone.empty() || !absl::LoadTimeZone(zone, &hours.zone_)) {
    data.Refuse("time_zone", "must be a zone of the tz database, as \"Europe/Berlin\"");
  }
  hours.closed_text = data.Text("closed_text", kMaxText);
  hours.closed_audio_url = data.Url("closed_audio_url");
  const auto* windows = data.List("hours");
  const auto* holidays = data.List("holidays");
  if (windows == nullptr || windows->values().empty() || windows->values_size() > kMaxWindows) {
    data.Refuse("hours", "must be a list of 1 to 50 objects with days, start and end");
  }
  if (holidays != nullptr && holidays->values_size() > kMaxHolidays) {
    data.Refuse("holidays", "must have at most 400 dates");
  }
  CTC_RETURN_IF_ERROR(data.Finish());
  for (int i = 0; i < windows->values_size(); ++i) {
    CTC_ASSIGN_OR_RETURN(const TimeWindow window,
                         Window(windows->values(i), Item("hours", i), hours.zone_));
    hours.windows_.push_back(window);
  }
  for (int i = 0; holidays != nullptr && i < holidays->values_size(); ++i) {
    CTC_ASSIGN_OR_RETURN(const absl::CivilDay day,
                         Holiday(holidays->values(i), Item("holidays", i)));
    hours.holidays_.insert(day);
  }
  return hours;
}

bool BusinessHours::IsOpen(absl::Time at) const {
  if (holidays_.count(absl::ToCivilDay(at, zone_)) > 0) return false;
  return std::any_of(windows_.begin(), windows_.end(),
                     [&](const TimeWindow& window) { return window.Contains(at); });
}

}  // namespace ctc::routing
