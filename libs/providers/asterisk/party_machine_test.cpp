// The call machine with more than two parties: transfers, conferences, supervisors.
#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/asterisk/call_machine.h"
#include "libs/providers/asterisk/samples_for_test.h"

namespace ctc::providers::asterisk {
namespace {

using Kind = Action::Kind;
using session::v1::CallFact;
using session::v1::Leg;

constexpr const char* kLaterTime = "2026-11-22T17:20:00.000+0000";

// "HANG_UP agent" and the like.
std::vector<std::string> Words(const Effects& effects) {
  static const std::map<Kind, std::string> kWords = {{Kind::kMakeBridge, "make bridge"},
                                                     {Kind::kAddToBridge, "add"},
                                                     {Kind::kHangUp, "hang up"},
                                                     {Kind::kDestroyBridge, "destroy bridge"},
                                                     {Kind::kMakeMonitor, "make monitor"},
                                                     {Kind::kAddToMonitor, "add to monitor"},
                                                     {Kind::kSnoop, "snoop"},
                                                     {Kind::kAddSnoop, "add snoop"},
                                                     {Kind::kMute, "mute"},
                                                     {Kind::kEndMonitor, "end monitor"}};
  std::vector<std::string> words;
  for (const Action& action : effects.actions) {
    const auto word = kWords.find(action.kind);
    words.push_back((word == kWords.end() ? "other" : word->second) + " " + action.leg);
  }
  return words;
}

using Strings = std::vector<std::string>;

// A conversation of an agent and a customer, with more legs to come.
class Talk {
 public:
  Talk() {
    call.plan.call = kCall;
    Say(StateEvent("agent", "Ringing"));
    Say(StartEvent("agent"));
    Say(StartEvent("customer"));
    Say(EnteredEvent("customer", true));
    REQUIRE(call.joined);
  }
  Effects Say(const std::string& text) {
    const absl::StatusOr<AriEvent> event = ReadEvent(text);
    REQUIRE(event.ok());
    REQUIRE(event->room == kCall);
    return machine.Apply(call, *event);
  }
  void Joins(const std::string& leg) {
    Say(DialEvent(leg, ""));
    Say(StateEvent(leg, "Ringing"));
    Say(PartyStartEvent(leg, R"("join")"));
  }
  CallMachine machine{MachineConfig()};
  Call call;
};

CallFact OnlyFact(const Effects& effects) {
  REQUIRE(effects.facts.size() == 1);
  return effects.facts.front().fact;
}

TEST_CASE("a consulted party rings, answers and joins the bridge", "[asterisk][machine]") {
  Talk talk;
  CHECK(talk.Say(DialEvent("consult-1", "")).facts.empty());
  const CallFact ringing = OnlyFact(talk.Say(StateEvent("consult-1", "Ringing")));
  CHECK(ringing.kind() == CallFact::CALL_RINGING);
  CHECK(ringing.party() == Leg::CONSULT);
  CHECK(ringing.leg_id() == "consult-1");
  CHECK(ringing.provider_leg_id() == kCall + "-consult-1");
  const Effects up = talk.Say(PartyStartEvent("consult-1", R"("join")"));
  CHECK(OnlyFact(up).kind() == CallFact::CALL_ANSWERED);
  CHECK(Words(up) == Strings{"make bridge consult-1", "add consult-1"});
  CHECK(talk.Say(PartyStartEvent("consult-1", R"("join")")).facts.empty());
}

TEST_CASE("the consulted party's end leaves agent and customer talking", "[asterisk][machine]") {
  Talk talk;
  SECTION("after it answered") {
    talk.Joins("consult-1");
    const Effects end = talk.Say(DestroyedEvent("consult-1", 16, "Up"));
    CHECK(OnlyFact(end).kind() == CallFact::CALL_ENDED);
    CHECK(end.actions.empty());
  }
  SECTION("before") {
    talk.Say(StateEvent("consult-1", "Ringing"));
    const Effects end = talk.Say(DestroyedEvent("consult-1", 17));
    CHECK(OnlyFact(end).kind() == CallFact::CALL_BUSY);
    CHECK(OnlyFact(end).reason() == session::v1::END_REASON_UNSPECIFIED);
    CHECK(end.actions.empty());
  }
}

TEST_CASE("an agent who leaves in a transfer leaves the customer to the other",
          "[asterisk][machine]") {
  Talk talk;
  talk.Joins("consult-1");
  const Effects left = talk.Say(DestroyedEvent("agent", 16, "Up"));
  CHECK(OnlyFact(left).party() == Leg::AGENT);
  CHECK(left.actions.empty());
  // From then on the conversation is theirs, and ends with either.
  SECTION("who hangs up") {
    const Effects end = talk.Say(DestroyedEvent("consult-1", 16, "Up"));
    CHECK(Words(end) == Strings{"hang up customer"});
  }
  SECTION("who is hung up on") {
    const Effects end = talk.Say(DestroyedEvent("customer", 16, "Up"));
    CHECK(Words(end) == Strings{"hang up consult-1"});
  }
}

TEST_CASE("an agent taken out before the next one is heard of leaves the customer waiting",
          "[asterisk][machine]") {
  Talk talk;
  const Effects left = talk.Say(DestroyedEvent("agent", 26, "Up"));
  CHECK(left.actions.empty());
  CHECK(talk.call.unattended);
  talk.Say(StateEvent("consult-1", "Ringing"));
  CHECK_FALSE(talk.call.unattended);
  SECTION("whom the target then talks to") {
    CHECK(Words(talk.Say(PartyStartEvent("consult-1", R"("join")"))) ==
          Strings{"make bridge consult-1", "add consult-1"});
  }
  SECTION("and the agent is rung again when the target cannot be had") {
    CHECK(talk.Say(DestroyedEvent("consult-1", 19, "Ringing")).actions.empty());
    CHECK(talk.call.unattended);
    const CallFact first =
        OnlyFact(talk.Say(StateEvent("agent", "Ringing", kLaterTime, kLaterTime)));
    CHECK(first.kind() == CallFact::CALL_RINGING);
    const Effects up = talk.Say(PartyStartEvent("agent", R"("join")", kLaterTime));
    CHECK(OnlyFact(up).kind() == CallFact::CALL_ANSWERED);
    CHECK(Words(up) == Strings{"make bridge agent", "add agent"});
    CHECK(Words(talk.Say(DestroyedEvent("agent", 16, "Up", kLaterTime, 0, kLaterTime))) ==
          Strings{"hang up customer"});
  }
  SECTION("but not for ever: an agent who does not come back ends it") {
    talk.Say(DestroyedEvent("consult-1", 19, "Ringing"));
    talk.Say(StateEvent("agent", "Ringing", kLaterTime, kLaterTime));
    CHECK(Words(talk.Say(DestroyedEvent("agent", 19, "Ringing", kLaterTime, 0, kLaterTime))) ==
          Strings{"hang up customer"});
  }
}

TEST_CASE("a leg's second life has facts of its own, its first one's late words have none",
          "[asterisk][machine]") {
  Talk talk;
  const Effects first = talk.Say(StateEvent("consult-1", "Ringing"));
  talk.Say(DestroyedEvent("consult-1", 19, "Ringing"));
  CHECK(talk.Say(StateEvent("consult-1", "Ringing")).facts.empty());
  const Effects second = talk.Say(StateEvent("consult-1", "Ringing", kLaterTime, kLaterTime));
  CHECK(OnlyFact(second).event_key() != OnlyFact(first).event_key());
  CHECK(talk.Say(DestroyedEvent("consult-1", 16, "Ringing")).facts.empty());
  CHECK(talk.call.Find("consult-1")->live());
}

TEST_CASE("a leg of a later session tells that session", "[asterisk][machine]") {
  Talk talk;
  const std::string later = "01930000-0000-7000-8000-000000000002";
  const Effects effects = talk.Say(StateEvent("consult-1-" + later, "Ringing"));
  REQUIRE(effects.facts.size() == 1);
  CHECK(effects.facts[0].session == later);
  CHECK(effects.facts[0].fact.leg_id() == "consult-1");
  CHECK(effects.facts[0].fact.party() == Leg::CONSULT);
}

TEST_CASE("a guest comes and goes, and leaves with the others", "[asterisk][machine]") {
  Talk talk;
  talk.Joins("party-1");
  SECTION("its own end concerns nobody") {
    const Effects end = talk.Say(DestroyedEvent("party-1", 16, "Up"));
    CHECK(OnlyFact(end).party() == Leg::GUEST);
    CHECK(end.actions.empty());
  }
  SECTION("the agent's end is the conversation's") {
    CHECK(Words(talk.Say(DestroyedEvent("agent", 16, "Up"))) ==
          Strings{"hang up customer", "hang up party-1"});
  }
}

TEST_CASE("a party that answers when the customer is gone is sent away", "[asterisk][machine]") {
  Talk talk;
  talk.Say(StateEvent("consult-1", "Ringing"));
  talk.Say(DestroyedEvent("customer", 16, "Up"));
  CHECK(Words(talk.Say(PartyStartEvent("consult-1", R"("join")"))) == Strings{"hang up consult-1"});
}

TEST_CASE("a supervisor hears the agent through a snoop, silent unless it whispers",
          "[asterisk][machine]") {
  Talk talk;
  const std::string agent = kCall + "-agent";
  talk.Say(StateEvent("supervisor-1", "Ringing"));
  SECTION("listening") {
    const Effects up =
        talk.Say(PartyStartEvent("supervisor-1", R"("watch",")" + agent + R"(","listen")"));
    CHECK(OnlyFact(up).party() == Leg::SUPERVISOR);
    CHECK(Words(up) == Strings{"make monitor supervisor-1", "mute supervisor-1",
                               "add to monitor supervisor-1", "snoop supervisor-1"});
    CHECK(up.actions.back().text == agent);
    const Effects snoop = talk.Say(PartyStartEvent("supervisor-1-snoop", ""));
    CHECK(Words(snoop) == Strings{"add snoop supervisor-1"});
    CHECK(snoop.facts.empty());
    CHECK(talk.Say(DestroyedEvent("supervisor-1-snoop", 0, "Up")).facts.empty());
    CHECK(Words(talk.Say(DestroyedEvent("supervisor-1", 16, "Up"))) ==
          Strings{"end monitor supervisor-1"});
  }
  SECTION("whispering") {
    CHECK(
        Words(
            talk.Say(PartyStartEvent("supervisor-1", R"("watch",")" + agent + R"(","whisper")"))) ==
        Strings{"make monitor supervisor-1", "add to monitor supervisor-1", "snoop supervisor-1"});
  }
  SECTION("barging in") {
    CHECK(Words(talk.Say(PartyStartEvent("supervisor-1", R"("join")"))) ==
          Strings{"make bridge supervisor-1", "add supervisor-1"});
    // Then only listening: the snoop that was made for it is cleared away in the end.
    CHECK(Words(talk.Say(PartyStartEvent("supervisor-1-snoop", ""))) ==
          Strings{"add snoop supervisor-1"});
    CHECK(Words(talk.Say(DestroyedEvent("supervisor-1", 16, "Up"))) ==
          Strings{"end monitor supervisor-1"});
  }
}

TEST_CASE("a supervisor leaves with the agent it hears", "[asterisk][machine]") {
  Talk talk;
  talk.Joins("consult-1");
  talk.Say(PartyStartEvent("supervisor-1", R"("watch",")" + kCall + R"(-agent","listen")"));
  CHECK(Words(talk.Say(DestroyedEvent("agent", 26, "Up"))) == Strings{"hang up supervisor-1"});
}

TEST_CASE("a party that cannot be joined leaves the others talking", "[asterisk][machine]") {
  Talk talk;
  talk.Joins("consult-1");
  const Effects failed = talk.machine.FailLeg(
      talk.call, "consult-1", {base::kProviderError, "no bridge"}, absl::UnixEpoch());
  CHECK(OnlyFact(failed).kind() == CallFact::CALL_FAILED);
  CHECK(OnlyFact(failed).party() == Leg::CONSULT);
  CHECK(Words(failed) == Strings{"hang up consult-1"});
  CHECK(talk.machine
            .FailLeg(talk.call, "consult-1", {base::kProviderError, "again"}, absl::UnixEpoch())
            .facts.empty());
}

}  // namespace
}  // namespace ctc::providers::asterisk
