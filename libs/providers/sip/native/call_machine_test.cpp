#include "libs/providers/sip/native/call_machine.h"

#include <catch2/catch.hpp>

#include "libs/providers/sip/native/story_for_test.h"

namespace ctc::providers::sip::native {
namespace {

using session::v1::CallFact;
using Kind = Input::Kind;

TEST_CASE("the agent is rung first, the customer's offer answered by the agent", "[sip][3pcc]") {
  Story s;
  CHECK(s.Asked() == V{"invite agent -"});
  s.Hears(Kind::kRinging, "agent", 180);
  s.Hears(Kind::kRinging, "agent", 183);
  s.Hears(Kind::kAnswered, "agent", 200, "v=0\r\no=a 1 1 IN IP4 1.1.1.1\r\ns=none\r\nt=0 0\r\n");
  CHECK(s.Asked() == V{"ack agent", "invite customer"});
  s.Hears(Kind::kRinging, "customer", 180);
  CHECK(s.Told() == V{"CALL_INITIATED AGENT", "CALL_RINGING AGENT", "CALL_ANSWERED AGENT",
                      "CALL_RINGING CUSTOMER"});
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.Asked() == V{"reinvite agent customer"});
  CHECK(s.Told().empty());
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  CHECK(s.Asked() == V{"ack agent", "ack customer agent"});
  CHECK(s.Told() == V{"CALL_ANSWERED CUSTOMER"});
  s.Hears(Kind::kEnded, "customer");
  CHECK(s.Asked() == V{"bye agent"});
  CHECK(s.Told() == V{"CALL_ENDED CUSTOMER"});
  CHECK(s.call.over());
  CHECK(s.keys.size() == s.facts);
}

TEST_CASE("our descriptions keep their session and raise their version", "[sip][3pcc]") {
  Story s;
  const uint64_t agent = s.call.legs["agent"].origin.session;
  CHECK(agent != s.call.legs["customer"].origin.session);
  s.Connect();
  CHECK(s.call.legs["agent"].origin.session == agent);
  CHECK(s.call.legs["agent"].origin.version == 1);
  s.Take(Hold(s.call).value());
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.call.legs["customer"].origin.version == 2);
}

TEST_CASE("a refusal is told by its leg and frees the other", "[sip][3pcc]") {
  struct Case {
    int status;
    CallFact::Kind kind;
  };
  for (const Case& c : {Case{486, CallFact::CALL_BUSY}, Case{600, CallFact::CALL_BUSY},
                        Case{603, CallFact::CALL_REJECTED}, Case{480, CallFact::CALL_NO_ANSWER},
                        Case{404, CallFact::CALL_FAILED}, Case{503, CallFact::CALL_FAILED}}) {
    INFO(c.status);
    Story customer;
    customer.Hears(Kind::kAnswered, "agent", 200, Sdp("none"));
    customer.Asked();
    customer.Told();
    customer.Hears(Kind::kRejected, "customer", c.status);
    CHECK(customer.Told() == V{CallFact::Kind_Name(c.kind) + " CUSTOMER"});
    CHECK(customer.Asked() == V{"bye agent " + std::to_string(c.status)});
    CHECK(customer.call.over());
    Story agent;
    agent.Asked();
    agent.Told();
    agent.Hears(Kind::kRejected, "agent", c.status);
    CHECK(agent.Told() == V{CallFact::Kind_Name(c.kind) + " AGENT"});
    CHECK(agent.Asked().empty());
    CHECK(agent.call.over());
  }
}

TEST_CASE("a phone that rings too long is cancelled and did not answer", "[sip][3pcc]") {
  Story s;
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("none"));
  s.Asked();
  s.Told();
  s.Hears(Kind::kRingTimeout, "customer", 408);
  CHECK(s.Asked() == V{"cancel customer"});
  s.Hears(Kind::kRejected, "customer", 487);
  CHECK(s.Told() == V{"CALL_NO_ANSWER CUSTOMER"});
  CHECK(s.Asked() == V{"bye agent 487"});
}

