#include "services/routing/domain/presence.h"

#include <catch2/catch.hpp>

namespace ctc::routing {
namespace {

using Activity = v1::AgentActivity;
using session::v1::Session;
using Stage = CallNews::Stage;

absl::Time T(int64_t seconds) { return absl::FromUnixSeconds(seconds); }

// An agent's day, told line by line and call by call.
struct Day {
  Day& Says(Activity::Type type, int64_t at, const std::string& session = "",
            const std::string& reason = "") {
    Activity line;
    line.set_activity_type(type);
    line.set_is_available(AvailableByType(type));
    line.set_reason(reason);
    if (!session.empty()) line.set_session_id(session);
    line.mutable_created_at()->set_seconds(at);
    Choose(line, standing);
    return *this;
  }
  Day& Call(Stage stage, int64_t at, const std::string& session = "s1") {
    CallNews news;
    news.stage = stage;
    news.agent_id = "ann";
    news.session_id = session;
    news.uuid = "uuid of " + session;
    news.at = T(at);
    news.talked = true;
    Follow(news, standing);
    return *this;
  }
  v1::Presence Now() const { return PresenceOf("ann", standing); }
  std::string State() const { return Now().state(); }

  Standing standing;
};

session::v1::CallEvent Event(const std::string& type, Session::Status before,
                             Session::Status after) {
  session::v1::CallEvent event;
  event.set_type(type);
  event.set_old_status(before);
  event.set_new_status(after);
  event.set_agent_id("ann");
  event.set_session_id("sess_1");
  event.set_id("uuid-1");
  event.mutable_recorded_at()->set_seconds(7);
  return event;
}

}  // namespace

TEST_CASE_METHOD(Day, "an agent of whom nothing is known is offline") {
  CHECK(State() == "OFFLINE");
  CHECK_FALSE(Now().is_available());
  CHECK_FALSE(Now().has_since());
}

TEST_CASE_METHOD(Day, "presence is the last state, since it began") {
  Says(Activity::LOGIN, 10).Says(Activity::IDLE, 20);
  CHECK(State() == "AVAILABLE");
  CHECK(Now().since().seconds() == 10);
  CHECK(Now().is_available());
  CHECK(Says(Activity::ON_BREAK, 25, "", "lunch").State() == "BREAK");
  CHECK(Now().reason() == "lunch");
  CHECK(Says(Activity::WRAP_UP, 30).State() == "WRAP_UP");
  CHECK_FALSE(Now().has_reason());
}

TEST_CASE_METHOD(Day, "an agent on two calls is on call until both ended") {
  Says(Activity::LOGIN, 1).Call(Stage::kTalks, 2, "s1").Call(Stage::kTalks, 3, "s2");
  Call(Stage::kOver, 4, "s1");
  CHECK(State() == "ON_CALL");
  CHECK(Now().since().seconds() == 2);
  REQUIRE(Now().session_ids_size() == 1);
  CHECK(Now().session_ids(0) == "s2");
  CHECK_FALSE(Now().is_available());
  Call(Stage::kOver, 5, "s2");
  CHECK(State() == "AVAILABLE");
  CHECK(Now().since().seconds() == 5);
  CHECK(Now().is_available());
}

TEST_CASE_METHOD(Day, "what was chosen during a call holds after it") {
  Says(Activity::LOGIN, 1).Call(Stage::kTalks, 2);
  const auto [choice, after] =
      GENERATE(table<Activity::Type, std::string>({{Activity::LOGOUT, "OFFLINE"},
                                                   {Activity::ON_BREAK, "BREAK"},
                                                   {Activity::WRAP_UP, "WRAP_UP"}}));
  Says(choice, 3);
  CHECK(State() == "ON_CALL");
  CHECK_FALSE(standing.takes_calls);
  Call(Stage::kOver, 4);
  CHECK(State() == after);
  CHECK_FALSE(Now().is_available());
}

TEST_CASE_METHOD(Day, "a call returns the agent to the state before it") {
  CHECK(Says(Activity::ON_BREAK, 1).Call(Stage::kTalks, 2).Call(Stage::kOver, 3).State() ==
        "BREAK");
}

TEST_CASE_METHOD(Day, "a login during a call does not end the call") {
  Call(Stage::kTalks, 2).Says(Activity::LOGOUT, 3).Says(Activity::LOGIN, 4);
  CHECK(State() == "ON_CALL");
  REQUIRE(Now().session_ids_size() == 1);
}

TEST_CASE_METHOD(Day, "who never said anything is there after a call, and takes no queue's calls") {
  CHECK(Call(Stage::kPlaced, 1).State() == "OFFLINE");
  CHECK(Call(Stage::kTalks, 2).State() == "ON_CALL");
  CHECK(Call(Stage::kOver, 3).State() == "AVAILABLE");
  CHECK_FALSE(Now().is_available());
  CHECK(standing.chosen.empty());
}

TEST_CASE_METHOD(Day, "a call that clients alone told of ends with their next line") {
  Says(Activity::LOGIN, 1).Says(Activity::ON_CALL, 2, "s1").Says(Activity::ON_CALL, 3, "s2");
  CHECK(Now().session_ids_size() == 2);
  Says(Activity::IDLE, 4, "s1");
  CHECK(Now().session_ids_size() == 1);
  CHECK(State() == "ON_CALL");
  CHECK(Says(Activity::LOGOUT, 5).State() == "OFFLINE");
  CHECK(Now().session_ids().empty());
}

TEST_CASE_METHOD(Day, "a call that client and feed told of is one, and ends by the feed") {
  Says(Activity::LOGIN, 1).Says(Activity::ON_CALL, 2, "s1").Call(Stage::kTalks, 3, "s1");
  CHECK(Now().session_ids_size() == 1);
  CHECK(Says(Activity::WRAP_UP, 4).State() == "ON_CALL");
  CHECK(Call(Stage::kOver, 5).State() == "WRAP_UP");
}

TEST_CASE_METHOD(Day, "a client may name a call by either id of its session") {
  Says(Activity::LOGIN, 1);
  SECTION("before the feed told of it") {
    Says(Activity::ON_CALL, 2, "uuid of s1").Call(Stage::kTalks, 3, "s1");
  }
  SECTION("after it") { Call(Stage::kTalks, 2, "s1").Says(Activity::ON_CALL, 3, "uuid of s1"); }
  SECTION("by one and the other") {
    Says(Activity::ON_CALL, 2, "uuid of s1").Says(Activity::ON_CALL, 3, "s1");
    Call(Stage::kTalks, 4, "s1");
  }
  REQUIRE(Now().session_ids_size() == 1);
  CHECK(Now().session_ids(0) == "s1");
  Call(Stage::kOver, 5, "s1");
  CHECK(State() == "AVAILABLE");
  CHECK(standing.calls.empty());
}

TEST_CASE_METHOD(Day, "the end of a call ends it by either id, and no other") {
  Says(Activity::LOGIN, 1).Says(Activity::ON_CALL, 2, "uuid of s1");
  CHECK(Call(Stage::kOver, 3, "s2").State() == "ON_CALL");
  CHECK(Call(Stage::kOver, 4, "s1").State() == "AVAILABLE");
}

TEST_CASE_METHOD(Day, "a line with a session ends a call of which no session was told") {
  Says(Activity::LOGIN, 1).Says(Activity::ON_CALL, 2).Says(Activity::ON_CALL, 3, "s2");
  CHECK(Says(Activity::IDLE, 4, "s1").Now().session_ids_size() == 1);
  CHECK(standing.calls.size() == 1);
  CHECK(Says(Activity::IDLE, 5, "s2").State() == "AVAILABLE");
}

TEST_CASE_METHOD(Day, "of the calls that clients told of the newest are kept") {
  Call(Stage::kTalks, 1, "of the feed").Says(Activity::ON_CALL, 2, "told again");
  for (int i = 0; i < 100; ++i) {
    Says(Activity::ON_CALL, 3 + i, "s" + std::to_string(i))
        .Says(Activity::ON_CALL, 3 + i, "told again");
  }
  CHECK(standing.calls.size() == kMaxClaims + 1);
  CHECK(Now().session_ids(0) == "of the feed");
  CHECK(Now().session_ids(1) == "told again");
  CHECK(Now().session_ids(2) == "s81");
  CHECK(Now().session_ids(20) == "s99");
}

TEST_CASE_METHOD(Day, "calls whose ends were never told give way to new ones") {
  for (int i = 0; i < 300; ++i) Call(Stage::kPlaced, i, "s" + std::to_string(i));
  CHECK(standing.calls.size() == kMaxCalls);
  CHECK(standing.calls.front().session_id == "s200");
  CHECK(standing.calls.back().session_id == "s299");
}

TEST_CASE_METHOD(Day, "calls that another release kept without end are bounded by any news") {
  for (int i = 0; i < 600; ++i) {
    OpenCall& call = standing.calls.emplace_back();
    call.session_id = "s" + std::to_string(i);
    call.since = T(i);
    call.by_client = true;
  }
  const auto tell = GENERATE(0, 1);
  tell == 0 ? Call(Stage::kOver, 700, "s700") : Says(Activity::IDLE, 700, "s700");
  CHECK(standing.calls.size() == kMaxClaims);
}

TEST_CASE_METHOD(Day, "a call that is being placed changes nothing that is shown") {
  Says(Activity::LOGIN, 1).Call(Stage::kPlaced, 2);
  CHECK(State() == "AVAILABLE");
  CHECK(Now().since().seconds() == 1);
  CHECK(Now().session_ids().empty());
  CHECK(standing.calls.size() == 1);
  CHECK(Call(Stage::kOver, 3).standing.calls.empty());
}

TEST_CASE_METHOD(Day, "a call of more than a day is over") {
  Says(Activity::LOGIN, 1).Call(Stage::kTalks, 2);
  CHECK(At(standing, T(1) + kLongestCall).state == "ON_CALL");
  const Standing later = At(standing, T(9) + kLongestCall);
  CHECK(later.state == "AVAILABLE");
  CHECK(later.since == T(2) + kLongestCall);
}

TEST_CASE_METHOD(Day, "a call without a session is over after a day, too, since it was last told") {
  Says(Activity::LOGIN, 1).Says(Activity::ON_CALL, 2).Says(Activity::ON_CALL, 9);
  CHECK(At(standing, T(8) + kLongestCall).state == "ON_CALL");
  CHECK(At(standing, T(9) + kLongestCall).state == "AVAILABLE");
}

TEST_CASE_METHOD(Day, "a line may say that the agent takes no calls") {
  Activity line;
  line.set_activity_type(Activity::IDLE);
  line.set_is_available(false);
  Choose(line, standing);
  CHECK(State() == "AVAILABLE");
  CHECK_FALSE(Now().is_available());
}

TEST_CASE("the time between lines is never negative and has a bound") {
  const absl::Time t = absl::FromUnixSeconds(1000);
  CHECK(DurationBetween(t, t + absl::Milliseconds(2900)) == 2);
  CHECK(DurationBetween(t, t - absl::Seconds(5)) == 0);
  CHECK(DurationBetween(t, t + absl::Hours(10000)) == 7 * 24 * 3600);
}

TEST_CASE("a call that connects is a line, and its end another") {
  const auto placed =
      NewsOf(Event("session.initiated", Session::STATUS_UNSPECIFIED, Session::INITIATED));
  REQUIRE(placed);
  CHECK(placed->stage == Stage::kPlaced);
  CHECK(placed->at == T(7));
  CHECK(placed->session_id == "sess_1");
  CHECK(placed->uuid == "uuid-1");
  CHECK_FALSE(LineOf(*placed));
  const auto type = GENERATE("session.connected", "session.held");
  const auto begun =
      NewsOf(Event(type, Session::RINGING,
                   type == std::string("session.held") ? Session::ON_HOLD : Session::CONNECTED));
  REQUIRE(begun);
  CHECK(LineOf(*begun)->activity_type() == Activity::ON_CALL);
  CHECK(LineOf(*begun)->session_id() == "sess_1");
  const auto ended = NewsOf(Event("session.ended", Session::ON_HOLD, Session::COMPLETED));
  REQUIRE(ended);
  CHECK(LineOf(*ended)->activity_type() == Activity::IDLE);
}

TEST_CASE("a call that ends without having connected is news, and no line") {
  const auto ended = NewsOf(Event("session.ended", Session::RINGING, Session::BUSY));
  REQUIRE(ended);
  CHECK(ended->stage == Stage::kOver);
  CHECK_FALSE(LineOf(*ended));
}

TEST_CASE("the end of a call of an agent who is not registered is no line") {
  auto ended = NewsOf(Event("session.ended", Session::CONNECTED, Session::COMPLETED));
  REQUIRE(ended);
  CHECK(LineOf(*ended));
  ended->registered = false;
  CHECK_FALSE(LineOf(*ended));
}

TEST_CASE("what connects nobody, or has no agent, is no news") {
  CHECK_FALSE(NewsOf(Event("session.ringing", Session::INITIATED, Session::RINGING)));
  CHECK_FALSE(NewsOf(Event("session.connected", Session::CONNECTED, Session::CONNECTED)));
  // Told after the end.
  CHECK_FALSE(NewsOf(Event("session.connected", Session::COMPLETED, Session::COMPLETED)));
  CHECK_FALSE(NewsOf(Event("session.corrected", Session::NO_ANSWER, Session::COMPLETED)));
  auto event = Event("session.connected", Session::RINGING, Session::CONNECTED);
  event.clear_agent_id();
  CHECK_FALSE(NewsOf(event));
}

}  // namespace ctc::routing
