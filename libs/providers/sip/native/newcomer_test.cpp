// INVITE with Replaces: a phone takes a leg's place in a directly joined call.
#include <catch2/catch.hpp>

#include "libs/providers/sip/native/story_for_test.h"

namespace ctc::providers::sip::native {
namespace {

using Kind = Input::Kind;
using session::v1::Leg;

void DialsBen(Story& s) {
  s.Take(DialParty(s.call, "consult-1", Leg::CONSULT, "sip:ben@proxy", "ben").value());
}

TEST_CASE("a phone takes the agent's place: the customer hears it, the old one is hung up",
          "[sip][3pcc][replaces]") {
  Story s;
  s.Connect();
  CHECK(s.Wants("agent", "in-1", Sdp("new")) == 100);
  CHECK(s.Asked() == V{"reinvite customer new"});
  CHECK(s.Told().empty());
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.Asked() == V{"ack customer", "respond in-1 customer 200", "bye agent"});
  CHECK(s.Told() == V{"PARTY_REPLACED AGENT"});
  s.Hears(Kind::kAcknowledged, "in-1", 200);
  // The old phone's last words are nobody's.
  s.Hears(Kind::kEnded, "agent");
  CHECK(s.Told().empty());
  CHECK(s.call.seat == "agent");
  // Whatever is done to the agent is done to the phone that came.
  s.Take(Hold(s.call).value());
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.Asked() ==
        V{"reinvite customer new inactive", "ack customer", "reinvite in-1 customer inactive"});
  s.Hears(Kind::kAnswered, "in-1", 200, Sdp("new"));
  CHECK(s.Told() == V{"CALL_HELD CUSTOMER"});
  s.Asked();
  s.Hears(Kind::kEnded, "in-1");
  CHECK(s.Asked() == V{"bye customer"});
  CHECK(s.Told() == V{"CALL_ENDED AGENT"});
  CHECK(s.call.over());
}

TEST_CASE("a phone takes the customer's place", "[sip][3pcc][replaces]") {
  Story s;
  s.Connect();
  CHECK(s.Wants("customer", "in-1", Sdp("new")) == 100);
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  CHECK(s.Asked() ==
        V{"reinvite agent new", "ack agent", "respond in-1 agent 200", "bye customer"});
  CHECK(s.Told() == V{"PARTY_REPLACED CUSTOMER"});
  s.Hears(Kind::kAcknowledged, "in-1", 200);
  s.Take(SendDigits(s.call, "7").value());
  CHECK(s.Asked() == V{"info in-1 7"});
}

TEST_CASE("a phone with which the other one does not agree is refused and changes nothing",
          "[sip][3pcc][replaces]") {
  Story s;
  s.Connect();
  CHECK(s.Wants("agent", "in-1", Sdp("new")) == 100);
  s.Asked();
  s.Hears(Kind::kRejected, "customer", 488);
  CHECK(s.Asked() == V{"respond in-1 488"});
  CHECK(s.Told().empty());
  s.Hears(Kind::kEnded, "agent");
  CHECK(s.Asked() == V{"bye customer"});
  CHECK(s.call.over());
}

TEST_CASE("a phone that gives up leaves the two as they were", "[sip][3pcc][replaces]") {
  Story s;
  s.Connect();
  CHECK(s.Wants("agent", "in-1", Sdp("new")) == 100);
  s.Asked();
  s.Hears(Kind::kEnded, "in-1");
  CHECK(s.Asked().empty());
  // The customer was told to send its sound elsewhere: it is joined with the agent again.
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.Asked() == V{"ack customer", "reinvite agent", "reinvite customer agent", "ack customer",
                       "ack agent customer"});
  CHECK(s.Told().empty());
  CHECK(s.call.exchanges.empty());
}

TEST_CASE("a phone that gave up may come again once its first request is settled",
          "[sip][3pcc][replaces]") {
  Story s;
  s.Connect();
  CHECK(s.Wants("agent", "in-1", Sdp("new")) == 100);
  s.Asked();
  s.Hears(Kind::kEnded, "in-1");
  // The other phone was asked with the first one's offer.
  CHECK(s.Wants("agent", "in-1", Sdp("again")) == 491);
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.Asked() == V{"ack customer", "reinvite agent"});
  s.Hears(Kind::kAcknowledged, "in-1", 200);
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.Asked() == V{"reinvite customer agent", "ack customer", "ack agent customer"});
  CHECK(s.Told().empty());
  CHECK(s.Wants("agent", "in-1", Sdp("again")) == 100);
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Hears(Kind::kAcknowledged, "in-1", 200);
  CHECK(s.Asked() ==
        V{"reinvite customer again", "ack customer", "respond in-1 customer 200", "bye agent"});
  CHECK(s.call.exchanges.empty());
}

