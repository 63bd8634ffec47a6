// Lists, rules, the checks and the configuration, over a real database.
#include "services/recording/service/recording_service.h"

#include <catch2/catch.hpp>

#include <google/protobuf/util/message_differencer.h>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/testing/eventually.h"
#include "services/recording/service/service_world_for_test.h"

namespace {

using namespace ctc;
using namespace ctc::recording;
using List = v1::PhoneNumber;
using google::protobuf::util::MessageDifferencer;

struct Fixture : ServiceWorld {
  // What `change` answers when it comes to a row that a stranger's transaction wrote by `sql` and
  // commits while it waits.
  template <class T>
  T Behind(std::string_view sql, Task<T> change) {
    constexpr std::string_view kWaiting =
        "SELECT variable_value FROM information_schema.global_status"
        " WHERE variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS'";
    std::future<T> answer;
    const absl::Status written = database->RunBlocking([&](db::Connection& c) -> absl::Status {
      CTC_RETURN_IF_ERROR(c.Execute(sql).status());
      answer = asio::co_spawn(io.executor(), std::move(change), asio::use_future);
      testing::EventuallyTrue(
          [&] {
            const auto waiting = c.Query(kWaiting);
            return waiting.ok() && waiting->at(0).Int(0) == 1;
          },
          "the change waits for the row");
      return absl::OkStatus();
    });
    REQUIRE(written.ok());
    return answer.get();
  }

  absl::StatusOr<v1::CreateComplianceRuleResponse> AddHours(const std::string& start,
                                                            const std::string& end) {
    v1::CreateComplianceRuleRequest request;
    request.set_rule_name("hours");
    request.set_rule_type(v1::ComplianceRule::CALLING_HOURS);
    request.set_jurisdiction("US");
    *request.mutable_parameters() = Hours(start, end);
    return io.Run(service.CreateComplianceRule(As(), request));
  }

  static google::protobuf::Struct Hours(const std::string& start, const std::string& end) {
    google::protobuf::Struct parameters;
    auto& fields = *parameters.mutable_fields();
    fields["start"].set_string_value(start);
    fields["end"].set_string_value(end);
    fields["time_zone"].set_string_value("UTC");
    return parameters;
  }

  absl::StatusOr<v1::ComplianceRule> Rule(const std::string& id, const std::string& tenant = "t1") {
    v1::GetComplianceRuleRequest get;
    get.set_id(id);
    auto answer = io.Run(service.GetComplianceRule(As(tenant), get));
    if (!answer.ok()) return answer.status();
    return answer->rule();
  }

