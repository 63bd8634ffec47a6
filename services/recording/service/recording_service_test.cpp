#include "services/recording/service/recording_service.h"

#include <catch2/catch.hpp>
#include <map>

#include "ctc/session/v1/session_service.pb.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "services/recording/service/recording_follower.h"
#include "services/recording/store/recording_store.h"

namespace {

using namespace ctc;
using namespace ctc::recording;
using List = v1::PhoneNumber;

constexpr char kSession[] = "01890000-0000-7000-8000-000000000001";
constexpr char kAccount[] = "01890000-0000-7000-8000-00000000000a";

// The session service as far as recordings ask it: one session, of agent ann.
struct FakeSessions final : rpc::Channel {
  Task<absl::StatusOr<rpc::MessagePtr>> Call(std::string_view, rpc::Context context,
                                             const google::protobuf::Message& request,
                                             const google::protobuf::Message&) override {
    const auto& get = static_cast<const session::v1::GetSessionRequest&>(request);
    const bool known = get.id() == kSession || get.id() == "sess_1";
    const bool visible =
        context.principal.role != rpc::Role::kAgent || context.principal.agent_id == "ann";
    if (!known || !visible) co_return base::MakeError(base::kNotFound, "no such session");
    auto response = std::make_unique<session::v1::GetSessionResponse>();
    response->mutable_session()->set_id(kSession);
    response->mutable_session()->set_provider_id(kAccount);
    co_return rpc::MessagePtr(std::move(response));
  }
};

struct FakeMedia final : MediaSource {
  Task<absl::StatusOr<common::v1::MediaPiece>> Read(rpc::Context, MediaPlace place,
                                                    common::v1::ByteRange range) override {
    asked = std::move(place);
    if (!failure.ok()) co_return failure;
    common::v1::MediaPiece piece;
    piece.set_content_type("audio/x-wav; rate=8000");
    piece.set_data(
        std::string("0123456789")
            .substr(static_cast<size_t>(range.offset()), static_cast<size_t>(range.max_bytes())));
    piece.set_total_bytes(10);
    co_return piece;
  }
  MediaPlace asked;
  absl::Status failure;
};

struct Fixture {
  testing::IoThreads io;  // outlives the database, whose threads resume on it
  std::unique_ptr<db::Database> database = testing::MariaDb::Shared().OpenFresh();
  FakeMedia media;
  FakeSessions sessions;
  RecordingService service{*database, base::SystemClock(), base::SystemRandom(), media, sessions};
  RecordingFollower follower{*database, base::SystemClock(), base::SystemRandom()};

  rpc::Context As(const std::string& tenant = "t1") const {
    rpc::Context context;
    context.tenant = base::TenantId(tenant);
    context.deadline = base::SystemClock().Now() + absl::Seconds(10);
    return context;
  }

  absl::StatusOr<v1::CreatePhoneNumberResponse> Add(const std::string& number,
                                                    List::ListType type) {
    v1::CreatePhoneNumberRequest request;
    request.set_phone_number(number);
    request.set_list_type(type);
    return io.Run(service.CreatePhoneNumber(As(), request));
  }

  v1::CheckCallResponse Check(const std::string& number, const std::string& tenant = "t1") {
    v1::CheckCallRequest request;
    request.set_to_phone(number);
    request.set_agent_id("ann");
    auto response = io.Run(service.CheckCall(As(tenant), request));
    REQUIRE(response.ok());
    return *response;
  }

