#include "services/routing/domain/business_hours.h"

#include "libs/testing/status_matchers.h"
#include "services/routing/domain/flow_world_for_test.h"

namespace ctc::routing {
namespace {

absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  REQUIRE(absl::ParseTime(absl::RFC3339_full, text, &time, &error));
  return time;
}

std::string With(const std::string& hours, const std::string& more = "") {
  return R"({"time_zone": "America/New_York", "hours": [)" + hours + "]" + more + "}";
}

}  // namespace

TEST_CASE("hours are those of the zone, summer and winter") {
  const auto hours = BusinessHours::Parse(
      Json(With(R"({"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "17:00"})")));
  REQUIRE(hours.ok());
  const auto [at, open] = GENERATE(table<std::string, bool>({
      {"2026-01-05T13:59:59Z", false},  // Monday, 08:59:59 in New York
      {"2026-01-05T14:00:00Z", true},
      {"2026-01-05T21:59:59Z", true},
      {"2026-01-05T22:00:00Z", false},
      {"2026-07-06T13:00:00Z", true},  // 09:00 in summer
      {"2026-07-06T21:00:00Z", false},
      {"2026-01-10T15:00:00Z", false},  // Saturday
      {"2026-01-06T01:00:00Z", false},  // still Monday evening there
  }));
  INFO(at);
  CHECK(hours->IsOpen(At(at)) == open);
}

TEST_CASE("a day may have several hours, and go on to its end") {
  const auto hours = BusinessHours::Parse(
      Json(With(R"({"start": "08:00", "end": "12:00"}, {"start": "13:00", "end": "24:00"})")));
  REQUIRE(hours.ok());
  CHECK(hours->IsOpen(At("2026-01-05T14:00:00Z")));
  CHECK_FALSE(hours->IsOpen(At("2026-01-05T17:30:00Z")));
  CHECK(hours->IsOpen(At("2026-01-06T04:59:59Z")));
  CHECK_FALSE(hours->IsOpen(At("2026-01-06T05:00:00Z")));
}

TEST_CASE("a holiday is closed for the zone's whole day") {
  const auto hours = BusinessHours::Parse(
      Json(With(R"({"start": "00:00", "end": "24:00"})", R"(, "holidays": ["2026-01-05"])")));
  REQUIRE(hours.ok());
  CHECK(hours->IsOpen(At("2026-01-05T04:59:59Z")));
  CHECK_FALSE(hours->IsOpen(At("2026-01-05T05:00:00Z")));
  CHECK_FALSE(hours->IsOpen(At("2026-01-06T04:59:59Z")));
  CHECK(hours->IsOpen(At("2026-01-06T05:00:00Z")));
}

TEST_CASE("a wrong member of the hours is named") {
  const std::string good = R"({"start": "08:00", "end": "12:00"})";
  const auto [json, field] = GENERATE_COPY(table<std::string, std::string>({
      {"{}", "time_zone"},
      {R"({"time_zone": "Mars/Olympus", "hours": [)" + good + "]}", "time_zone"},
      {R"({"time_zone": "UTC"})", "hours"},
      {R"({"time_zone": "UTC", "hours": []})", "hours"},
      {R"({"time_zone": "UTC", "hours": "always"})", "hours"},
      {With("7"), "hours[0]"},
      {With(good + R"(, {"start": "8:00", "end": "12:00"})"), "hours[1].start"},
      {With(R"({"start": "08:00"})"), "hours[0].end"},
      {With(R"({"start": "08:00", "end": "24:01"})"), "hours[0].end"},
      {With(R"({"start": "18:00", "end": "08:00"})"), "hours[0].end"},
      {With(R"({"start": "08:00", "end": "12:00", "days": [0]})"), "hours[0].days"},
      {With(R"({"start": "08:00", "end": "12:00", "days": [8]})"), "hours[0].days"},
      {With(R"({"start": "08:00", "end": "12:00", "days": []})"), "hours[0].days"},
      {With(R"({"start": "08:00", "end": "12:00", "day": 1})"), "hours[0].day"},
      {With(good, R"(, "holidays": ["2026-02-30"])"), "holidays[0]"},
      {With(good, R"(, "holidays": ["2026-01-01", 5])"), "holidays[1]"},
      {With(good, R"(, "holidays": [" 2026-1-01"])"), "holidays[0]"},
      {With(good, R"(, "holidays": "2026-01-01")"), "holidays"},
      {With(good, R"(, "closed_audio_url": "ftp://a")"), "closed_audio_url"},
      {With(good, R"(, "closed_text": "")"), "closed_text"},
      {With(good, R"(, "open": true)"), "open"},
  }));
  INFO(json);
  CHECK(testing::NamesField(BusinessHours::Parse(Json(json)).status(), "business_hours." + field));
}

}  // namespace ctc::routing
