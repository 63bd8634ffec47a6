// Calls whose sound runs through us: transfers, guests, supervisors, phones that refer.
#include <catch2/catch.hpp>

#include "libs/providers/sip/native/anchored_story_for_test.h"

namespace ctc::providers::sip::native {
namespace {

using dispatch::v1::ControlCallRequest;
using Kind = Input::Kind;
using Party = session::v1::Leg;

TEST_CASE("an attended transfer joins the target with the agent, then with the customer",
          "[sip][anchored][transfer]") {
  Tale t;
  t.Connect();
  t.Take(Hold(t.call).value());
  t.Rings("consult-1", Party::CONSULT);
  CHECK(ToneOf(t, "agent") == media::Tone::kRingback);
  t.Hears(Kind::kRinging, "consult-1", 180);
  t.Answers("consult-1");
  CHECK(t.Told() == V{"CALL_RINGING CONSULT", "CALL_ANSWERED CONSULT"});
  CHECK(Hear(t, "agent", "consult-1"));
  CHECK_FALSE(Hear(t, "customer", "agent"));
  t.Forget();
  SECTION("completed") {
    t.Take(HandOver(t.call, "consult-1").value());
    CHECK(t.Asked() == V{"bye agent"});
    CHECK(t.Told() == V{"CALL_ENDED AGENT"});
    CHECK(Hear(t, "customer", "consult-1"));
    CHECK(Hear(t, "consult-1", "customer"));
    t.Take(HandOver(t.call, "consult-1").value());
    CHECK(t.Asked().empty());
    t.Hears(Kind::kEnded, "consult-1");
    CHECK(t.Asked() == V{"bye customer"});
    CHECK(t.call.over());
  }
  SECTION("called off") {
    t.Take(DropParty(t.call, "consult-1").value());
    t.Take(Resume(t.call).value());
    CHECK(t.Asked() == V{"bye consult-1"});
    CHECK(Hear(t, "customer", "agent"));
    t.Hears(Kind::kEnded, "agent");
    CHECK(t.Asked() == V{"bye customer"});
  }
  SECTION("three talk in a warm one") {
    t.Take(Resume(t.call).value());
    CHECK(Hear(t, "customer", "consult-1"));
    CHECK(Hear(t, "customer", "agent"));
    CHECK(Hear(t, "consult-1", "customer"));
  }
  SECTION("an agent who hangs up has left it to the target") {
    t.Hears(Kind::kEnded, "agent");
    CHECK(t.Asked().empty());
    t.Take(HandOver(t.call, "consult-1").value());
    CHECK(Hear(t, "customer", "consult-1"));
  }
}

TEST_CASE("a blind transfer lets the agent go while the target rings",
          "[sip][anchored][transfer]") {
  Tale t;
  t.Connect();
  t.Take(Hold(t.call).value());
  t.Rings("consult-1", Party::CONSULT);
  t.Take(DropParty(t.call, "agent").value());
  CHECK(t.Asked() == V{"invite consult-1 2000", "bye agent"});
  CHECK(t.Told() == V{"CALL_ENDED AGENT"});
  CHECK(ToneOf(t, "customer") == media::Tone::kHoldMusic);
  SECTION("which takes the customer") {
    t.Answers("consult-1");
    t.Take(HandOver(t.call, "consult-1").value());
    CHECK(Hear(t, "customer", "consult-1"));
  }
  SECTION("which is busy: the agent is rung again") {
    t.Hears(Kind::kRejected, "consult-1", 486);
    CHECK(t.Asked().empty());
    CHECK(ToneOf(t, "customer") == media::Tone::kHoldMusic);
    t.Rings("agent-2", Party::AGENT);
    t.Answers("agent-2");
    t.Take(Resume(t.call).value());
    CHECK(Hear(t, "customer", "agent-2"));
    t.Hears(Kind::kEnded, "agent-2");
    CHECK(t.Asked().back() == "bye customer");
    CHECK(t.call.over());
  }
  SECTION("which is busy, and the customer has had enough") {
    t.Hears(Kind::kRejected, "consult-1", 486);
    t.Hears(Kind::kEnded, "customer");
    CHECK(t.call.over());
  }
  SECTION("of which the customer has had enough") {
    t.Hears(Kind::kEnded, "customer");
    CHECK(t.Asked() == V{"cancel consult-1"});
  }
}

TEST_CASE("a target that is called off while it rings", "[sip][anchored][transfer]") {
  Tale t;
  t.Connect();
  t.Rings("consult-1", Party::CONSULT);
  t.Forget();
  t.Take(DropParty(t.call, "consult-1").value());
  t.Take(DropParty(t.call, "consult-1").value());
  CHECK(t.Asked() == V{"cancel consult-1"});
  t.Hears(Kind::kRejected, "consult-1", 487);
  CHECK(t.Told() == V{"CALL_CANCELLED CONSULT"});
  CHECK(t.Asked().empty());
  // Its name may be used once more.
  t.Rings("consult-1", Party::CONSULT);
  t.Answers("consult-1");
  CHECK(t.last().provider_leg_id() == "c1-consult-1-2");
}

TEST_CASE("guests stay with the customer when the agent leaves", "[sip][anchored][conference]") {
  Tale t;
  t.Connect();
  t.Rings("party-1", Party::GUEST);
  t.Answers("party-1");
  CHECK(t.Told() == V{"CALL_ANSWERED GUEST"});
  CHECK(Hear(t, "customer", "party-1"));
  t.Forget();
  t.Hears(Kind::kEnded, "agent");
  CHECK(t.Asked().empty());
  t.Hears(Kind::kEnded, "party-1");
  CHECK(t.Asked() == V{"bye customer"});
}

TEST_CASE("a supervisor changes how it takes part, and its end is nobody else's",
          "[sip][anchored][supervise]") {
  Tale t;
  t.Connect();
  t.Rings("supervisor-1", Party::SUPERVISOR, ControlCallRequest::LISTEN);
  t.Answers("supervisor-1");
  CHECK(Hear(t, "supervisor-1", "customer"));
  CHECK_FALSE(Hear(t, "agent", "supervisor-1"));
  t.Take(ChangeMode(t.call, "supervisor-1", ControlCallRequest::WHISPER).value());
  CHECK(Hear(t, "agent", "supervisor-1"));
  CHECK_FALSE(Hear(t, "customer", "supervisor-1"));
  t.Take(ChangeMode(t.call, "supervisor-1", ControlCallRequest::BARGE).value());
  CHECK(Hear(t, "customer", "supervisor-1"));
  CHECK(
      absl::IsFailedPrecondition(ChangeMode(t.call, "agent", ControlCallRequest::BARGE).status()));
  t.Forget();
  t.Hears(Kind::kEnded, "supervisor-1");
  CHECK(t.Asked().empty());
  CHECK(absl::IsFailedPrecondition(
      ChangeMode(t.call, "supervisor-1", ControlCallRequest::BARGE).status()));
  // A supervisor is no company for a customer.
  t.Rings("supervisor-2", Party::SUPERVISOR, ControlCallRequest::BARGE);
  t.Answers("supervisor-2");
  t.Forget();
  t.Hears(Kind::kEnded, "agent");
  CHECK(t.Asked() == V{"bye customer", "bye supervisor-2"});
}

Referral To(const std::string& leg) {
  Referral referral;
  referral.leg = leg;
  referral.phone = "ben";
  referral.uri = "sip:ben@desk";
  referral.replaces = "d1";
  return referral;
}

TEST_CASE("a phone hands its call over by REFER", "[sip][anchored][refer]") {
  Tale t;
  int status = 0;
  t.Take(Refer(t.call, To("agent"), status));
  CHECK(status == 603);
  t.Connect();
  t.Take(Refer(t.call, To("customer"), status));
  CHECK(status == 603);
  t.Take(Refer(t.call, To("agent"), status));
  CHECK(status == 202);
  CHECK(t.Asked() == V{"notify agent 100"});
  t.Take(Refer(t.call, To("agent"), status));
  CHECK(status == 491);
  const auto target = [&] {
    Callee callee;
    callee.leg = "consult-1";
    callee.party = Party::CONSULT;
    callee.phone = "ben";
    callee.uri = "sip:ben@elsewhere";
    t.Take(DialParty(t.call, callee).value());
    CHECK(t.call.legs["consult-1"].uri == "sip:ben@desk");
    CHECK(t.call.legs["consult-1"].replaces == "d1");
  };
  SECTION("to a phone that takes it") {
    target();
    t.Take(ReferralTaken(t.call, 202));
    t.Forget();
    t.Answers("consult-1");
    CHECK(t.Asked() == V{"ack consult-1", "notify agent 200"});
    t.Take(HandOver(t.call, "consult-1").value());
    CHECK(Hear(t, "customer", "consult-1"));
  }
  SECTION("to a busy one") {
    target();
    t.Forget();
    t.Hears(Kind::kRejected, "consult-1", 486);
    CHECK(t.Asked() == V{"notify agent 486"});
    CHECK_FALSE(t.call.referral.has_value());
  }
  SECTION("which the session refuses") {
    t.Take(ReferralTaken(t.call, 403));
    CHECK(t.Asked() == V{"notify agent 403"});
    CHECK(Hear(t, "agent", "customer"));
  }
  SECTION("and leaves at once") {
    t.Hears(Kind::kEnded, "agent");
    CHECK(t.Told().empty());
    target();
    t.Take(ReferralTaken(t.call, 202));
    CHECK(t.Told() == V{"CALL_ENDED AGENT"});
    t.Answers("consult-1");
    t.Take(HandOver(t.call, "consult-1").value());
    CHECK(Hear(t, "customer", "consult-1"));
  }
  SECTION("leaves at once, and the session refuses") {
    t.Hears(Kind::kEnded, "agent");
    t.Asked();
    t.Take(ReferralTaken(t.call, 403));
    CHECK(t.Asked() == V{"bye customer"});
    CHECK(t.Told() == V{"CALL_ENDED AGENT"});
  }
}

}  // namespace
}  // namespace ctc::providers::sip::native