TEST_CASE("a call whose process ends is over at once", "[sip][3pcc]") {
  Story ringing;
  ringing.Asked();
  ringing.Told();
  ringing.Take(EndAtOnce(ringing.call));
  CHECK(ringing.Asked() == V{"cancel agent"});
  CHECK(ringing.Told() == V{"CALL_CANCELLED AGENT"});
  CHECK(ringing.call.over());
  ringing.Hears(Kind::kRejected, "agent", 487);
  CHECK(ringing.Told().empty());

  Story half;
  half.Hears(Kind::kAnswered, "agent", 200, Sdp("none"));
  half.Asked();
  half.Told();
  half.Take(EndAtOnce(half.call));
  CHECK(half.Asked() == V{"bye agent", "cancel customer"});
  CHECK(half.Told() == V{"CALL_ENDED AGENT", "CALL_CANCELLED CUSTOMER"});
  CHECK(half.call.over());
}

TEST_CASE("a call hung up before the answer is cancelled", "[sip][3pcc]") {
  Story ringing;
  ringing.Asked();
  ringing.Told();
  ringing.Take(HangUp(ringing.call));
  CHECK(ringing.Asked() == V{"cancel agent"});
  ringing.Hears(Kind::kRejected, "agent", 487);
  CHECK(ringing.Told() == V{"CALL_CANCELLED AGENT"});
  CHECK(ringing.call.over());

  Story crossed;
  crossed.Take(HangUp(crossed.call));
  crossed.Asked();
  crossed.Hears(Kind::kAnswered, "agent", 200, Sdp("none"));
  CHECK(crossed.Asked() == V{"ack agent none inactive", "bye agent"});
  CHECK(crossed.call.over());
}

TEST_CASE("an agent that hangs up while the customer rings cancels it", "[sip][3pcc]") {
  Story s;
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("none"));
  s.Asked();
  s.Told();
  s.Hears(Kind::kEnded, "agent");
  CHECK(s.Asked() == V{"cancel customer"});
  s.Hears(Kind::kRejected, "customer", 487);
  CHECK(s.Told() == V{"CALL_ENDED AGENT", "CALL_CANCELLED CUSTOMER"});
}

TEST_CASE("phones that share no codec are both let go", "[sip][3pcc]") {
  Story s;
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("none"));
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Asked();
  s.Told();
  s.Hears(Kind::kRejected, "agent", 488);
  CHECK(s.Told() == V{"CALL_FAILED CUSTOMER"});
  CHECK(s.Asked() == V{"bye agent 488", "ack customer customer inactive", "bye customer 488"});
  Story garbage;
  garbage.Hears(Kind::kAnswered, "agent", 200, Sdp("none"));
  garbage.Asked();
  garbage.Hears(Kind::kAnswered, "customer", 200, "<html>");
  CHECK(garbage.call.over());
}

TEST_CASE("hold silences both, resume joins them anew", "[sip][3pcc]") {
  Story s;
  CHECK_FALSE(Hold(s.call).ok());
  s.Connect();
  s.Take(Hold(s.call).value());
  CHECK(s.Asked() == V{"reinvite customer agent inactive"});
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.Asked() == V{"ack customer", "reinvite agent customer inactive"});
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  CHECK(s.Told() == V{"CALL_HELD CUSTOMER"});
  s.Asked();
  s.Take(Resume(s.call).value());
  CHECK(s.Asked() == V{"reinvite customer"});
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer2"));
  CHECK(s.Asked() == V{"reinvite agent customer2"});
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent2"));
  CHECK(s.Asked() == V{"ack agent", "ack customer agent2"});
  CHECK(s.Told() == V{"CALL_RESUMED CUSTOMER"});
}

TEST_CASE("a refused hold leaves the call as it was", "[sip][3pcc]") {
  Story s;
  s.Connect();
  s.Take(Hold(s.call).value());
  s.Hears(Kind::kRejected, "customer", 488);
  CHECK(s.Told().empty());
  CHECK(s.call.exchanges.empty());
  s.Take(Hold(s.call).value());
  CHECK(s.call.exchanges.size() == 1);
}

TEST_CASE("digits go to the customer one by one", "[sip][3pcc]") {
  Story s;
  CHECK_FALSE(SendDigits(s.call, "1").ok());
  s.Connect();
  s.Take(SendDigits(s.call, "1#w").value());
  CHECK(s.Asked() == V{"info customer 1", "info customer #"});
}

