#include "services/recording/domain/compliance.h"

#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

namespace {

using namespace ctc::recording;
using List = v1::PhoneNumber;

constexpr char kNumber[] = "+12025550100";
const absl::Time kNoon = absl::FromUnixSeconds(1772539200);  // 2026-03-03 12:00 UTC, a Tuesday

CallingHours Hours(const std::string& start, const std::string& end,
                   const std::string& zone = "UTC") {
  google::protobuf::Struct parameters;
  const std::string json = absl::StrCat(R"({"start":")", start, R"(","end":")", end,
                                        R"(","time_zone":")", zone, R"("})");
  REQUIRE(google::protobuf::util::JsonStringToMessage(json, &parameters).ok());
  auto hours = CallingHours::Parse(parameters);
  REQUIRE(hours.ok());
  return *std::move(hours);
}

CallQuestion Ask(std::string region = "") {
  CallQuestion question;
  question.to_phone = kNumber;
  question.region = std::move(region);
  question.at = kNoon;
  return question;
}

std::vector<std::string> Codes(const Decision& decision) {
  std::vector<std::string> codes;
  for (const Reason& reason : decision.reasons) codes.push_back(reason.code);
  return codes;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a tenant without rules may call", "[compliance]") {
  const Decision decision = Decide(Policy{}, Ask());
  CHECK(decision.verdict == Verdict::kAllow);
  CHECK(decision.reasons.empty());
  CHECK_FALSE(decision.record);
}

TEST_CASE("blacklist and spam deny, and both are told", "[compliance]") {
  Policy policy;
  policy.lists[kNumber] = {{"1", List::BLACKLIST}, {"2", List::SPAM}};
  const Decision decision = Decide(policy, Ask());
  CHECK(decision.verdict == Verdict::kDeny);
  CHECK(Codes(decision) == Names{"NUMBER_BLACKLISTED", "NUMBER_SPAM"});
}

TEST_CASE("hours of the callee are open when they are in every zone of the number",
          "[compliance]") {
  Policy policy;
  policy.hours.push_back({"1", "day", "", Hours("08:00", "21:00", "callee")});
  CHECK(policy.needs_zones());
  CallQuestion question = Ask();
  question.at =
      kNoon + absl::Hours(1) + absl::Minutes(5);  // 08:05 in New York, 05:05 in California
  question.zones = {"America/New_York"};
  CHECK(Decide(policy, question).verdict == Verdict::kAllow);
  const auto both = GENERATE(false, true);
  question.zones = {"America/Los_Angeles"};
  if (both) question.zones.emplace_back("America/New_York");
  const Decision early = Decide(policy, question);
  CHECK(early.verdict == Verdict::kDefer);
  REQUIRE(early.reasons.size() == 1);
  CHECK(early.reasons[0].detail == "closed by \"day\" (America/Los_Angeles)");
  CHECK(early.allowed_from == kNoon + absl::Hours(4));
  // 18:05 in California, 21:05 in New York.
  question.at = kNoon + absl::Hours(14) + absl::Minutes(5);
  const Decision late = Decide(policy, question);
  CHECK(late.verdict == (both ? Verdict::kDefer : Verdict::kAllow));
  if (both) CHECK(late.allowed_from == kNoon + absl::Hours(28));
}

TEST_CASE("a number that may be anywhere is never within the callee's hours", "[compliance]") {
  Policy policy;
  policy.hours.push_back({"1", "day", "", Hours("08:00", "21:00", "callee")});
  CHECK(Decide(policy, Ask()).verdict == Verdict::kDeny);
  policy.hours = {{"1", "day", "", Hours("08:00", "21:00")}};
  CHECK_FALSE(policy.needs_zones());
  CHECK(Decide(policy, Ask()).verdict == Verdict::kAllow);
}

TEST_CASE("a zone that this machine does not know is never open", "[compliance]") {
  Policy policy;
  policy.hours.push_back({"1", "day", "", Hours("08:00", "21:00", "callee")});
  CallQuestion question = Ask();
  question.at = kNoon + absl::Hours(3);  // open in UTC and in New York
  question.zones = {"America/New_York"};
  REQUIRE(Decide(policy, question).verdict == Verdict::kAllow);
  const bool alone = GENERATE(true, false);
  if (alone) question.zones.clear();
  question.zones.emplace_back("No/Such");
  const Decision decision = Decide(policy, question);
  CHECK(decision.verdict == Verdict::kDeny);
  CHECK(Codes(decision) == Names{"OUTSIDE_CALLING_HOURS"});
}

TEST_CASE("the whitelist lifts the blacklist but not the hours", "[compliance]") {
  Policy policy;
  policy.lists[kNumber] = {{"1", List::BLACKLIST}, {"2", List::WHITELIST}};
  CHECK(Decide(policy, Ask()).verdict == Verdict::kAllow);
  policy.hours.push_back({"h", "mornings", "", Hours("08:00", "10:00")});
  CHECK(Decide(policy, Ask()).verdict == Verdict::kDefer);
}

TEST_CASE("an entry counts until it expires", "[compliance]") {
  Policy policy;
  policy.lists[kNumber] = {{"1", List::BLACKLIST, kNoon}};
  CHECK(Decide(policy, Ask()).verdict == Verdict::kAllow);
  policy.lists[kNumber] = {{"1", List::BLACKLIST, kNoon + absl::Seconds(1)}};
  CHECK(Decide(policy, Ask()).verdict == Verdict::kDeny);
}

