#include "services/recording/domain/recording_track.h"

#include <catch2/catch.hpp>

namespace {

ctc::session::v1::CallEvent Event(const std::string& type, int second) {
  ctc::session::v1::CallEvent event;
  event.set_type(type);
  event.mutable_occurred_at()->set_seconds(second);
  return event;
}

ctc::recording::v1::Recording After(std::initializer_list<ctc::session::v1::CallEvent> events) {
  ctc::recording::v1::Recording recording;
  for (const auto& event : events) ctc::recording::Track(recording, event);
  return recording;
}

}  // namespace

TEST_CASE("a pause leaves its gap on the record", "[track]") {
  const auto recording = After({Event("recording.started", 1), Event("recording.paused", 5),
                                Event("recording.resumed", 9), Event("recording.stopped", 20)});
  CHECK(recording.state() == "STOPPED");
  CHECK(recording.started_at().seconds() == 1);
  CHECK(recording.ended_at().seconds() == 20);
  REQUIRE(recording.gaps_size() == 1);
  CHECK(recording.gaps(0).from().seconds() == 5);
  CHECK(recording.gaps(0).to().seconds() == 9);
}

TEST_CASE("a recording that ends in a pause closes the gap", "[track]") {
  const auto recording = After(
      {Event("recording.started", 1), Event("recording.paused", 5), Event("recording.stopped", 9)});
  REQUIRE(recording.gaps_size() == 1);
  CHECK(recording.gaps(0).to().seconds() == 9);
}

TEST_CASE("its address makes it ready, also when that came before the stop", "[track]") {
  auto ready = Event("recording.ready", 30);
  ready.set_detail("https://media.example/1.mp3");
  const auto recording =
      After({Event("recording.started", 1), ready, Event("recording.stopped", 20)});
  CHECK(recording.state() == "READY");
  CHECK(recording.recording_url() == "https://media.example/1.mp3");
}

TEST_CASE("a start after the end begins another recording", "[track]") {
  auto first = After({Event("recording.started", 1)});
  CHECK_FALSE(ctc::recording::BeginsRecording(&first, Event("recording.started", 2)));
  ctc::recording::Track(first, Event("recording.stopped", 3));
  CHECK(ctc::recording::BeginsRecording(&first, Event("recording.started", 4)));
  CHECK_FALSE(ctc::recording::BeginsRecording(&first, Event("recording.ready", 5)));
}

TEST_CASE("only recording events are followed", "[track]") {
  CHECK(ctc::recording::IsRecordingEvent(Event("recording.paused", 1)));
  CHECK_FALSE(ctc::recording::IsRecordingEvent(Event("session.held", 1)));
}