TEST_CASE("an attended transfer talks to the target, then leaves", "[sip][3pcc]") {
  Story s;
  CHECK_FALSE(DialParty(s.call, "consult-1", session::v1::Leg::CONSULT, "sip:b@x").ok());
  s.Connect();
  s.Take(Hold(s.call).value());
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  s.Asked();
  s.Told();
  s.Take(DialParty(s.call, "consult-1", session::v1::Leg::CONSULT, "sip:b@x").value());
  CHECK(s.Asked() == V{"invite consult-1"});
  CHECK_FALSE(HandOver(s.call, "consult-1").ok());
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("target"));
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  CHECK(s.Asked() == V{"reinvite agent target", "ack agent", "ack consult-1 agent"});
  CHECK(s.Told() == V{"CALL_ANSWERED CONSULT"});
  s.Take(HandOver(s.call, "consult-1").value());
  CHECK(s.Asked() == V{"bye agent", "reinvite consult-1"});
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("target"));
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.Asked() == V{"reinvite customer target", "ack customer", "ack consult-1 customer"});
  CHECK(s.Told() == V{"CALL_ENDED AGENT", "CALL_RESUMED CUSTOMER"});
  s.Hears(Kind::kEnded, "consult-1");
  CHECK(s.Asked() == V{"bye customer"});
}

TEST_CASE("a cancelled transfer gives the customer back", "[sip][3pcc]") {
  Story s;
  s.Connect();
  s.Take(DialParty(s.call, "consult-1", session::v1::Leg::CONSULT, "sip:b@x").value());
  s.Take(DropParty(s.call, "consult-1").value());
  CHECK(s.Asked() == V{"invite consult-1", "cancel consult-1"});
  s.Hears(Kind::kRejected, "consult-1", 487);
  CHECK(s.Told() == V{"CALL_CANCELLED CONSULT"});
  CHECK_FALSE(s.call.over());
  CHECK(Resume(s.call).ok());
}

TEST_CASE("in a blind transfer the target waits for the hand-over", "[sip][3pcc]") {
  Story s;
  s.Connect();
  s.Take(DialParty(s.call, "consult-1", session::v1::Leg::CONSULT, "sip:b@x").value());
  s.Take(DropParty(s.call, "agent").value());
  CHECK(s.Asked() == V{"invite consult-1", "bye agent"});
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("target"));
  CHECK(s.Asked().empty());
  s.Take(HandOver(s.call, "consult-1").value());
  CHECK(s.Asked() == V{"reinvite customer target"});
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.Asked() == V{"ack customer", "ack consult-1 customer"});
}

TEST_CASE("a blind transfer that fails brings the agent back", "[sip][3pcc]") {
  Story s;
  s.Connect();
  s.Take(DialParty(s.call, "consult-1", session::v1::Leg::CONSULT, "sip:b@x").value());
  s.Take(DropParty(s.call, "agent").value());
  s.Hears(Kind::kRejected, "consult-1", 486);
  CHECK_FALSE(s.call.over());
  s.Asked();
  s.Take(DialParty(s.call, "agent", session::v1::Leg::AGENT, "sip:agent@x").value());
  CHECK(s.Asked() == V{"invite agent"});
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  CHECK(s.Asked() == V{"reinvite customer agent"});
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Asked();
  s.Hears(Kind::kEnded, "agent");
  CHECK(s.Asked() == V{"bye customer"});
}

TEST_CASE("the agent that is rung again has a leg of its own", "[sip][3pcc]") {
  Story s;
  s.Connect();
  s.Take(Hold(s.call).value());
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  s.Take(DialParty(s.call, "consult-1", session::v1::Leg::CONSULT, "sip:b@x").value());
  s.Take(DropParty(s.call, "agent").value());
  s.Hears(Kind::kRejected, "consult-1", 486);
  s.Asked();
  s.Told();
  s.Take(DialParty(s.call, "agent-2", session::v1::Leg::AGENT, "sip:agent@x").value());
  s.Hears(Kind::kAnswered, "agent-2", 200, Sdp("agent"));
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.Asked() ==
        V{"invite agent-2", "reinvite customer agent", "ack customer", "ack agent-2 customer"});
  CHECK(s.Told() == V{"CALL_ANSWERED AGENT", "CALL_RESUMED CUSTOMER"});
  CHECK(Resume(s.call).ok());
  CHECK(Hold(s.call).ok());
  s.Hears(Kind::kEnded, "agent-2");
  CHECK(s.call.over());
}