TEST_CASE("of a caller only the recording is asked", "[compliance]") {
  Policy policy;
  policy.lists[kNumber] = {{"1", List::BLACKLIST}};
  policy.hours.push_back({"h", "mornings", "", Hours("08:00", "10:00")});
  CallQuestion question = Ask("US");
  question.record = CallQuestion::Record::kYes;
  const Decision decision = DecideRecording(policy, question);
  CHECK(decision.verdict == Verdict::kAllow);
  CHECK(decision.reasons.empty());
  CHECK(decision.record);
}

TEST_CASE("a caller whose country wants consent is not recorded by itself", "[compliance]") {
  Policy policy;
  policy.auto_record = true;
  policy.consent.push_back({"c", "German consent", "DE"});
  CHECK(DecideRecording(policy, Ask("US")).record);
  const Decision german = DecideRecording(policy, Ask("DE"));
  CHECK_FALSE(german.record);
  CHECK(Codes(german) == Names{"RECORDING_NEEDS_CONSENT"});
  // Of a withheld number every country's rule holds.
  CHECK_FALSE(DecideRecording(policy, Ask("")).record);
}

TEST_CASE("who is asked to leave a message agrees by leaving it, unless a rule says otherwise",
          "[compliance]") {
  Policy policy;
  policy.consent.push_back({"c", "consent", ""});
  CallQuestion message = Ask("DE");
  message.record = CallQuestion::Record::kYes;
  CHECK_FALSE(DecideRecording(policy, message).record);
  message.message = true;
  CHECK(DecideRecording(policy, message).record);
  policy.consent.front().messages = true;
  CHECK_FALSE(DecideRecording(policy, message).record);
}

TEST_CASE("the parameters of a consent rule are checked", "[compliance]") {
  google::protobuf::Struct parameters;
  CHECK(ReadConsentParameters(parameters).value() == false);
  (*parameters.mutable_fields())["messages"].set_bool_value(true);
  CHECK(ReadConsentParameters(parameters).value() == true);
  (*parameters.mutable_fields())["messages"].set_string_value("yes");
  CHECK_FALSE(ReadConsentParameters(parameters).ok());
  parameters.clear_fields();
  (*parameters.mutable_fields())["messsages"].set_bool_value(true);
  CHECK_FALSE(ReadConsentParameters(parameters).ok());
}

TEST_CASE("outside the hours a call waits for the first moment that all rules allow",
          "[compliance]") {
  Policy policy;
  policy.hours.push_back({"a", "mornings", "", Hours("08:00", "12:00")});
  policy.hours.push_back({"b", "from ten", "", Hours("10:00", "20:00")});
  const Decision decision = Decide(policy, Ask());
  CHECK(decision.verdict == Verdict::kDefer);
  CHECK(decision.allowed_from == kNoon + absl::Hours(22));  // 10:00 of the next day
  CHECK(Codes(decision) == Names{"OUTSIDE_CALLING_HOURS"});
}

TEST_CASE("hours that never meet forbid the call for good", "[compliance]") {
  Policy policy;
  policy.hours.push_back({"a", "early", "", Hours("06:00", "08:00")});
  policy.hours.push_back({"b", "late", "", Hours("20:00", "22:00")});
  CHECK(Decide(policy, Ask()).verdict == Verdict::kDeny);
}

TEST_CASE("a rule of a country is for its numbers and for those of unknown country",
          "[compliance]") {
  Policy policy;
  policy.hours.push_back({"a", "mornings", "US", Hours("08:00", "10:00")});
  CHECK(policy.needs_region());
  CHECK(Decide(policy, Ask("DE")).verdict == Verdict::kAllow);
  CHECK(Decide(policy, Ask("US")).verdict == Verdict::kDefer);
  CHECK(Decide(policy, Ask("")).verdict == Verdict::kDefer);
}

TEST_CASE("a denial is not softened by a deferral, and both are told", "[compliance]") {
  Policy policy;
  policy.lists[kNumber] = {{"1", List::BLACKLIST}};
  policy.hours.push_back({"h", "mornings", "", Hours("08:00", "10:00")});
  const Decision decision = Decide(policy, Ask());
  CHECK(decision.verdict == Verdict::kDeny);
  CHECK(Codes(decision) == Names{"NUMBER_BLACKLISTED", "OUTSIDE_CALLING_HOURS"});
}

TEST_CASE("the click decides on recording before the configuration does", "[compliance]") {
  using Record = CallQuestion::Record;
  auto [automatic, asked, expected] = GENERATE(table<bool, Record, bool>({
      {false, Record::kByConfiguration, false},
      {true, Record::kByConfiguration, true},
      {true, Record::kNo, false},
      {false, Record::kYes, true},
  }));
  Policy policy;
  policy.auto_record = automatic;
  CallQuestion question = Ask();
  question.record = asked;
  CHECK(Decide(policy, question).record == expected);
}

TEST_CASE("where consent is needed nothing is recorded by itself, and the call goes on",
          "[compliance]") {
  Policy policy;
  policy.auto_record = true;
  policy.consent.push_back({"c", "two-party", "US"});
  const Decision decision = Decide(policy, Ask("US"));
  CHECK(decision.verdict == Verdict::kAllow);
  CHECK_FALSE(decision.record);
  CHECK(Codes(decision) == Names{"RECORDING_NEEDS_CONSENT"});
  CHECK(Decide(policy, Ask("DE")).record);
}