  std::string VerdictAtNoon() {
    v1::CheckComplianceRequest ask;
    ask.set_to_phone("+12025550100");
    ask.mutable_at()->set_seconds(1772539200);
    const auto answer = io.Run(service.CheckCompliance(As(), ask));
    REQUIRE(answer.ok());
    return answer->verdict();
  }
};

std::string FieldOf(const absl::Status& status) {
  const auto detail = base::DetailOf(status);
  return detail.fields.empty() ? "" : detail.fields[0].field;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a blacklisted number is denied at once, audited, for this tenant only",
                 "[db]") {
  CHECK(Check("+15550199").verdict() == "ALLOW");
  REQUIRE(Add("+1 (555) 0199", List::BLACKLIST).ok());
  const auto denied = Check("+15550199");
  CHECK(denied.verdict() == "DENY");
  REQUIRE(denied.reasons_size() == 1);
  CHECK(denied.reasons(0).code() == "NUMBER_BLACKLISTED");
  CHECK(Check("+15550199", "t2").verdict() == "ALLOW");
  CHECK(
      Count("SELECT COUNT(*) FROM compliance_audit WHERE tenant_id = 't1' AND verdict = 'DENY'") ==
      1);
}

TEST_CASE_METHOD(Fixture, "a number is the same with and without its zero for calls at home",
                 "[db]") {
  REQUIRE(Add("+49 (0)30 123456", List::BLACKLIST).ok());
  CHECK(Check("+4930123456").verdict() == "DENY");
  REQUIRE(Add("+44 20 7946 0958", List::BLACKLIST).ok());
  CHECK(Check("+44 (0)20 7946 0958").verdict() == "DENY");
}

TEST_CASE_METHOD(Fixture, "a number is on a list once", "[db]") {
  REQUIRE(Add("+15550100", List::VIP).ok());
  CHECK(base::IsError(Add("0015550100", List::VIP).status(), base::kAlreadyExists));
}

TEST_CASE_METHOD(Fixture, "an entry that is over makes room for a new one", "[db]") {
  v1::CreatePhoneNumberRequest request;
  request.set_phone_number("+15550100");
  request.set_list_type(List::BLACKLIST);
  *request.mutable_expires_at() = base::ToProto(base::SystemClock().Now() - absl::Seconds(1));
  REQUIRE(io.Run(service.CreatePhoneNumber(As(), request)).ok());
  CHECK(Check("+15550100").verdict() == "ALLOW");
  SECTION("that is added") { CHECK(Add("+15550100", List::BLACKLIST).ok()); }
  SECTION("that is moved there") {
    const auto moved = Add("+15550100", List::VIP);
    REQUIRE(moved.ok());
    v1::UpdatePhoneNumberRequest move;
    move.set_id(moved->phone_number().id());
    move.set_list_type("BLACKLIST");
    CHECK(io.Run(service.UpdatePhoneNumber(As(), move)).ok());
  }
  CHECK(Check("+15550100").verdict() == "DENY");
  CHECK(Count("SELECT COUNT(*) FROM phone_number_list") == 1);
  CHECK(base::IsError(Add("+15550100", List::BLACKLIST).status(), base::kAlreadyExists));
}

TEST_CASE_METHOD(Fixture, "an import puts numbers on their lists for good", "[db]") {
  const absl::Duration left = GENERATE(absl::Hours(1), absl::Hours(-1));
  v1::CreatePhoneNumberRequest old;
  old.set_phone_number("+15550100");
  old.set_list_type(List::BLACKLIST);
  old.set_reason("asked");
  *old.mutable_expires_at() = base::ToProto(base::SystemClock().Now() + left);
  REQUIRE(io.Run(service.CreatePhoneNumber(As(), old)).ok());
  REQUIRE(Add("+15550101", List::BLACKLIST).ok());

  v1::ImportPhoneNumbersRequest request;
  const auto import = [&](const char* lines) {
    request.set_csv(std::string("phone_number,list_type,reason\n") + lines);
    const auto answer = io.Run(service.ImportPhoneNumbers(As(), request));
    REQUIRE(answer.ok());
    return std::pair(answer->imported(), answer->unchanged());
  };
  CHECK(import("+15550100,BLACKLIST,\n+15550101,BLACKLIST,\n+15550102,BLACKLIST,\n") ==
        std::pair(2, 1));
  CHECK(Check("+15550100").verdict() == "DENY");
  CHECK(Count("SELECT COUNT(*) FROM phone_number_list WHERE expires_at IS NULL") == 3);
  CHECK(Count("SELECT COUNT(*) FROM phone_number_list WHERE reason = 'asked'") == 1);
  CHECK(import("+15550100,BLACKLIST,sued\n+15550101,BLACKLIST,\n") == std::pair(1, 1));
  CHECK(Count("SELECT COUNT(*) FROM phone_number_list WHERE reason = 'sued'") == 1);
}

TEST_CASE_METHOD(Fixture, "an entry can be moved, found and removed, by its own tenant", "[db]") {
  const auto added = Add("+15550100", List::BLACKLIST);
  REQUIRE(added.ok());
  const std::string id = added->phone_number().id();
  v1::UpdatePhoneNumberRequest move;
  move.set_id(id);
  move.set_list_type("WHITELIST");
  REQUIRE(io.Run(service.UpdatePhoneNumber(As(), move)).ok());
  CHECK(Check("+15550100").verdict() == "ALLOW");
  v1::DeletePhoneNumberRequest remove;
  remove.set_id(id);
  CHECK(
      base::IsError(io.Run(service.DeletePhoneNumber(As("t2"), remove)).status(), base::kNotFound));
  CHECK(io.Run(service.DeletePhoneNumber(As(), remove)).ok());
  v1::GetPhoneNumberRequest get;
  get.set_id(id);
  CHECK(base::IsError(io.Run(service.GetPhoneNumber(As(), get)).status(), base::kNotFound));
}

TEST_CASE_METHOD(Fixture, "a change of an entry keeps what another changed at the same time",
                 "[db]") {
  const auto added = Add("+15550100", List::BLACKLIST);
  REQUIRE(added.ok());
  v1::UpdatePhoneNumberRequest change;
  change.set_id(added->phone_number().id());
  change.set_reason("x");
  const auto changed = Behind("UPDATE phone_number_list SET list_type = 'WHITELIST'",
                              service.UpdatePhoneNumber(As(), change));
  REQUIRE(changed.ok());
  CHECK(changed->phone_number().list_type() == List::WHITELIST);
  CHECK(Count("SELECT COUNT(*) FROM phone_number_list"
              " WHERE list_type = 'WHITELIST' AND reason = 'x'") == 1);
  const auto gone =
      Behind("DELETE FROM phone_number_list", service.UpdatePhoneNumber(As(), change));
  CHECK(base::IsError(gone.status(), base::kNotFound));
}

TEST_CASE_METHOD(Fixture, "an expiry before 1970 is refused, not taken for never", "[db]") {
  v1::CreatePhoneNumberRequest add;
  add.set_phone_number("+15550100");
  add.set_list_type(List::WHITELIST);
  const auto expiry = [&](int64_t seconds) {
    add.mutable_expires_at()->set_seconds(seconds);
    return io.Run(service.CreatePhoneNumber(As(), add));
  };
  const int64_t wrong =
      GENERATE(int64_t{base::kFirstProtoSecond}, int64_t{-1}, base::kLastProtoSecond + 1);
  CAPTURE(wrong);
  CHECK(FieldOf(expiry(wrong).status()) == "expires_at");
  CHECK(Count("SELECT COUNT(*) FROM phone_number_list") == 0);
  const auto added = expiry(0);
  REQUIRE(added.ok());
  v1::UpdatePhoneNumberRequest change;
  change.set_id(added->phone_number().id());
  change.mutable_expires_at()->set_seconds(wrong);
  CHECK(FieldOf(io.Run(service.UpdatePhoneNumber(As(), change)).status()) == "expires_at");
  CHECK(Count("SELECT COUNT(*) FROM phone_number_list WHERE expires_at IS NULL") == 0);
}

TEST_CASE_METHOD(Fixture, "an import is all or nothing and repeatable", "[db]") {
  v1::ImportPhoneNumbersRequest request;
  request.set_csv("phone_number,list_type\n+15550100,BLACKLIST\nnonsense,BLACKLIST\n");
  const auto refused = io.Run(service.ImportPhoneNumbers(As(), request));
  REQUIRE_FALSE(refused.ok());
  CHECK(base::DetailOf(refused.status()).fields.at(0).field == "csv line 3");
  CHECK(Count("SELECT COUNT(*) FROM phone_number_list") == 0);

  request.set_csv("phone_number,list_type\n+15550100,BLACKLIST\n+15550101,BLACKLIST\n");
  const auto first = io.Run(service.ImportPhoneNumbers(As(), request));
  REQUIRE(first.ok());
  CHECK(first->imported() == 2);
  const auto second = io.Run(service.ImportPhoneNumbers(As(), request));
  REQUIRE(second.ok());
  CHECK(second->imported() == 0);
  CHECK(second->unchanged() == 2);
  CHECK(Check("+15550101").verdict() == "DENY");
}

TEST_CASE_METHOD(Fixture, "a rule that would not act is refused, one that acts defers", "[db]") {
  v1::CreateComplianceRuleRequest request;
  request.set_rule_name("privacy");
  request.set_rule_type(v1::ComplianceRule::GDPR);
  CHECK_FALSE(io.Run(service.CreateComplianceRule(As(), request)).ok());

  request.set_rule_type(v1::ComplianceRule::CALLING_HOURS);
  auto& fields = *request.mutable_parameters()->mutable_fields();
  fields["start"].set_string_value("08:00");
  fields["end"].set_string_value("10:00");
  fields["time_zone"].set_string_value("UTC");
  const auto rule = io.Run(service.CreateComplianceRule(As(), request));
  REQUIRE(rule.ok());
  v1::CheckComplianceRequest ask;
  ask.set_to_phone("+15550100");
  ask.mutable_at()->set_seconds(1772539200);  // noon
  const auto verdict = io.Run(service.CheckCompliance(As(), ask));
  REQUIRE(verdict.ok());
  CHECK(verdict->verdict() == "DEFER");
  CHECK(verdict->allowed_from().seconds() == 1772539200 + 20 * 3600);
  v1::DeleteComplianceRuleRequest remove;
  remove.set_id(rule->rule().id());
  REQUIRE(io.Run(service.DeleteComplianceRule(As(), remove)).ok());
  CHECK(io.Run(service.CheckCompliance(As(), ask))->verdict() == "ALLOW");
}

TEST_CASE_METHOD(Fixture, "a rule reads back as it was written, and only by its tenant", "[db]") {
  const auto added = AddHours("08:00", "10:00");
  REQUIRE(added.ok());
  const auto read = Rule(added->rule().id());
  REQUIRE(read.ok());
  CHECK(MessageDifferencer::Equals(*read, added->rule()));
  CHECK(base::IsError(Rule(added->rule().id(), "t2").status(), base::kNotFound));
}

TEST_CASE_METHOD(Fixture, "a changed rule acts at once, the fields that are absent as before",
                 "[db]") {
  const auto added = AddHours("08:00", "10:00");
  REQUIRE(added.ok());
  CHECK(VerdictAtNoon() == "DEFER");
  v1::UpdateComplianceRuleRequest change;
  change.set_id(added->rule().id());
  v1::ComplianceRule expected = added->rule();
  SECTION("its hours") {
    *change.mutable_parameters() = *expected.mutable_parameters() = Hours("08:00", "13:00");
  }
  SECTION("its country") {
    change.set_jurisdiction("DE");
    expected.set_jurisdiction("DE");
  }
  SECTION("whether it acts") {
    change.set_is_active(false);
    expected.set_is_active(false);
  }
  const auto changed = io.Run(service.UpdateComplianceRule(As(), change));
  REQUIRE(changed.ok());
  CHECK(MessageDifferencer::Equals(changed->rule(), expected));
  CHECK(VerdictAtNoon() == "ALLOW");
  const auto read = Rule(added->rule().id());
  REQUIRE(read.ok());
  CHECK(MessageDifferencer::Equals(*read, expected));

  v1::UpdateComplianceRuleRequest back;
  back.set_id(added->rule().id());
  back.set_rule_name("for all");
  back.set_jurisdiction("");
  *back.mutable_parameters() = Hours("08:00", "10:00");
  back.set_is_active(true);
  REQUIRE(io.Run(service.UpdateComplianceRule(As(), back)).ok());
  CHECK(VerdictAtNoon() == "DEFER");
}

TEST_CASE_METHOD(Fixture, "a change that makes no rule is refused by field, and changes nothing",
                 "[db]") {
  const auto added = AddHours("08:00", "10:00");
  REQUIRE(added.ok());
  v1::UpdateComplianceRuleRequest change;
  const auto refused = [&] {
    change.set_id(added->rule().id());
    const absl::Status status = io.Run(service.UpdateComplianceRule(As(), change)).status();
    change.Clear();
    return FieldOf(status);
  };
  change.set_rule_name("");
  CHECK(refused() == "rule_name");
  change.set_jurisdiction("usa");
  CHECK(refused() == "jurisdiction");
  change.mutable_parameters();
  CHECK(refused() == "parameters.start");
  *change.mutable_parameters() = Hours("10:00", "08:00");
  CHECK(refused() == "parameters.end");
  CHECK(MessageDifferencer::Equals(Rule(added->rule().id()).value(), added->rule()));

  change.set_id(added->rule().id());
  change.set_is_active(false);
  CHECK(base::IsError(io.Run(service.UpdateComplianceRule(As("t2"), change)).status(),
                      base::kNotFound));
  CHECK(VerdictAtNoon() == "DEFER");
}

TEST_CASE_METHOD(Fixture, "a change of a rule keeps what another changed at the same time",
                 "[db]") {
  const auto added = AddHours("08:00", "10:00");
  REQUIRE(added.ok());
  v1::UpdateComplianceRuleRequest change;
  change.set_id(added->rule().id());
  change.set_rule_name("renamed");
  const auto changed = Behind("UPDATE call_compliance_rule SET is_active = 0",
                              service.UpdateComplianceRule(As(), change));
  REQUIRE(changed.ok());
  CHECK_FALSE(changed->rule().is_active());
  CHECK(Count("SELECT COUNT(*) FROM call_compliance_rule"
              " WHERE is_active = 0 AND rule_name = 'renamed'") == 1);
  const auto gone =
      Behind("DELETE FROM call_compliance_rule", service.UpdateComplianceRule(As(), change));
  CHECK(base::IsError(gone.status(), base::kNotFound));
}

TEST_CASE_METHOD(Fixture, "hours may be those of the called party", "[db]") {
  v1::CreateComplianceRuleRequest request;
  request.set_rule_name("TCPA");
  request.set_rule_type(v1::ComplianceRule::CALLING_HOURS);
  request.set_jurisdiction("US");
  auto& fields = *request.mutable_parameters()->mutable_fields();
  fields["start"].set_string_value("08:00");
  fields["end"].set_string_value("21:00");
  fields["time_zone"].set_string_value("callee");
  REQUIRE(io.Run(service.CreateComplianceRule(As(), request)).ok());
  v1::CheckComplianceRequest ask;
  ask.mutable_at()->set_seconds(1772539200 + 3900);  // 08:05 in New York
  const auto verdict = [&](const char* number) {
    ask.set_to_phone(number);
    const auto answer = io.Run(service.CheckCompliance(As(), ask));
    REQUIRE(answer.ok());
    return answer->verdict();
  };
  CHECK(verdict("+12122345678") == "ALLOW");
  CHECK(verdict("+14158675310") == "DEFER");
  CHECK(verdict("+18002530000") == "DEFER");
  CHECK(verdict("+4930123456") == "ALLOW");
}

TEST_CASE_METHOD(Fixture, "the recording configuration decides until the click does", "[db]") {
  CHECK_FALSE(Check("+15550100").record());
  v1::PutRecordingConfigRequest put;
  put.set_auto_record(true);
  const auto saved = io.Run(service.PutRecordingConfig(As(), put));
  REQUIRE(saved.ok());
  CHECK(saved->config().format() == "MP3");
  CHECK(Check("+15550100").record());
  put.set_format("AIFF");
  CHECK_FALSE(io.Run(service.PutRecordingConfig(As(), put)).ok());
}

TEST_CASE_METHOD(Fixture, "the recording configuration tells what is kept without being done",
                 "[db]") {
  using Names = std::vector<std::string>;
  const auto names = [](const v1::RecordingConfig& config) {
    return Names(config.not_enforced().begin(), config.not_enforced().end());
  };
  const auto stored = io.Run(service.GetRecordingConfig(As(), v1::GetRecordingConfigRequest()));
  REQUIRE(stored.ok());
  CHECK(names(stored->config()) == Names{"format", "bitrate_kbps"});
  v1::PutRecordingConfigRequest put;
  put.set_storage_type("S3");
  put.set_format("WAV");
  put.set_encryption_enabled(true);
  const auto saved = io.Run(service.PutRecordingConfig(As(), put));
  REQUIRE(saved.ok());
  CHECK(names(saved->config()) == Names{"storage_type", "bitrate_kbps", "encryption_enabled"});
  const auto again = io.Run(service.GetRecordingConfig(As(), v1::GetRecordingConfigRequest()));
  REQUIRE(again.ok());
  CHECK(names(again->config()) == names(saved->config()));
}

TEST_CASE_METHOD(Fixture, "a caller is recorded as configuration and consent say, in writing",
                 "[db]") {
  v1::CheckRecordingRequest ask;
  ask.set_session_id(kSession);
  ask.set_phone("+4915112345678");
  ask.set_subject(v1::CheckRecordingRequest::CONVERSATION);
  const auto asked = [&] {
    const auto answer = io.Run(service.CheckRecording(As(), ask));
    REQUIRE(answer.ok());
    return *answer;
  };
  CHECK_FALSE(asked().record());
  ask.set_record(true);
  CHECK(asked().record());
  CHECK(Count("SELECT COUNT(*) FROM compliance_audit") == 0);

  v1::CreateComplianceRuleRequest rule;
  rule.set_rule_name("German consent");
  rule.set_rule_type(v1::ComplianceRule::RECORDING_CONSENT);
  rule.set_jurisdiction("DE");
  REQUIRE(io.Run(service.CreateComplianceRule(As(), rule)).ok());
  const v1::CheckRecordingResponse refused = asked();
  CHECK_FALSE(refused.record());
  REQUIRE(refused.reasons_size() == 1);
  CHECK(refused.reasons(0).code() == "RECORDING_NEEDS_CONSENT");
  CHECK(Count("SELECT COUNT(*) FROM compliance_audit WHERE to_phone = '+4915112345678'") == 1);
  for (const char* withheld : {"", "anonymous"}) {
    ask.set_phone(withheld);
    CHECK_FALSE(asked().record());
  }
  CHECK(Count("SELECT COUNT(*) FROM compliance_audit WHERE to_phone = ''") == 2);
  ask.set_phone("+12025550100");
  CHECK(asked().record());
  ask.set_phone("+4915112345678");
  ask.set_subject(v1::CheckRecordingRequest::MESSAGE);
  CHECK(asked().record());
  (*rule.mutable_parameters()->mutable_fields())["messages"].set_bool_value(true);
  REQUIRE(io.Run(service.CreateComplianceRule(As(), rule)).ok());
  CHECK_FALSE(asked().record());
}

TEST_CASE_METHOD(Fixture, "bad pages and numbers are refused by field", "[db]") {
  v1::ListPhoneNumbersRequest list;
  list.set_limit(0);
  CHECK(base::DetailOf(io.Run(service.ListPhoneNumbers(As(), list)).status()).fields.at(0).field ==
        "limit");
  CHECK(base::DetailOf(Add("abc", List::VIP).status()).fields.at(0).field == "phone_number");
}