TEST_CASE("a target that took over holds and hands over as an agent does", "[sip][3pcc]") {
  Story s;
  s.Connect();
  s.Take(DialParty(s.call, "consult-1", session::v1::Leg::CONSULT, "sip:b@x").value());
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("target"));
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  s.Take(HandOver(s.call, "consult-1").value());
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("target"));
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Asked();
  s.Take(Hold(s.call).value());
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("target"));
  CHECK(s.Asked() == V{"reinvite customer target inactive", "ack customer",
                       "reinvite consult-1 customer inactive", "ack consult-1"});
  s.Take(DialParty(s.call, "consult-2", session::v1::Leg::CONSULT, "sip:c@x").value());
  s.Hears(Kind::kAnswered, "consult-2", 200, Sdp("second"));
  CHECK(s.Asked() == V{"invite consult-2", "reinvite consult-1 second"});
}

TEST_CASE("an agent that hangs up while it consults leaves the customer to the target",
          "[sip][3pcc]") {
  Story s;
  s.Connect();
  s.Take(DialParty(s.call, "consult-1", session::v1::Leg::CONSULT, "sip:b@x").value());
  s.Asked();
  s.Hears(Kind::kEnded, "agent");
  CHECK(s.Asked().empty());
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("target"));
  s.Take(HandOver(s.call, "consult-1").value());
  CHECK(s.Asked() == V{"reinvite customer target"});
}

TEST_CASE("a customer taken back while the target waits leaves it in silence", "[sip][3pcc]") {
  Story s;
  s.Connect();
  s.Take(DialParty(s.call, "consult-1", session::v1::Leg::CONSULT, "sip:b@x").value());
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("target"));
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  s.Asked();
  s.Told();
  s.Take(Resume(s.call).value());
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("target"));
  CHECK(s.Asked() == V{"reinvite consult-1 agent inactive", "ack consult-1", "reinvite customer"});
  CHECK(s.Told().empty());
}

TEST_CASE("a request that crosses the phone's own is made again", "[sip][3pcc]") {
  Story s;
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("none"));
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Asked();
  s.Told();
  s.Hears(Kind::kRejected, "agent", 491);
  CHECK(s.Asked() == V{"again 1"});
  s.Take(TryAgain(s.call, 7));
  CHECK(s.Asked().empty());
  s.Take(TryAgain(s.call, 1));
  CHECK(s.Asked() == V{"reinvite agent customer"});
  s.Take(TryAgain(s.call, 1));
  CHECK(s.Asked().empty());
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  CHECK(s.Asked() == V{"ack agent", "ack customer agent"});
  CHECK(s.Told() == V{"CALL_ANSWERED CUSTOMER"});
}

TEST_CASE("a phone that goes on crossing is not asked for ever", "[sip][3pcc]") {
  Story s;
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("none"));
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Told();
  for (int number = 1; number <= 3; ++number) {
    s.Hears(Kind::kRejected, "agent", 491);
    s.Take(TryAgain(s.call, number));
  }
  s.Asked();
  s.Hears(Kind::kRejected, "agent", 491);
  CHECK(s.Told() == V{"CALL_FAILED CUSTOMER"});
  CHECK(s.Asked() == V{"bye agent 491", "ack customer customer inactive", "bye customer 491"});
  CHECK(s.call.over());
}

TEST_CASE("a hold that crosses the phone's own re-INVITE happens later", "[sip][3pcc]") {
  Story s;
  s.Connect();
  s.Take(Hold(s.call).value());
  s.Hears(Kind::kRejected, "customer", 491);
  // Who was not asked yet, and whose answer is no answer of this.
  s.Hears(Kind::kRejected, "agent", 491);
  s.Take(TryAgain(s.call, 1));
  CHECK(s.Asked() ==
        V{"reinvite customer agent inactive", "again 1", "reinvite customer agent inactive"});
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Hears(Kind::kRejected, "agent", 491);
  s.Take(TryAgain(s.call, 2));
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  CHECK(s.Asked() == V{"ack customer", "reinvite agent customer inactive", "again 2",
                       "reinvite agent customer inactive", "ack agent"});
  CHECK(s.Told() == V{"CALL_HELD CUSTOMER"});
}

