#include "libs/providers/asterisk/names.h"

#include <catch2/catch.hpp>

namespace ctc::providers::asterisk {
namespace {

using session::v1::Leg;

const std::string kRoom = "01930000-0000-7000-8000-000000000001";
const std::string kLater = "01930000-0000-7000-8000-000000000002";

TEST_CASE("a channel's id leads back to its conversation, leg and session", "[asterisk][names]") {
  CHECK(ChannelId(kRoom, kAgentLeg) == kRoom + "-agent");
  const auto customer = ParseChannelId(kRoom + "-customer");
  REQUIRE(customer.has_value());
  CHECK(customer->room == kRoom);
  CHECK(customer->session == kRoom);
  CHECK(customer->leg == "customer");
  CHECK(customer->Tag() == "customer");
}

TEST_CASE("legs of the sessions of one conversation are told apart", "[asterisk][names]") {
  const LegName first{kRoom, "consult-1", kRoom};
  const LegName second{kRoom, "consult-1", kLater};
  CHECK(ChannelId(first) == kRoom + "-consult-1");
  CHECK(ChannelId(second) == kRoom + "-consult-1-" + kLater);
  const auto read = ParseChannelId(ChannelId(second));
  REQUIRE(read.has_value());
  CHECK(read->leg == "consult-1");
  CHECK(read->session == kLater);
  CHECK(read->Tag() == "consult-1-" + kLater);
}

TEST_CASE("attempts to reach an agent are one leg with a channel each", "[asterisk][names]") {
  const LegName third{kRoom, "agent", kRoom, 3};
  CHECK(ChannelId(third) == kRoom + "-agent.3");
  const auto read = ParseChannelId(kRoom + "-agent.3-" + kLater);
  REQUIRE(read.has_value());
  CHECK(read->attempt == 3);
  CHECK(read->leg == "agent");
  CHECK(read->Tag() == "agent-" + kLater);
  for (const char* bad :
       {"-agent.", "-agent.x", "-agent.0", "-agent.+1", "-agent.1.2", "-agent.12345678901"}) {
    INFO(bad);
    CHECK_FALSE(ParseChannelId(kRoom + bad).has_value());
  }
}

TEST_CASE("channels of others are nobody's legs", "[asterisk][names]") {
  for (const std::string& foreign :
       {std::string(), std::string("1795369225.127"), std::string("k7-agent"),
        std::string("-agent"), kRoom, kRoom + "-", kRoom + "-bridge", kRoom + "-Agent",
        kRoom + "-agent-snoop", kRoom + "-consult-", kRoom + "-consult-1-x"}) {
    INFO(foreign);
    CHECK_FALSE(ParseChannelId(foreign).has_value());
  }
}

TEST_CASE("a leg's id names its party", "[asterisk][names]") {
  CHECK(PartyOf("agent") == Leg::AGENT);
  CHECK(PartyOf("customer") == Leg::CUSTOMER);
  CHECK(PartyOf("consult-2") == Leg::CONSULT);
  CHECK(PartyOf("party-1") == Leg::GUEST);
  CHECK(PartyOf("supervisor-3-" + kLater) == Leg::SUPERVISOR);
  CHECK(PartyOf("bridge") == Leg::PARTY_UNSPECIFIED);
  CHECK(IsLegId("party-12"));
  for (const char* bad : {"", "1", "party-", "party-1x", "Party-1", "a/b", "party-1-2",
                          "abcdefghijklmnopqrstuvwxyz"}) {
    INFO(bad);
    CHECK_FALSE(IsLegId(bad));
  }
}

TEST_CASE("only what may stand in a path is taken for a channel's id", "[asterisk][names]") {
  CHECK(IsChannelId("1795369225.127"));
  CHECK(IsChannelId(kRoom + "-consult-1-" + kLater));
  CHECK(IsChannelId("pbx-a-1795369225.127"));
  for (const std::string& bad : {std::string(), std::string("../bridges"), std::string("a/b"),
                                 std::string("a?b"), std::string("a%2Fb"), std::string(150, 'a')}) {
    INFO(bad);
    CHECK_FALSE(IsChannelId(bad));
  }
}

TEST_CASE("bridges, recordings, prompts and messages lead back", "[asterisk][names]") {
  CHECK(RoomOfBridge(BridgeId(kRoom)) == kRoom);
  CHECK(SessionOfRecording(RecordingName(kLater)) == kLater);
  CHECK(RoomOfPrompt(PromptId(kRoom, 3, 1)) == kRoom);
  CHECK(RoomOfMessage(MessageName(kRoom, 3)) == kRoom);
  CHECK(PromptId(kRoom, 3, 1) != PromptId(kRoom, 4, 1));
  CHECK(RoomOfBridge("k7-bridge").empty());
  CHECK(RoomOfPrompt(RingToneId(kRoom)).empty());
  CHECK(SessionOfRecording(MessageName(kRoom, 3)).empty());
  CHECK(RoomOfMessage("x-message-1").empty());
}

TEST_CASE("a snoop leads back to its supervisor", "[asterisk][names]") {
  const std::string supervisor = kRoom + "-supervisor-1";
  const auto leg = ParseSnoopId(SnoopId(supervisor));
  REQUIRE(leg.has_value());
  CHECK(leg->Tag() == "supervisor-1");
  CHECK_FALSE(ParseSnoopId(supervisor).has_value());
  CHECK(MonitorBridgeId(supervisor) == supervisor + "-monitor");
  CHECK(RoomOfMonitor(MonitorBridgeId(supervisor)) == kRoom);
  CHECK(RoomOfMonitor(MonitorBridgeId("k7-supervisor-1")).empty());
  CHECK(RoomOfMonitor(BridgeId(kRoom)).empty());
}

}  // namespace
}  // namespace ctc::providers::asterisk
