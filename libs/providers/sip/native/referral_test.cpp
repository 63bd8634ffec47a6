// REFER: a phone hands its call over by itself.
#include <catch2/catch.hpp>

#include "libs/providers/sip/native/story_for_test.h"

namespace ctc::providers::sip::native {
namespace {

using Kind = Input::Kind;

// The agent's phone refers the call to ben; the session dials the target.
int Refers(Story& s, const std::string& leg = "agent", const std::string& replaces = "") {
  Referral referral;
  referral.leg = leg;
  referral.phone = "ben";
  referral.uri = "sip:ben@desk";
  referral.replaces = replaces;
  int status = 0;
  s.Take(Refer(s.call, referral, status));
  return status;
}
void DialsBen(Story& s) {
  s.Take(DialParty(s.call, "consult-1", session::v1::Leg::CONSULT, "sip:ben@proxy", "ben").value());
}

TEST_CASE("a phone that refers its call is told how the target fares", "[sip][3pcc][refer]") {
  Story s;
  CHECK(Refers(s) == 603);
  s.Connect();
  CHECK(Refers(s, "customer") == 603);
  CHECK(Refers(s, "agent", "a;to-tag=b;from-tag=c") == 202);
  CHECK(Refers(s) == 491);
  DialsBen(s);
  s.Take(ReferralTaken(s.call, 200));
  CHECK(s.call.legs["consult-1"].uri == "sip:ben@desk");
  CHECK(s.call.legs["consult-1"].replaces == "a;to-tag=b;from-tag=c");
  s.Hears(Kind::kRinging, "consult-1", 180);
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("ben"));
  CHECK(s.Asked() ==
        V{"notify agent 100", "invite consult-1", "notify agent 180", "notify agent 200"});
  CHECK(s.Told() == V{"CALL_RINGING CONSULT", "CALL_ANSWERED CONSULT"});
  s.Take(HandOver(s.call, "consult-1").value());
  CHECK(s.Asked() == V{"bye agent", "reinvite customer ben"});
}

TEST_CASE("a referral that fails leaves the agent in the call", "[sip][3pcc][refer]") {
  Story s;
  s.Connect();
  SECTION("the target is busy") {
    CHECK(Refers(s) == 202);
    DialsBen(s);
    s.Take(ReferralTaken(s.call, 200));
    s.Asked();
    s.Hears(Kind::kRejected, "consult-1", 486);
    CHECK(s.Asked() == V{"notify agent 486"});
  }
  SECTION("the session refuses") {
    CHECK(Refers(s) == 202);
    s.Asked();
    s.Take(ReferralTaken(s.call, 403));
    CHECK(s.Asked() == V{"notify agent 403"});
  }
  SECTION("another party is dialled meanwhile") {
    CHECK(Refers(s) == 202);
    s.Take(DialParty(s.call, "consult-1", session::v1::Leg::CONSULT, "sip:x@y", "eve").value());
    CHECK(s.call.legs["consult-1"].uri == "sip:x@y");
    s.Take(ReferralTaken(s.call, 491));
  }
  CHECK_FALSE(s.call.referral);
  CHECK(Refers(s) == 202);
  CHECK(s.call.seat == "agent");
  CHECK_FALSE(s.call.agent_left);
}

TEST_CASE("a phone that refers and hangs up at once has left when its target is dialled",
          "[sip][3pcc][refer]") {
  Story s;
  s.Connect();
  CHECK(Refers(s) == 202);
  s.Asked();
  s.Hears(Kind::kEnded, "agent");
  CHECK(s.Told().empty());
  CHECK(s.Asked().empty());
  SECTION("the session takes it") {
    DialsBen(s);
    s.Take(ReferralTaken(s.call, 200));
    CHECK(s.Told() == V{"CALL_ENDED AGENT"});
    s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("ben"));
    s.Take(HandOver(s.call, "consult-1").value());
    CHECK(s.Asked() == V{"invite consult-1", "reinvite customer ben"});
  }
  SECTION("the session refuses") {
    s.Take(ReferralTaken(s.call, 404));
    CHECK(s.Told() == V{"CALL_ENDED AGENT"});
    CHECK(s.Asked() == V{"bye customer"});
    CHECK(s.call.over());
  }
  SECTION("the customer hangs up as well") {
    s.Hears(Kind::kEnded, "customer");
    CHECK(s.call.over());
    s.Take(ReferralTaken(s.call, 200));
  }
}

}  // namespace
}  // namespace ctc::providers::sip::native
