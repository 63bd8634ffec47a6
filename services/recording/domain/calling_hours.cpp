#include "services/recording/domain/calling_hours.h"

#include <absl/strings/numbers.h>
#include <absl/time/civil_time.h>

#include "libs/base/error.h"

namespace ctc::recording {
namespace {

using google::protobuf::Value;

constexpr std::string_view kCallee = "callee";

int IsoDay(absl::CivilDay day) { return static_cast<int>(absl::GetWeekday(day)) + 1; }

// "08:30" -> 510; "24:00" is the end of the day.
std::optional<int> MinuteOfDay(std::string_view text) {
  int hour = 0;
  int minute = 0;
  if (text.size() != 5 || text[2] != ':' ||
      !absl::SimpleAtoi(std::string(text.substr(0, 2)), &hour) ||
      !absl::SimpleAtoi(std::string(text.substr(3)), &minute) || hour < 0 || minute < 0 ||
      minute > 59) {
    return std::nullopt;
  }
  const int total = hour * 60 + minute;
  return total <= 24 * 60 ? std::optional(total) : std::nullopt;
}

absl::StatusOr<int> Minute(const google::protobuf::Struct& parameters, const char* name) {
  const auto found = parameters.fields().find(name);
  const std::string path = absl::StrCat("parameters.", name);
  if (found == parameters.fields().end())
    return base::InvalidField(path, "is required, as \"08:00\"");
  const auto minute = MinuteOfDay(found->second.string_value());
  if (!minute) return base::InvalidField(path, "must be a time of day, as \"08:00\"");
  return *minute;
}

absl::Status CheckNames(const google::protobuf::Struct& parameters) {
  for (const auto& [name, value] : parameters.fields()) {
    if (name != "start" && name != "end" && name != "time_zone" && name != "days") {
      return base::InvalidField(absl::StrCat("parameters.", name),
                                "is not known; there are start, end, time_zone and days");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::bitset<8>> Days(const google::protobuf::Struct& parameters) {
  std::bitset<8> days;
  const auto found = parameters.fields().find("days");
  if (found == parameters.fields().end()) return days.set();
  for (const Value& value : found->second.list_value().values()) {
    const double day = value.number_value();
    if (day < 1 || day > 7 || day != static_cast<int>(day)) {
      return base::InvalidField("parameters.days", "must be a list of 1 (Monday) to 7 (Sunday)");
    }
    days.set(static_cast<size_t>(day));
  }
  if (days.none()) return base::InvalidField("parameters.days", "must name at least one day");
  return days;
}

}  // namespace

absl::StatusOr<CallingHours> CallingHours::Parse(const google::protobuf::Struct& parameters) {
  CTC_RETURN_IF_ERROR(CheckNames(parameters));
  CallingHours hours;
  CTC_ASSIGN_OR_RETURN(hours.start_minute_, Minute(parameters, "start"));
  CTC_ASSIGN_OR_RETURN(hours.end_minute_, Minute(parameters, "end"));
  if (hours.start_minute_ >= hours.end_minute_) {
    return base::InvalidField("parameters.end", "must be later than start on the same day");
  }
  const auto zone = parameters.fields().find("time_zone");
  if (zone == parameters.fields().end()) {
    return base::InvalidField("parameters.time_zone",
                              "is required: \"callee\", or a zone as \"America/New_York\"");
  }
  hours.zone_name_ = zone->second.string_value();
  hours.follow_callee_ = hours.zone_name_ == kCallee;
  if (hours.follow_callee_) {
    hours.zone_ = absl::UTCTimeZone();
  } else if (hours.zone_name_.empty() || !absl::LoadTimeZone(hours.zone_name_, &hours.zone_)) {
    return base::InvalidField("parameters.time_zone",
                              "is neither \"callee\" nor a zone of the tz database");
  }
  CTC_ASSIGN_OR_RETURN(hours.days_, Days(parameters));
  return hours;
}

std::optional<CallingHours> CallingHours::In(const std::string& zone) const {
  CallingHours there = *this;
  if (!absl::LoadTimeZone(zone, &there.zone_)) return std::nullopt;
  there.zone_name_ = zone;
  return there;
}

bool CallingHours::IsOpenOn(absl::CivilDay day) const {
  return days_.test(static_cast<size_t>(IsoDay(day)));
}

bool CallingHours::IsOpen(absl::Time at) const {
  const absl::CivilMinute local = absl::ToCivilMinute(at, zone_);
  const int minute = local.hour() * 60 + local.minute();
  return IsOpenOn(absl::CivilDay(local)) && minute >= start_minute_ && minute < end_minute_;
}

absl::Time CallingHours::NextOpen(absl::Time at) const {
  if (IsOpen(at)) return at;
  absl::CivilDay day = absl::ToCivilDay(at, zone_);
  for (int i = 0; i <= 8; ++i, ++day) {
    if (!IsOpenOn(day)) continue;
    const absl::Time opens = absl::FromCivil(absl::CivilMinute(day) + start_minute_, zone_);
    if (opens >= at) return opens;
  }
  return absl::InfiniteFuture();
}

}  // namespace ctc::recording