  int64_t Count(std::string_view sql) {
    int64_t count = 0;
    REQUIRE(database
                ->RunBlocking([&](db::Connection& c) -> absl::Status {
                  auto rows = c.Query(sql);
                  if (!rows.ok()) return rows.status();
                  count = (*rows)[0].Int(0);
                  return absl::OkStatus();
                })
                .ok());
    return count;
  }
};

session::v1::CallEvent Event(int64_t seq, const std::string& type) {
  session::v1::CallEvent event;
  event.set_seq(seq);
  event.set_tenant_id("t1");
  event.set_id(kSession);
  event.set_type(type);
  event.mutable_occurred_at()->set_seconds(1772539200 + seq);
  return event;
}

events::FeedConsumer::Batch BatchOf(const session::v1::CallEvent& event) {
  events::FeedConsumer::Batch batch;
  *batch.Add() = event;
  return batch;
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

TEST_CASE_METHOD(Fixture, "recordings follow the feed once, however often a batch comes", "[db]") {
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  const std::vector<session::v1::CallEvent> told = {
      Event(1, "session.initiated"), Event(2, "recording.started"), Event(3, "recording.paused"),
      Event(4, "recording.resumed"), Event(5, "recording.stopped")};
  const events::FeedConsumer::Batch batch(told.begin(), told.end());
  REQUIRE(io.Run(follower.Apply(batch, 5)).ok());
  RecordingFollower after_crash(*database, base::SystemClock(), base::SystemRandom());
  const auto position = io.Run(after_crash.LoadPosition());
  REQUIRE(position.ok());
  CHECK(*position == 5);
  v1::ListRecordingsRequest request;
  const auto list = io.Run(service.ListRecordings(As(), request));
  REQUIRE(list.ok());
  REQUIRE(list->recordings_size() == 1);
  CHECK(list->recordings(0).state() == "STOPPED");
  CHECK(list->recordings(0).gaps_size() == 1);
  v1::GetRecordingRequest get;
  get.set_id(list->recordings(0).id());
  CHECK(io.Run(service.GetRecording(As(), get)).ok());
  CHECK(base::IsError(io.Run(service.GetRecording(As("t2"), get)).status(), base::kNotFound));
}

TEST_CASE_METHOD(Fixture, "two processes that follow the feed apply an event once together",
                 "[db]") {
  RecordingFollower other(*database, base::SystemClock(), base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  REQUIRE(io.Run(other.LoadPosition()).ok());
  const std::vector<session::v1::CallEvent> told = {
      Event(1, "recording.started"), Event(2, "recording.paused"), Event(3, "recording.resumed"),
      Event(4, "recording.stopped")};
  const events::FeedConsumer::Batch first(told.begin(), told.end() - 1);
  const events::FeedConsumer::Batch all(told.begin(), told.end());
  REQUIRE(io.Run(follower.Apply(first, 3)).ok());
  REQUIRE(io.Run(other.Apply(all, 4)).ok());
  REQUIRE(io.Run(follower.Apply(BatchOf(told[3]), 4)).ok());
  const auto list = io.Run(service.ListRecordings(As(), v1::ListRecordingsRequest()));
  REQUIRE(list.ok());
  REQUIRE(list->recordings_size() == 1);
  CHECK(list->recordings(0).state() == "STOPPED");
  CHECK(list->recordings(0).gaps_size() == 1);
  CHECK(Count("SELECT seq FROM event_cursor WHERE consumer = 'recording'") == 4);
}

TEST_CASE_METHOD(Fixture, "a recording's audio comes by pieces once it is ready", "[db]") {
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  REQUIRE(io.Run(follower.Apply(BatchOf(Event(1, "recording.started")), 1)).ok());
  v1::ListSessionRecordingsRequest list;
  list.set_id("sess_1");
  const auto before = io.Run(service.ListSessionRecordings(As(), list));
  REQUIRE(before.ok());
  REQUIRE(before->recordings_size() == 1);
  CHECK(before->recordings(0).media_path().empty());
  v1::GetRecordingMediaRequest get;
  get.set_id(before->recordings(0).id());
  get.mutable_range()->set_offset(2);
  get.mutable_range()->set_max_bytes(3);
  CHECK(base::IsError(io.Run(service.GetRecordingMedia(As(), get)).status(),
                      base::kRecordingNotReady));

  session::v1::CallEvent ready = Event(2, "recording.ready");
  ready.set_detail("https://pbx.example.com/1.wav");
  REQUIRE(io.Run(follower.Apply(BatchOf(ready), 2)).ok());
  const auto after = io.Run(service.ListSessionRecordings(As(), list));
  REQUIRE(after.ok());
  CHECK(after->recordings(0).media_path() == "/api/v1/recordings/" + get.id() + "/media");
  const auto piece = io.Run(service.GetRecordingMedia(As(), get));
  REQUIRE(piece.ok());
  CHECK(piece->media().data() == "234");
  CHECK(piece->media().content_type() == "audio/wav");
  CHECK(piece->media().file_name() == get.id() + ".wav");
  CHECK(media.asked.provider_id == kAccount);
  CHECK(media.asked.recording_url == "https://pbx.example.com/1.wav");
}

TEST_CASE_METHOD(Fixture,
                 "two recordings of a session keep their own audio, told late as it may be",
                 "[db]") {
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  const auto told = [](int64_t seq, const char* type, int64_t second, const char* url = "") {
    session::v1::CallEvent event = Event(seq, type);
    event.mutable_occurred_at()->set_seconds(1772539200 + second);
    event.set_detail(url);
    return event;
  };
  const std::vector<session::v1::CallEvent> all = {
      told(1, "recording.started", 1),
      told(2, "recording.stopped", 11),
      told(3, "recording.started", 20),
      told(4, "recording.stopped", 10),
      told(5, "recording.ready", 10, "https://pbx.example.com/1.wav"),
      told(6, "recording.stopped", 30),
      told(7, "recording.ready", 30, "https://pbx.example.com/2.wav"),
      told(8, "recording.ready", 10, "https://pbx.example.com/1.wav"),
      told(9, "recording.paused", 5)};
  for (const auto& event : all) REQUIRE(io.Run(follower.Apply(BatchOf(event), event.seq())).ok());
  const auto list = io.Run(service.ListRecordings(As(), v1::ListRecordingsRequest()));
  REQUIRE(list.ok());
  REQUIRE(list->recordings_size() == 2);
  std::map<std::string, int64_t> began;
  for (const v1::Recording& recording : list->recordings()) {
    CHECK(recording.state() == "READY");
    began[recording.recording_url()] = recording.started_at().seconds() - 1772539200;
  }
  CHECK(began == std::map<std::string, int64_t>{{"https://pbx.example.com/1.wav", 1},
                                                {"https://pbx.example.com/2.wav", 20}});
}

TEST_CASE_METHOD(Fixture, "nobody hears a recording that is not theirs", "[db]") {
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  session::v1::CallEvent ready = Event(1, "recording.ready");
  ready.set_detail("https://pbx.example.com/1.wav");
  REQUIRE(io.Run(follower.Apply(BatchOf(ready), 1)).ok());
  const auto list = io.Run(service.ListRecordings(As(), v1::ListRecordingsRequest()));
  REQUIRE(list.ok());
  REQUIRE(list->recordings_size() == 1);
  v1::GetRecordingMediaRequest get;
  get.set_id(list->recordings(0).id());
  CHECK(base::IsError(io.Run(service.GetRecordingMedia(As("t2"), get)).status(), base::kNotFound));
  rpc::Context bob = As();
  bob.principal.role = rpc::Role::kAgent;
  bob.principal.agent_id = "bob";
  CHECK(base::IsError(io.Run(service.GetRecordingMedia(bob, get)).status(), base::kNotFound));
  CHECK(media.asked.recording_url.empty());
  bob.principal.agent_id = "ann";
  get.mutable_range()->set_max_bytes(1);
  CHECK(io.Run(service.GetRecordingMedia(bob, get)).ok());
  media.failure = base::MakeError(base::kRecordingMissing, "gone");
  CHECK(base::IsError(io.Run(service.GetRecordingMedia(As(), get)).status(),
                      base::kRecordingMissing));
}

TEST_CASE_METHOD(Fixture, "recordings are listed by state", "[db]") {
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  REQUIRE(io.Run(follower.Apply(BatchOf(Event(1, "recording.started")), 1)).ok());
  v1::ListRecordingsRequest list;
  list.set_state("READY");
  CHECK(io.Run(service.ListRecordings(As(), list))->total() == 0);
  list.set_state("RECORDING");
  CHECK(io.Run(service.ListRecordings(As(), list))->total() == 1);
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
