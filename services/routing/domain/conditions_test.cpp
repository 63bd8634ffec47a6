#include "services/routing/domain/conditions.h"

#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

#include "libs/base/error.h"

namespace ctc::routing {
namespace {

absl::StatusOr<Conditions> Parse(const std::string& json) {
  google::protobuf::Struct parsed;
  REQUIRE(google::protobuf::util::JsonStringToMessage(json, &parsed).ok());
  return Conditions::Parse(parsed);
}

std::string FieldAtFault(const std::string& json) {
  const auto conditions = Parse(json);
  REQUIRE_FALSE(conditions.ok());
  return base::DetailOf(conditions.status()).fields.at(0).field;
}

Question Call() {
  Question question;
  question.to_phone = "+4930123456";
  question.agent_id = "ann";
  question.campaign_id = "c1";
  question.at = absl::FromUnixSeconds(1772539200);  // Tuesday 2026-03-03 12:00 UTC
  return question;
}

bool Applies(const std::string& json) { return Parse(json)->WhyNot(Call()).empty(); }

}  // namespace

TEST_CASE("no condition always holds") { CHECK(Applies("{}")); }

TEST_CASE("each condition holds or not, and all must") {
  CHECK(Applies(R"({"campaign_id": "c1"})"));
  CHECK(Applies(R"({"campaign_id": ["c0", "c1"]})"));
  CHECK_FALSE(Applies(R"({"campaign_id": "c2"})"));
  CHECK(Applies(R"({"agent_id": ["ann"]})"));
  CHECK_FALSE(Applies(R"({"agent_id": "bob"})"));
  CHECK(Applies(R"({"to_phone_prefix": ["+1", "+49"]})"));
  CHECK_FALSE(Applies(R"({"to_phone_prefix": "+48"})"));
  CHECK_FALSE(Applies(R"({"campaign_id": "c1", "agent_id": "bob"})"));
}

TEST_CASE("a time window is half-open and in its own zone") {
  CHECK(Applies(R"({"time_window": {"start": "12:00", "end": "13:00", "time_zone": "UTC"}})"));
  CHECK_FALSE(
      Applies(R"({"time_window": {"start": "11:00", "end": "12:00", "time_zone": "UTC"}})"));
  CHECK(Applies(
      R"({"time_window": {"start": "07:00", "end": "08:00", "time_zone": "America/New_York"}})"));
  CHECK(Applies(
      R"({"time_window": {"start": "00:00", "end": "24:00", "time_zone": "UTC", "days": [2]}})"));
  CHECK_FALSE(Applies(
      R"({"time_window": {"start": "00:00", "end": "24:00", "time_zone": "UTC", "days": [1, 3]}})"));
}

TEST_CASE("what is not known or not right is refused by name") {
  CHECK(FieldAtFault(R"({"skill": "es"})") == "condition_json.skill");
  CHECK(FieldAtFault(R"({"campaign_id": 7})") == "condition_json.campaign_id");
  CHECK(FieldAtFault(R"({"agent_id": []})") == "condition_json.agent_id");
  CHECK(FieldAtFault(R"({"to_phone_prefix": "49"})") == "condition_json.to_phone_prefix");
  CHECK(FieldAtFault(R"({"to_phone_prefix": ["+4x"]})") == "condition_json.to_phone_prefix");
  const std::string window = R"({"time_window": {"start": "08:00", "end": "18:00", )";
  CHECK(FieldAtFault(window + R"("time_zone": "Mars/Base"}})") ==
        "condition_json.time_window.time_zone");
  CHECK(FieldAtFault(window + R"("time_zone": "UTC", "days": [8]}})") ==
        "condition_json.time_window.days");
  CHECK(FieldAtFault(window + R"("time_zone": "UTC", "tz": "UTC"}})") ==
        "condition_json.time_window.tz");
  CHECK(FieldAtFault(R"({"time_window": {"start": "8:00", "end": "18:00", "time_zone": "UTC"}})") ==
        "condition_json.time_window.start");
  CHECK(
      FieldAtFault(R"({"time_window": {"start": "18:00", "end": "08:00", "time_zone": "UTC"}})") ==
      "condition_json.time_window.end");
  CHECK(FieldAtFault(R"({"time_window": "always"})") == "condition_json.time_window.start");
}

}  // namespace ctc::routing
