#include "services/recording/domain/recording_track.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

namespace {

using ctc::recording::v1::Recording;
using Events = std::vector<ctc::session::v1::CallEvent>;

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

ctc::session::v1::CallEvent Ready(const char* url, int second) {
  auto event = Event("recording.ready", second);
  event.set_detail(url);
  return event;
}

// A session's recordings, kept in the order of their beginning as the store gives them.
struct Session {
  std::vector<Recording> recordings;

  // By number, that of a new one included.
  size_t Tell(const ctc::session::v1::CallEvent& event) {
    const auto concerned = ctc::recording::Concerned(recordings, event);
    const size_t i = concerned.value_or(recordings.size());
    if (!concerned.has_value()) recordings.emplace_back();
    ctc::recording::Track(recordings[i], event);
    std::sort(recordings.begin(), recordings.end(), [](const auto& a, const auto& b) {
      return a.started_at().seconds() < b.started_at().seconds();
    });
    return i;
  }
  bool HasBoth() const {
    return recordings.size() == 2 && recordings[0].state() == "READY" &&
           recordings[1].state() == "READY" && recordings[0].recording_url() == "https://x/1" &&
           recordings[1].recording_url() == "https://x/2";
  }
  std::string Shape() const {
    std::string shape;
    for (const Recording& recording : recordings) {
      shape += std::to_string(recording.started_at().seconds()) + ".." +
               std::to_string(recording.ended_at().seconds()) + " " + recording.state() + " " +
               recording.recording_url() + "; ";
    }
    return shape;
  }
};

size_t Place(const std::vector<int>& order, int event) {
  return static_cast<size_t>(std::find(order.begin(), order.end(), event) - order.begin());
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

TEST_CASE("a pause that is told after the end changes nothing", "[track]") {
  const char* type = GENERATE("recording.paused", "recording.resumed");
  const auto ready = After({Event("recording.started", 1), Event("recording.stopped", 20),
                            Ready("https://x/1", 20), Event(type, 5)});
  CHECK(ready.state() == "READY");
  CHECK(ready.gaps_size() == 0);
  CHECK(After({Event("recording.started", 1), Ready("https://x/1", 20), Event(type, 25)}).state() ==
        "READY");
  CHECK(After({Event("recording.started", 1), Event("recording.stopped", 20), Event(type, 5)})
            .state() == "STOPPED");
}

TEST_CASE("a recording that is paused after it was said to be stopped goes on", "[track]") {
  const auto recording = After({Event("recording.started", 1), Event("recording.stopped", 20),
                                Event("recording.paused", 25)});
  CHECK(recording.state() == "PAUSED");
  CHECK_FALSE(recording.has_ended_at());
}

TEST_CASE("a deleted recording stays deleted, whatever is told of it late", "[track]") {
  auto recording = After(
      {Event("recording.started", 1), Event("recording.stopped", 20), Ready("https://x/1", 20)});
  recording.set_state("DELETED");
  const auto type = GENERATE(as<std::string>(), "recording.started", "recording.paused",
                             "recording.resumed", "recording.stopped", "recording.ready");
  ctc::recording::Track(recording, Event(type, 21));
  CHECK(recording.state() == "DELETED");
  CHECK(recording.recording_url() == "https://x/1");
}

TEST_CASE("a recording that failed says why, in whatever order it is told", "[track]") {
  auto failed = Event("recording.failed", 20);
  failed.set_detail("the disk is full");
  const auto stopped = Event("recording.stopped", 20);
  const auto late = GENERATE(as<std::string>(), "recording.paused", "recording.resumed");
  for (const auto& recording :
       {After({Event("recording.started", 1), stopped, failed}), After({failed, stopped}),
        After({Event("recording.started", 1), failed, stopped, failed, Event(late, 21)})}) {
    CHECK(recording.state() == "FAILED");
    CHECK(recording.error_message() == "the disk is full");
    CHECK(recording.ended_at().seconds() == 20);
    CHECK(recording.recording_url().empty());
  }
  // Audio that is there after all counts, told before or behind it.
  for (const auto& recording : {After({stopped, failed, Ready("https://x/1", 20)}),
                                After({stopped, Ready("https://x/1", 20), failed})}) {
    CHECK(recording.state() == "READY");
    CHECK(recording.error_message().empty());
  }
}

TEST_CASE("that one of two recordings failed is told of that one, however often", "[track]") {
  Session session;
  const int next = GENERATE(20, 10);  // also within the second in which the first one ended
  for (const auto& event : {Event("recording.started", 1), Event("recording.stopped", 10),
                            Event("recording.started", next), Event("recording.stopped", 30)}) {
    session.Tell(event);
  }
  const size_t which = GENERATE(0, 1);
  const auto failed = Event("recording.failed", which == 0 ? 10 : 30);
  CHECK(session.Tell(failed) == which);
  CHECK(session.Tell(Ready("https://x/2", which == 0 ? 30 : 10)) == 1 - which);
  CHECK(session.Tell(failed) == which);
  CHECK(session.recordings[which].state() == "FAILED");
  CHECK(session.recordings[1 - which].state() == "READY");
  CHECK(session.Tell(Event("recording.started", 40)) == 2);
}

TEST_CASE("audio that comes after all is that one's that failed, not its successor's", "[track]") {
  Session session;
  for (const auto& event : {Event("recording.started", 1), Event("recording.failed", 10),
                            Event("recording.started", 20)}) {
    session.Tell(event);
  }
  const bool second_runs = GENERATE(false, true);
  if (!second_runs) session.Tell(Event("recording.stopped", 30));
  // Of no one's time: the one that failed does not wait for it.
  const bool of_no_time = GENERATE(false, true);
  if (of_no_time) {
    CHECK(session.Tell(Ready("https://x/2", 40)) == 1);
    CHECK(session.recordings[0].state() == "FAILED");
  }
  CHECK(session.Tell(Ready("https://x/1", 10)) == 0);
  CHECK(session.Tell(Ready("https://x/2", 30)) == 1);
  CHECK(session.Tell(Ready("https://x/1", 40)) == 0);
  CHECK(session.HasBoth());
}

TEST_CASE("a beginning that is told after the end is put right", "[track]") {
  const auto recording = After({Ready("https://x/1", 20), Event("recording.started", 3)});
  CHECK(recording.started_at().seconds() == 3);
  CHECK(recording.state() == "READY");
}

TEST_CASE("a start after the end begins another recording, one before it does not", "[track]") {
  Session session;
  CHECK(session.Tell(Event("recording.started", 1)) == 0);
  CHECK(session.Tell(Event("recording.started", 2)) == 0);
  CHECK(session.Tell(Event("recording.stopped", 10)) == 0);
  CHECK(session.Tell(Event("recording.started", 9)) == 0);
  CHECK(session.recordings.size() == 1);
  CHECK(session.recordings[0].state() == "STOPPED");
  CHECK(session.Tell(Event("recording.started", 10)) == 1);
}

TEST_CASE("the start of a recording known by its end alone is its own, to the second", "[track]") {
  Session session;
  session.Tell(Ready("https://x/1", 10));
  CHECK(session.Tell(Event("recording.started", 10)) == 0);
  CHECK(session.recordings.size() == 1);
}

TEST_CASE("what is told late of a recording is not its successor's", "[track]") {
  Session session;
  for (const auto& event : {Event("recording.started", 1), Event("recording.stopped", 11),
                            Event("recording.started", 20)}) {
    session.Tell(event);
  }
  CHECK(session.Tell(Event("recording.stopped", 10)) == 0);
  CHECK(session.Tell(Event("recording.paused", 5)) == 0);
  CHECK(session.Tell(Ready("https://x/1", 25)) == 0);  // by when we heard of it
  CHECK(session.Tell(Ready("https://x/1", 26)) == 0);
  CHECK(session.recordings[1].state() == "RECORDING");
  CHECK(session.Tell(Event("recording.paused", 27)) == 1);
  CHECK(session.Tell(Ready("https://x/2", 30)) == 1);
  CHECK(session.Tell(Ready("https://x/1", 31)) == 0);
  CHECK(session.HasBoth());
}

TEST_CASE("a stop of before all recordings is the first's", "[track]") {
  Session session;
  session.Tell(Event("recording.started", 5));
  CHECK(session.Tell(Event("recording.stopped", 4)) == 0);
}

enum { kStart1, kStop1, kReady1, kStart2, kStop2, kReady2 };

Events TwoRecordings() {
  return {Event("recording.started", 1),  Event("recording.stopped", 10), Ready("https://x/1", 10),
          Event("recording.started", 20), Event("recording.stopped", 30), Ready("https://x/2", 30)};
}

TEST_CASE("two recordings keep their rows and addresses in each order that tells them apart",
          "[track]") {
  const Events events = TwoRecordings();
  std::vector<int> order = {0, 1, 2, 3, 4, 5};
  int told = 0;
  do {
    const auto before = [&](int a, int b) { return Place(order, a) < Place(order, b); };
    // A start is ours, so it is known first, and only when the one before is known to have ended.
    if (!before(kStart1, kStop1) || !before(kStart1, kReady1)) continue;
    if (!before(kStart2, kStop2) || !before(kStart2, kReady2)) continue;
    if (!before(kStop1, kStart2) && !before(kReady1, kStart2)) continue;
    // An address alone does not say whose it is while the first has none.
    if (!before(kStop2, kReady2) && !before(kReady1, kReady2)) continue;
    Session session;
    for (const int i : order) session.Tell(events[static_cast<size_t>(i)]);
    INFO(session.Shape());
    REQUIRE(session.HasBoth());
    CHECK(session.Shape() == "1..10 READY https://x/1; 20..30 READY https://x/2; ");
    ++told;
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(told == 14);
}

TEST_CASE("what a provider repeats of two recordings, in any order, is put where it belongs",
          "[track]") {
  const Events events = TwoRecordings();
  std::vector<int> order = {0, 1, 2, 3, 4, 5};
  do {
    if (Place(order, kReady2) < std::min(Place(order, kStop2), Place(order, kReady1))) continue;
    Session session;
    // By our clock.
    for (const auto& ours : {Event("recording.started", 2), Event("recording.stopped", 11),
                             Event("recording.started", 21)}) {
      session.Tell(ours);
    }
    for (const int i : order) session.Tell(events[static_cast<size_t>(i)]);
    const std::string shape = session.Shape();
    INFO(shape);
    REQUIRE(session.HasBoth());
    for (const int i : order) session.Tell(events[static_cast<size_t>(i)]);
    CHECK(session.Shape() == shape);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("only recording events are followed", "[track]") {
  CHECK(ctc::recording::IsRecordingEvent(Event("recording.paused", 1)));
  CHECK_FALSE(ctc::recording::IsRecordingEvent(Event("session.held", 1)));
}
