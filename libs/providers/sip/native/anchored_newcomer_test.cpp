// INVITE with Replaces: a phone takes a leg's place in an anchored call.
#include <catch2/catch.hpp>

#include "libs/providers/sip/native/anchored_story_for_test.h"

namespace ctc::providers::sip::native {
namespace {

using Kind = Input::Kind;
using session::v1::Leg;

TEST_CASE("a phone takes the agent's place, muted as the other one was",
          "[sip][anchored][replaces]") {
  Tale t;
  t.Connect();
  t.Take(Mute(t.call, true).value());
  t.Forget();
  CHECK(t.Wants("agent", "in-1", Sound("sendrecv", "10.0.0.7")) == 100);
  CHECK(t.Asked() == V{"respond in-1 1000 200", "bye agent"});
  CHECK(t.Ordered() == V{"connect agent 10.0.0.7"});
  CHECK(t.Told() == V{"PARTY_REPLACED AGENT"});
  CHECK(t.last().phone() == "ben");
  CHECK(t.last().provider_leg_id() == "c1-agent");
  CHECK(Hear(t, "agent", "customer"));
  CHECK_FALSE(Hear(t, "customer", "agent"));
  t.Take(Mute(t.call, false).value());
  CHECK(Hear(t, "customer", "agent"));
  // The old phone is nobody's.
  t.Hears(Kind::kEnded, "agent");
  std::string answer;
  t.Take(Reoffered(t.call, "agent", Sound("sendonly"), answer));
  CHECK(answer.empty());
  CHECK(t.Told().empty());
  t.Take(Reoffered(t.call, "in-1", Sound("sendonly"), answer));
  CHECK(t.Told() == V{"CALL_HELD AGENT"});
  t.Asked();
  t.Hears(Kind::kEnded, "in-1");
  CHECK(t.Asked() == V{"bye customer"});
}

TEST_CASE("a phone that takes a place takes the call back from the other one's hold",
          "[sip][anchored][replaces]") {
  Tale t;
  t.Connect();
  std::string answer;
  t.Take(Reoffered(t.call, "agent", Sound("sendonly"), answer));
  t.Forget();
  CHECK(t.Wants("agent", "in-1", Sound()) == 100);
  CHECK(t.Told() == V{"PARTY_REPLACED AGENT", "CALL_RESUMED AGENT"});
}

TEST_CASE("a held customer's other phone hears the music", "[sip][anchored][replaces]") {
  Tale t;
  t.Connect();
  t.Take(Hold(t.call).value());
  CHECK(t.Wants("customer", "in-1", Sound()) == 100);
  CHECK(ToneOf(t, "customer") == media::Tone::kHoldMusic);
  CHECK_FALSE(Hear(t, "customer", "agent"));
  t.Take(Resume(t.call).value());
  CHECK(Hear(t, "customer", "agent"));
}

TEST_CASE("a phone that cannot be heard gets no place", "[sip][anchored][replaces]") {
  Tale t;
  t.Connect();
  CHECK(t.Wants("agent", "in-1", NoSound()) == 488);
  CHECK(t.Asked().empty());
  CHECK(t.Ordered().empty());
  CHECK(t.call.legs.at("agent").line.empty());
}

TEST_CASE("a phone that offers nothing is heard from its ACK on", "[sip][anchored][replaces]") {
  Tale t;
  t.Connect();
  CHECK(t.Wants("agent", "in-1", "") == 100);
  CHECK(t.Asked() == V{"respond in-1 1000 200", "bye agent"});
  CHECK(t.Ordered().empty());
  t.Hears(Kind::kAcknowledged, "in-1", 200, Sound("sendrecv", "10.0.0.7"));
  CHECK(t.Ordered() == V{"connect agent 10.0.0.7"});
}

TEST_CASE("a phone that takes a place and agrees to nothing is let go",
          "[sip][anchored][replaces]") {
  const std::string said = GENERATE(std::string(), NoSound());
  CAPTURE(said);
  Tale t;
  t.Connect();
  CHECK(t.Wants("agent", "in-1", "") == 100);
  CHECK_FALSE(Hear(t, "customer", "agent"));
  t.Forget();
  t.Hears(Kind::kAcknowledged, "in-1", 200, said);
  CHECK(t.Asked() == V{"bye in-1 488", "bye customer"});
  CHECK(t.Told() == V{"CALL_FAILED AGENT"});
  CHECK(t.call.over());
}

TEST_CASE("the hold of a phone is over with it, whatever the next one agrees to",
          "[sip][anchored][replaces]") {
  Tale t;
  t.Connect();
  std::string answer;
  t.Take(Reoffered(t.call, "agent", Sound("sendonly"), answer));
  t.Forget();
  CHECK(t.Wants("agent", "in-1", "") == 100);
  CHECK(t.Told() == V{"PARTY_REPLACED AGENT", "CALL_RESUMED AGENT"});
  SECTION("to talk") {
    t.Hears(Kind::kAcknowledged, "in-1", 200, Sound());
    CHECK(t.Told().empty());
    CHECK(Hear(t, "customer", "agent"));
  }
  SECTION("to a hold of its own") {
    t.Hears(Kind::kAcknowledged, "in-1", 200, Sound("sendonly"));
    CHECK(t.Told() == V{"CALL_HELD AGENT"});
  }
}

TEST_CASE("a call that rings is taken by another phone", "[sip][anchored][replaces]") {
  Tale t;
  t.Forget();
  SECTION("with an offer") {
    CHECK(t.Wants("agent", "in-1", Sound()) == 100);
    CHECK(t.Asked() == V{"respond in-1 1000 200", "abandon agent", "invite customer 1002"});
  }
  SECTION("without one") {
    CHECK(t.Wants("agent", "in-1", "") == 100);
    CHECK(t.Told() == V{"PARTY_REPLACED AGENT"});
    t.Hears(Kind::kAcknowledged, "in-1", 200, Sound());
    CHECK(t.Asked() == V{"respond in-1 1000 200", "abandon agent", "invite customer 1002"});
    CHECK(t.Told() == V{"CALL_ANSWERED AGENT"});
  }
  t.Answers("customer");
  CHECK(Hear(t, "customer", "agent"));
}

TEST_CASE("a caller in a queue is taken by another phone than the one that rings",
          "[sip][anchored][replaces]") {
  Tale t(Sound(), false);
  routing::v1::FlowStep step;
  step.set_number(1);
  step.mutable_dial()->set_agent_id("ann");
  t.Take(TakeStep(t.call, step));
  t.Rings("agent", Leg::AGENT);
  t.Forget();
  CHECK(t.Wants("agent", "in-2", Sound()) == 100);
  CHECK(t.Asked() == V{"respond in-2 2000 200", "abandon agent", "respond customer 1000 200"});
  CHECK(t.Told() == V{"PARTY_REPLACED AGENT", "CALL_ANSWERED AGENT"});
  CHECK(Hear(t, "customer", "agent"));
  CHECK(t.call.CalledUs("agent"));
}

}  // namespace
}  // namespace ctc::providers::sip::native
