#include "services/recording/domain/calling_hours.h"

#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

#include "libs/base/error.h"

using ctc::recording::CallingHours;

namespace {

google::protobuf::Struct Json(const std::string& text) {
  google::protobuf::Struct value;
  REQUIRE(google::protobuf::util::JsonStringToMessage(text, &value).ok());
  return value;
}

absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  REQUIRE(absl::ParseTime(absl::RFC3339_full, text, &time, &error));
  return time;
}

const char* const kWeekdays =
    R"({"start":"08:00","end":"21:00","time_zone":"America/New_York","days":[1,2,3,4,5]})";

std::string FieldOf(const absl::Status& status) {
  const auto detail = ctc::base::DetailOf(status);
  return detail.fields.empty() ? "" : detail.fields[0].field;
}

}  // namespace

TEST_CASE("hours are open from the first minute and closed at the last", "[hours]") {
  const auto hours = CallingHours::Parse(Json(kWeekdays));
  REQUIRE(hours.ok());
  auto [at, open] = GENERATE(table<std::string, bool>({
      {"2026-03-02T07:59:59-05:00", false},
      {"2026-03-02T08:00:00-05:00", true},
      {"2026-03-02T20:59:59-05:00", true},
      {"2026-03-02T21:00:00-05:00", false},
      {"2026-03-01T12:00:00-05:00", false},  // a Sunday
      {"2026-03-09T08:30:00-04:00", true},   // the day after the clocks changed
  }));
  INFO(at);
  CHECK(hours->IsOpen(At(at)) == open);
}

TEST_CASE("the next opening skips closed days", "[hours]") {
  const auto hours = CallingHours::Parse(Json(kWeekdays));
  REQUIRE(hours.ok());
  // Friday evening; the clocks change on Sunday, so Monday opens at -04:00.
  CHECK(hours->NextOpen(At("2026-03-06T22:00:00-05:00")) == At("2026-03-09T08:00:00-04:00"));
  CHECK(hours->NextOpen(At("2026-03-03T03:00:00-05:00")) == At("2026-03-03T08:00:00-05:00"));
  CHECK(hours->NextOpen(At("2026-03-03T09:00:00-05:00")) == At("2026-03-03T09:00:00-05:00"));
}

TEST_CASE("parameters that make no sense are refused by name", "[hours]") {
  auto [json, field] = GENERATE(table<std::string, std::string>({
      {R"({})", "parameters.start"},
      {R"({"start":"8","end":"21:00","time_zone":"UTC"})", "parameters.start"},
      {R"({"start":"08:00","end":"25:00","time_zone":"UTC"})", "parameters.end"},
      {R"({"start":"21:00","end":"08:00","time_zone":"UTC"})", "parameters.end"},
      {R"({"start":"08:00","end":"21:00"})", "parameters.time_zone"},
      {R"({"start":"08:00","end":"21:00","time_zone":"Mars/Base"})", "parameters.time_zone"},
      {R"({"start":"08:00","end":"21:00","time_zone":"UTC","days":[8]})", "parameters.days"},
      {R"({"start":"08:00","end":"21:00","time_zone":"UTC","days":[]})", "parameters.days"},
      {R"({"start":"08:00","end":"21:00","time_zone":"UTC","hours":1})", "parameters.hours"},
  }));
  INFO(json);
  const auto hours = CallingHours::Parse(Json(json));
  REQUIRE_FALSE(hours.ok());
  CHECK(FieldOf(hours.status()) == field);
}
