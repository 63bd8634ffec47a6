#include "services/routing/domain/presence.h"

#include <catch2/catch.hpp>

namespace ctc::routing {
namespace {

using Activity = v1::AgentActivity;

Activity Line(Activity::Type type, int64_t at, const std::string& session = "") {
  Activity line;
  line.set_activity_type(type);
  line.set_is_available(AvailableByType(type));
  if (!session.empty()) line.set_session_id(session);
  line.mutable_created_at()->set_seconds(at);
  return line;
}

session::v1::CallEvent Event(const std::string& type, session::v1::Session::Status before) {
  session::v1::CallEvent event;
  event.set_type(type);
  event.set_old_status(before);
  event.set_agent_id("ann");
  event.set_session_id("sess_1");
  return event;
}

}  // namespace

TEST_CASE("an agent without lines is offline") {
  const v1::Presence presence = FoldPresence("ann", {});
  CHECK(presence.state() == "OFFLINE");
  CHECK_FALSE(presence.is_available());
}

TEST_CASE("presence is the last state, since it began") {
  const v1::Presence presence =
      FoldPresence("ann", {Line(Activity::LOGIN, 10), Line(Activity::IDLE, 20)});
  CHECK(presence.state() == "AVAILABLE");
  CHECK(presence.since().seconds() == 10);
  CHECK(presence.is_available());
  CHECK(FoldPresence("ann", {Line(Activity::ON_BREAK, 5)}).state() == "BREAK");
  CHECK(FoldPresence("ann", {Line(Activity::WRAP_UP, 5)}).state() == "WRAP_UP");
}

TEST_CASE("an agent on two calls is on call until both ended") {
  std::vector<Activity> lines = {Line(Activity::LOGIN, 1), Line(Activity::ON_CALL, 2, "s1"),
                                 Line(Activity::ON_CALL, 3, "s2"), Line(Activity::IDLE, 4, "s1")};
  v1::Presence presence = FoldPresence("ann", lines);
  CHECK(presence.state() == "ON_CALL");
  CHECK(presence.since().seconds() == 2);
  REQUIRE(presence.session_ids_size() == 1);
  CHECK(presence.session_ids(0) == "s2");
  CHECK_FALSE(presence.is_available());
  lines.push_back(Line(Activity::IDLE, 5, "s2"));
  presence = FoldPresence("ann", lines);
  CHECK(presence.state() == "AVAILABLE");
  CHECK(presence.since().seconds() == 5);
}

TEST_CASE("a logout ends everything") {
  const v1::Presence presence =
      FoldPresence("ann", {Line(Activity::ON_CALL, 2, "s1"), Line(Activity::LOGOUT, 3)});
  CHECK(presence.state() == "OFFLINE");
  CHECK(presence.session_ids_size() == 0);
}

TEST_CASE("a line may say that the agent takes no calls") {
  Activity line = Line(Activity::IDLE, 1);
  line.set_is_available(false);
  CHECK_FALSE(FoldPresence("ann", {line}).is_available());
}

TEST_CASE("the time between lines is never negative and has a bound") {
  const absl::Time t = absl::FromUnixSeconds(1000);
  CHECK(DurationBetween(t, t + absl::Milliseconds(2900)) == 2);
  CHECK(DurationBetween(t, t - absl::Seconds(5)) == 0);
  CHECK(DurationBetween(t, t + absl::Hours(10000)) == 7 * 24 * 3600);
}

TEST_CASE("a connected call is a line, and its end another") {
  using session::v1::Session;
  const auto begun = LineOf(Event("session.connected", Session::RINGING));
  REQUIRE(begun);
  CHECK(begun->activity_type() == Activity::ON_CALL);
  CHECK(begun->session_id() == "sess_1");
  const auto ended = LineOf(Event("session.ended", Session::ON_HOLD));
  REQUIRE(ended);
  CHECK(ended->activity_type() == Activity::IDLE);
  CHECK(ended->is_available());
}

TEST_CASE("a call that never connected, or has no agent, is no line") {
  using session::v1::Session;
  CHECK_FALSE(LineOf(Event("session.ended", Session::RINGING)));
  CHECK_FALSE(LineOf(Event("session.ringing", Session::INITIATED)));
  CHECK_FALSE(LineOf(Event("session.connected", Session::CONNECTED)));
  auto event = Event("session.connected", Session::RINGING);
  event.clear_agent_id();
  CHECK_FALSE(LineOf(event));
}

}  // namespace ctc::routing