TEST_CASE("a phone that waits for a place is not heard twice", "[sip][3pcc][replaces]") {
  Story s;
  s.Connect();
  s.Take(Hold(s.call).value());
  CHECK(s.Wants("agent", "in-1", Sdp("new")) == 100);
  CHECK(s.Wants("agent", "in-1", Sdp("again")) == 491);
  CHECK(s.call.legs.at("in-1").heard == Sdp("new"));
  CHECK(s.call.exchanges.size() == 2);
}

TEST_CASE("a re-INVITE for a newcomer that crosses the phone's own is made again",
          "[sip][3pcc][replaces]") {
  Story s;
  s.Connect();
  CHECK(s.Wants("agent", "in-1", Sdp("new")) == 100);
  s.Asked();
  s.Hears(Kind::kRejected, "customer", 491);
  CHECK(s.Asked() == V{"again 1"});
  SECTION("and it goes on") {
    s.Take(TryAgain(s.call, 1));
    s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
    CHECK(s.Asked() ==
          V{"reinvite customer new", "ack customer", "respond in-1 customer 200", "bye agent"});
  }
  SECTION("unless it gave up") {
    s.Hears(Kind::kEnded, "in-1");
    s.Take(TryAgain(s.call, 1));
    CHECK(s.Asked().empty());
    CHECK(s.call.exchanges.empty());
  }
}

TEST_CASE("who waits for a place that is no more is refused", "[sip][3pcc][replaces]") {
  Story s;
  s.Connect();
  SECTION("its leg ends") {
    CHECK(s.Wants("agent", "in-1", Sdp("new")) == 100);
    s.Asked();
    s.Hears(Kind::kEnded, "agent");
    CHECK(s.Asked() == V{"bye customer", "respond in-1 603"});
  }
  SECTION("the other phone hangs up") {
    CHECK(s.Wants("agent", "in-1", Sdp("new")) == 100);
    s.Asked();
    s.Hears(Kind::kEnded, "customer");
    CHECK(s.Asked() == V{"bye agent", "respond in-1 603"});
  }
  SECTION("another phone was first") {
    CHECK(s.Wants("agent", "in-1", Sdp("new")) == 100);
    CHECK(s.Wants("agent", "in-2", Sdp("late")) == 100);
    s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
    CHECK(s.Asked() == V{"reinvite customer new", "ack customer", "respond in-1 customer 200",
                         "bye agent", "respond in-2 603"});
    CHECK(s.Wants("agent", "in-3", Sdp("later")) == 603);
    return;
  }
  CHECK(s.call.over());
}

TEST_CASE("a call on hold stays so for the phone that takes a place in it",
          "[sip][3pcc][replaces]") {
  Story s;
  s.Connect();
  s.Take(Hold(s.call).value());
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  s.Asked();
  s.Told();
  SECTION("of the customer") {
    CHECK(s.Wants("customer", "in-1", Sdp("new")) == 100);
    CHECK(s.Asked() == V{"respond in-1 new inactive 200", "bye customer"});
    s.Hears(Kind::kAcknowledged, "in-1", 200);
    CHECK(s.Asked().empty());
    CHECK(s.call.held);
    s.Take(Resume(s.call).value());
    CHECK(s.Asked() == V{"reinvite in-1"});
  }
  SECTION("of the agent who speaks with a target") {
    DialsBen(s);
    s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("ben"));
    s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
    s.Asked();
    CHECK(s.Wants("agent", "in-1", Sdp("new")) == 100);
    s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("ben"));
    CHECK(s.Asked() ==
          V{"reinvite consult-1 new", "ack consult-1", "respond in-1 ben 200", "bye agent"});
    s.Hears(Kind::kAcknowledged, "in-1", 200);
    s.Take(HandOver(s.call, "consult-1").value());
    CHECK(s.Asked() == V{"bye in-1", "reinvite consult-1"});
  }
}

TEST_CASE("a phone that takes a place without an offer is asked for one", "[sip][3pcc][replaces]") {
  Story s;
  s.Connect();
  CHECK(s.Wants("agent", "in-1", "") == 100);
  CHECK(s.Asked() == V{"respond in-1 - 200", "bye agent"});
  s.Hears(Kind::kAcknowledged, "in-1", 200, Sdp("none"));
  s.Hears(Kind::kAnswered, "in-1", 200, Sdp("new"));
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.Asked() ==
        V{"reinvite in-1", "reinvite customer new", "ack customer", "ack in-1 customer"});
}

