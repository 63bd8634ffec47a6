// REFER of ours: the customer's phone calls by itself whom it is handed to.
#include <catch2/catch.hpp>

#include "libs/providers/sip/native/anchored_story_for_test.h"
#include "libs/providers/sip/native/refer_to.h"
#include "libs/providers/sip/native/story_for_test.h"

namespace ctc::providers::sip::native {
namespace {

using Kind = Input::Kind;

void Refers(Tale& t) { t.Take(SendRefer(t.call, "consult-1", "sip:+1@x", 20).value()); }

TEST_CASE("a phone that reaches the target takes the call away from us", "[sip][refer]") {
  Tale t;
  t.Connect();
  t.Take(Hold(t.call).value());
  Refers(t);
  Refers(t);
  CHECK(t.Asked() == V{"refer customer"});
  t.Hears(Kind::kReferred, "customer", 100);
  CHECK(t.Told().empty());
  t.Hears(Kind::kReferred, "customer", 180);
  t.Hears(Kind::kReferred, "customer", 183);
  CHECK(t.Told() == V{"CALL_RINGING CONSULT"});
  t.Hears(Kind::kReferred, "customer", 200);
  CHECK(t.Told() == V{"CALL_TRANSFERRED CUSTOMER"});
  CHECK(t.last().reason() == session::v1::HANDED_OVER);
  CHECK(t.Asked() == V{"bye agent", "bye customer"});
  CHECK(t.call.over());
}

TEST_CASE("a phone that does not reach the target, or will not, leaves the call as it was",
          "[sip][refer]") {
  struct Case {
    int status;
    const char* told;
  };
  for (const Case& c : {Case{486, "CALL_BUSY CONSULT"}, Case{404, "CALL_FAILED CONSULT"},
                        Case{603, "CALL_REJECTED CONSULT"}, Case{480, "CALL_NO_ANSWER CONSULT"}}) {
    CAPTURE(c.status);
    Tale t;
    t.Connect();
    Refers(t);
    t.Forget();
    t.Hears(Kind::kReferred, "customer", c.status);
    CHECK(t.Told() == V{c.told});
    CHECK(t.Asked().empty());
    CHECK(Hear(t, "customer", "agent"));
    // What comes later is of nothing.
    t.Hears(Kind::kReferred, "customer", 200);
    CHECK(t.Told().empty());
    t.Take(SendRefer(t.call, "consult-2", "sip:+1@x", 20).value());
    CHECK(t.Asked() == V{"refer customer"});
  }
}

TEST_CASE("a phone that takes no REFER is told as such", "[sip][refer]") {
  Tale t;
  t.Connect();
  Refers(t);
  t.Forget();
  t.Hears(Kind::kReferRefused, "customer", 603);
  t.Hears(Kind::kReferRefused, "customer", 603);
  CHECK(t.Told() == V{"CALL_FAILED CONSULT"});
  CHECK(t.last().message() == "the customer's phone does not take a REFER: 603");
  CHECK(t.last().cause() == "sip:603");
  CHECK(t.Asked().empty());
  CHECK(Hear(t, "customer", "agent"));
}

TEST_CASE("what is asked of a phone is dropped without a word", "[sip][refer]") {
  Tale t;
  CHECK_FALSE(SendRefer(t.call, "consult-1", "sip:+1@x", 20).ok());
  t.Connect();
  Refers(t);
  t.Forget();
  t.Take(DropParty(t.call, "consult-1").value());
  CHECK(t.Asked().empty());
  t.Hears(Kind::kReferred, "customer", 486);
  CHECK(t.Told().empty());
}

TEST_CASE("of what a phone was asked nothing is known once another one has its place",
          "[sip][refer][replaces]") {
  SECTION("of an anchored call") {
    const std::string offer = GENERATE(Sound(), std::string());
    Tale t;
    t.Connect();
    t.Take(Hold(t.call).value());
    Refers(t);
    t.Forget();
    CHECK(t.Wants("agent", "in-1", Sound()) == 100);
    CHECK(t.Told() == V{"PARTY_REPLACED AGENT"});
    CHECK(t.Wants("customer", "in-2", offer) == 100);
    CHECK(t.Told() == V{"PARTY_REPLACED CUSTOMER", "CALL_NO_ANSWER CONSULT"});
    t.Hears(Kind::kReferred, "customer", 200);
    CHECK(t.Told().empty());
    t.Hears(Kind::kAcknowledged, "in-2", 200, offer.empty() ? Sound() : "");
    t.Take(Resume(t.call).value());
    CHECK(Hear(t, "customer", "agent"));
  }
  SECTION("of one that is joined directly") {
    Story s;
    s.Connect();
    const bool held = GENERATE(true, false);
    if (held) {
      s.Take(Hold(s.call).value());
      s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
      s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
    }
    s.Take(SendRefer(s.call, "consult-1", "sip:+1@x", 20).value());
    s.Told();
    CHECK(s.Wants("customer", "in-1", Sdp("new")) == 100);
    if (!held) {
      // Who is not let in changes nothing: the phone still has its call.
      CHECK(s.Told().empty());
      s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
    }
    CHECK(s.Told() == V{"PARTY_REPLACED CUSTOMER", "CALL_NO_ANSWER CONSULT"});
    CHECK(s.call.Referred().empty());
    s.Hears(Kind::kAcknowledged, "in-1", 200);
    s.Hears(Kind::kReferred, "customer", 200);
    CHECK(s.Told().empty());
    CHECK(SendRefer(s.call, "consult-2", "sip:+1@x", 20).ok());
  }
}

TEST_CASE("the progress of a call is read of a fragment", "[sip][refer]") {
  CHECK(StatusOfFragment("SIP/2.0 100 Trying\r\n") == 100);
  CHECK(StatusOfFragment("SIP/2.0 200") == 200);
  CHECK(StatusOfFragment("SIP/2.0 603 Decline\r\nTo: <sip:x>\r\n") == 603);
  for (const char* bad : {"", "SIP/2.0", "SIP/2.0 ", "SIP/2.0 20", "SIP/2.0 2000 OK",
                          "SIP/2.0 099 X", "SIP/2.0 +20 X", "SIP/2.0 700 X", "HTTP/1.1 200 OK"}) {
    CAPTURE(bad);
    CHECK(StatusOfFragment(bad) == 0);
  }
}

}  // namespace
}  // namespace ctc::providers::sip::native
