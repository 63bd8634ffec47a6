// Recordings as the feed tells of them, their audio, and the end of their retention.
#include <absl/strings/str_cat.h>
#include <catch2/catch.hpp>
#include <map>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/testing/fake_clock.h"
#include "services/recording/service/retention_sweeper.h"
#include "services/recording/service/service_world_for_test.h"

namespace {

using namespace ctc;
using namespace ctc::recording;
using Fixture = ServiceWorld;

}  // namespace

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

TEST_CASE_METHOD(Fixture, "a recording that failed is shown with its reason and has no audio",
                 "[db]") {
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  session::v1::CallEvent failed = Event(3, "recording.failed");
  const std::string why = GENERATE(as<std::string>(), "the disk is full", std::string(5000, 'x'));
  failed.set_detail(why);
  const std::vector<session::v1::CallEvent> told = {Event(1, "recording.started"),
                                                    Event(2, "recording.stopped"), failed};
  const events::FeedConsumer::Batch batch(told.begin(), told.end());
  REQUIRE(io.Run(follower.Apply(batch, 3)).ok());
  v1::ListRecordingsRequest request;
  request.set_state("FAILED");
  const auto list = io.Run(service.ListRecordings(As(), request));
  REQUIRE(list.ok());
  REQUIRE(list->recordings_size() == 1);
  CHECK(list->recordings(0).error_message() == why.substr(0, 1024));
  CHECK(list->recordings(0).media_path().empty());
  v1::GetRecordingMediaRequest media;
  media.set_id(list->recordings(0).id());
  CHECK(base::IsError(io.Run(service.GetRecordingMedia(As(), media)).status(),
                      base::kRecordingMissing));
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

TEST_CASE_METHOD(Fixture,
                 "a recording is deleted when its retention ends, and that is written down",
                 "[db][retention]") {
  v1::PutRecordingConfigRequest put;
  put.set_retention_days(30);
  REQUIRE(io.Run(service.PutRecordingConfig(As(), put)).ok());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  const absl::Time end = absl::FromUnixSeconds(absl::ToUnixSeconds(base::SystemClock().Now()));
  session::v1::CallEvent ready = Event(1, "recording.ready");
  *ready.mutable_occurred_at() = base::ToProto(end);
  ready.set_detail("ctc-recording:a/1.wav");
  REQUIRE(io.Run(follower.Apply(BatchOf(ready), 1)).ok());
  // What is set or told later moves nothing.
  put.set_retention_days(90);
  REQUIRE(io.Run(service.PutRecordingConfig(As(), put)).ok());
  session::v1::CallEvent stopped = Event(2, "recording.stopped");
  *stopped.mutable_occurred_at() = base::ToProto(end + absl::Hours(1));
  REQUIRE(io.Run(follower.Apply(BatchOf(stopped), 2)).ok());

  testing::FakeClock clock(end + absl::Hours(24 * 30) - absl::Milliseconds(1));
  RetentionSweeper sweeper(*database, clock, base::SystemRandom(), media, sessions);
  CHECK(io.Run(sweeper.Sweep()).value() == 0);
  CHECK(media.deleted.empty());
  clock.Advance(absl::Milliseconds(1));
  CHECK(io.Run(sweeper.Sweep()).value() == 1);
  CHECK(media.deleted ==
        std::vector<std::string>{std::string("t1 ") + kAccount + " ctc-recording:a/1.wav"});
  CHECK(Count("SELECT COUNT(*) FROM compliance_audit WHERE verdict = 'DELETED'"
              " AND session_id = '01890000-0000-7000-8000-000000000001'") == 1);

  ready.set_seq(3);
  REQUIRE(io.Run(follower.Apply(BatchOf(ready), 3)).ok());
  CHECK(io.Run(sweeper.Sweep()).value() == 0);
  const auto list = io.Run(service.ListRecordings(As(), v1::ListRecordingsRequest()));
  REQUIRE(list.ok());
  REQUIRE(list->recordings_size() == 1);
  CHECK(list->recordings(0).state() == "DELETED");
  CHECK(list->recordings(0).media_path().empty());
  v1::GetRecordingMediaRequest get;
  get.set_id(list->recordings(0).id());
  get.mutable_range()->set_max_bytes(1);
  CHECK(base::IsError(io.Run(service.GetRecordingMedia(As(), get)).status(),
                      base::kRecordingMissing));
}

TEST_CASE_METHOD(Fixture, "a sweep goes through all that are due, whatever is stuck or away",
                 "[db][retention]") {
  const absl::Time now = base::SystemClock().Now();
  REQUIRE(database
              ->RunBlocking([&](db::Connection& c) -> absl::Status {
                db::Params params;
                for (int i = 0; i < 250; ++i) {
                  params.insert(
                      params.end(),
                      {absl::StrCat("id-", 1000 + i), "t1", kSession, i < 240 ? "READY" : "STOPPED",
                       absl::StrCat("url-", i), now - absl::Hours(1), now, now});
                }
                return c
                    .ExecuteRows(
                        "INSERT INTO call_recording (id, tenant_id, session_id, state,"
                        " recording_url, retain_until, created_at, updated_at)",
                        8, params)
                    .status();
              })
              .ok());
  RetentionSweeper sweeper(*database, base::SystemClock(), base::SystemRandom(), media, sessions);
  media.failure = absl::UnavailableError("dispatch is away");
  CHECK(absl::IsUnavailable(io.Run(sweeper.Sweep()).status()));
  CHECK(Count("SELECT COUNT(*) FROM call_recording WHERE state = 'DELETED'") == 0);
  media.failure = absl::OkStatus();
  media.stuck = "url-7";
  CHECK(io.Run(sweeper.Sweep()).value() == 239);
  media.stuck = "none";
  CHECK(io.Run(sweeper.Sweep()).value() == 1);
  CHECK(Count("SELECT COUNT(*) FROM call_recording WHERE state = 'DELETED'") == 240);
  CHECK(Count("SELECT COUNT(*) FROM compliance_audit") == 240);
}

TEST_CASE_METHOD(Fixture, "of two processes that delete a recording one writes it down",
                 "[db][retention]") {
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  REQUIRE(io.Run(follower.Apply(BatchOf(Event(1, "recording.ready")), 1)).ok());
  const absl::Time now = absl::FromUnixSeconds(1772539200) + absl::Hours(24 * 365);
  int marked = 0;
  REQUIRE(database
              ->RunBlocking([&](db::Connection& c) -> absl::Status {
                CTC_ASSIGN_OR_RETURN(const auto due, DueRecordings(c, now, DueRecording(), 10));
                REQUIRE(due.size() == 1);
                for (const char* audit : {"one", "two"}) {
                  CTC_ASSIGN_OR_RETURN(const bool done, MarkDeleted(c, due[0], audit, now));
                  marked += done ? 1 : 0;
                }
                return absl::OkStatus();
              })
              .ok());
  CHECK(marked == 1);
  CHECK(Count("SELECT COUNT(*) FROM compliance_audit") == 1);
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