TEST_CASE("a phone takes a call that still rings at another one", "[sip][3pcc][replaces]") {
  Story s;
  s.Asked();
  s.Told();
  CHECK(s.Wants("agent", "in-1", Sdp("new"), true) == 100);
  CHECK(s.Asked() == V{"respond in-1 new inactive 200", "abandon agent"});
  s.Hears(Kind::kAcknowledged, "in-1", 200);
  CHECK(s.Asked() == V{"invite customer"});
  CHECK(s.Told() == V{"PARTY_REPLACED AGENT", "CALL_ANSWERED AGENT"});
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Hears(Kind::kAnswered, "in-1", 200, Sdp("new"));
  CHECK(s.Asked() == V{"reinvite in-1 customer", "ack in-1", "ack customer new"});
  CHECK(s.Told() == V{"CALL_ANSWERED CUSTOMER"});
}

TEST_CASE("a target's call is taken by another phone", "[sip][3pcc][replaces]") {
  Story s;
  s.Connect();
  DialsBen(s);
  s.Hears(Kind::kRinging, "consult-1", 180);
  s.Asked();
  s.Told();
  CHECK(s.Wants("consult-1", "in-1", Sdp("new")) == 100);
  s.Hears(Kind::kAcknowledged, "in-1", 200);
  CHECK(s.Asked() == V{"respond in-1 new inactive 200", "abandon consult-1", "reinvite in-1"});
  CHECK(s.Told() == V{"PARTY_REPLACED CONSULT", "CALL_ANSWERED CONSULT"});
}

TEST_CASE("a caller is taken by another phone than the one that rings for it",
          "[sip][3pcc][replaces]") {
  Story s(Sdp("caller"));
  routing::v1::FlowStep step;
  step.set_number(1);
  step.mutable_dial()->set_agent_id("ann");
  s.Take(TakeStep(s.call, step));
  s.Take(DialParty(s.call, "agent", Leg::AGENT, "sip:ann@desk").value());
  s.Hears(Kind::kRinging, "agent", 180);
  s.Asked();
  s.Told();
  CHECK(s.Wants("customer", "in-0", Sdp("new")) == 481);  // we did not begin it
  CHECK(s.Wants("agent", "in-2", Sdp("new")) == 100);
  s.Hears(Kind::kAcknowledged, "in-2", 200);
  CHECK(s.Asked() == V{"respond in-2 new inactive 200", "abandon agent", "reinvite in-2 caller"});
  SECTION("and they talk") {
    s.Hears(Kind::kAnswered, "in-2", 200, Sdp("new"));
    CHECK(s.Asked() == V{"respond customer new 200", "ack in-2"});
    CHECK(s.Told() == V{"PARTY_REPLACED AGENT", "CALL_ANSWERED AGENT"});
  }
  SECTION("which does not agree") {
    s.Hears(Kind::kRejected, "in-2", 488);
    CHECK(s.Asked() == V{"bye in-2 488", "ask DIAL_FAILED 1"});
  }
  SECTION("and gives up first") {
    s.Hears(Kind::kEnded, "customer");
    CHECK(s.Asked() == V{"bye in-2", "ask CALLER_GONE 1"});
  }
}

TEST_CASE("a place is refused by the rules of RFC 3891", "[sip][3pcc][replaces]") {
  Story s;
  CHECK(s.Wants("customer", "in-1", Sdp("new")) == 481);  // nobody calls it yet
  s.Connect();
  CHECK(s.Wants("agent", "in-1", Sdp("new"), true) == 486);
  CHECK(s.Wants("nobody", "in-1", Sdp("new")) == 603);
  s.Take(HangUp(s.call));
  CHECK(s.Wants("agent", "in-1", Sdp("new")) == 603);
  Story ringing;
  ringing.Take(HangUp(ringing.call));
  CHECK(ringing.Wants("agent", "in-1", Sdp("new")) == 603);
}

TEST_CASE("a referral goes on when its phone is replaced", "[sip][3pcc][refer][replaces]") {
  Story s;
  s.Connect();
  Referral referral;
  referral.leg = "agent";
  referral.phone = "ben";
  int status = 0;
  s.Take(Refer(s.call, referral, status));
  DialsBen(s);
  s.Take(ReferralTaken(s.call, 200));
  CHECK(s.Wants("agent", "in-1", Sdp("new")) == 100);
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Hears(Kind::kAcknowledged, "in-1", 200);
  s.Asked();
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("ben"));
  // Whoever has no subscription is not told: that is seen to where the word would be sent.
  CHECK(s.Asked() == V{"notify in-1 200"});
  s.Take(Refer(s.call, {"in-1", "eve", "", "", ""}, status));
  CHECK(status == 202);
}

}  // namespace
}  // namespace ctc::providers::sip::native