TEST_CASE("a hand-over that cannot be joined is made again, or ends the call", "[sip][3pcc]") {
  Story s;
  s.Connect();
  s.Take(DialParty(s.call, "consult-1", session::v1::Leg::CONSULT, "sip:b@x").value());
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("target"));
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  s.Take(HandOver(s.call, "consult-1").value());
  s.Asked();
  s.Told();
  s.Hears(Kind::kRejected, "consult-1", 491);
  s.Take(TryAgain(s.call, 1));
  CHECK(s.Asked() == V{"again 1", "reinvite consult-1"});
  s.Hears(Kind::kAnswered, "consult-1", 200, Sdp("target"));
  CHECK(s.Asked() == V{"reinvite customer target"});
  SECTION("at the customer's, too") {
    s.Hears(Kind::kRejected, "customer", 491);
    s.Take(TryAgain(s.call, 2));
    CHECK(s.Asked() == V{"again 2", "reinvite customer target"});
    s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
    CHECK(s.Asked() == V{"ack customer", "ack consult-1 customer"});
  }
  SECTION("the customer does not agree at all") {
    s.Hears(Kind::kRejected, "customer", 488);
    CHECK(s.Asked() == V{"ack consult-1 target inactive", "bye consult-1 488", "bye customer 488"});
    CHECK(s.Told() == V{"CALL_ENDED CUSTOMER"});
    CHECK(s.call.over());
  }
}

TEST_CASE("a customer who called us is asked again by the caller's rule", "[sip][3pcc]") {
  Story s(Sdp("caller"));
  s.call.flow->asking = false;
  s.Take(DialParty(s.call, "agent", session::v1::Leg::AGENT, "sip:ann@desk").value());
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  s.Take(Hold(s.call).value());
  s.Asked();
  s.Hears(Kind::kRejected, "customer", 491);
  CHECK(s.Asked() == V{"again 1 the caller"});
}

TEST_CASE("a phone's own re-INVITE hears what was agreed last", "[sip][3pcc]") {
  Story s;
  CHECK(Reoffered(s.call, "nobody").status == 488);
  s.Connect();
  const std::string talking = s.call.legs["customer"].told;
  const auto reply = [&s] { return Reoffered(s.call, "customer"); };
  CHECK((reply().status == 200 && reply().sdp == talking));
  s.Take(Hold(s.call).value());
  CHECK(reply().status == 491);
  // It came first, and ours waits.
  s.Hears(Kind::kRejected, "customer", 491);
  CHECK((reply().status == 200 && reply().sdp == talking));
  s.Take(TryAgain(s.call, 1));
  CHECK(reply().status == 491);
  s.Hears(Kind::kRejected, "customer", 488);
  CHECK((reply().status == 200 && reply().sdp == talking));
  s.Take(Hold(s.call).value());
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  CHECK((reply().status == 200 && reply().sdp != talking));
}

TEST_CASE("the stack's refresh of a session changes nothing", "[sip][3pcc]") {
  Story s;
  s.Connect();
  // It repeats our last INVITE: to the customer one without an offer.
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  CHECK(s.Asked() == V{"ack customer agent", "ack agent"});
  s.Take(Hold(s.call).value());
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  CHECK(s.Asked() == V{"reinvite customer agent inactive", "ack agent"});
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  s.Asked();
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("customer"));
  CHECK(s.Asked() == V{"ack customer"});
  CHECK(s.Told() == V{"CALL_HELD CUSTOMER"});
}

TEST_CASE("what comes late or of nobody changes nothing", "[sip][3pcc]") {
  Story s;
  s.Connect();
  s.Hears(Kind::kEnded, "customer");
  s.Asked();
  s.Told();
  for (const Kind kind :
       {Kind::kRinging, Kind::kAnswered, Kind::kRejected, Kind::kEnded, Kind::kRingTimeout}) {
    for (const char* leg : {"agent", "customer", "nobody"}) s.Hears(kind, leg, 486, Sdp("x"));
  }
  CHECK(s.Asked().empty());
  CHECK(s.Told().empty());
}

}  // namespace
}  // namespace ctc::providers::sip::native
