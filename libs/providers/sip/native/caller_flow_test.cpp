// Callers: the steps of their flow, and how the two are joined.
#include <catch2/catch.hpp>

#include "libs/providers/sip/native/story_for_test.h"

namespace ctc::providers::sip::native {
namespace {

using Kind = Input::Kind;
using routing::v1::FlowInput;
using routing::v1::FlowStep;

FlowStep StepOf(int number) {
  FlowStep step;
  step.set_number(number);
  return step;
}
FlowStep DialStep(int number) {
  FlowStep step = StepOf(number);
  step.mutable_dial()->set_agent_id("ann");
  return step;
}
void RingsAgent(Story& s) {
  s.Take(DialParty(s.call, "agent", session::v1::Leg::AGENT, "sip:ann@desk", "ann", 20).value());
}
// The caller waits for an agent that rings.
Story Ringing(const std::string& offer = Sdp("caller")) {
  Story s(offer);
  s.Take(TakeStep(s.call, DialStep(1)));
  RingsAgent(s);
  s.Hears(Kind::kRinging, "agent", 180);
  return s;
}

TEST_CASE("a caller's offer is answered by the agent that takes the call", "[sip][3pcc][caller]") {
  Story s = Ringing();
  CHECK(s.Asked() == V{"ask STARTED 0", "dial ann", "invite agent caller", "respond customer 180"});
  CHECK(s.call.legs["agent"].ring_seconds == 20);
  CHECK(s.Told() == V{"CALL_RINGING AGENT"});
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  CHECK(s.Asked() == V{"respond customer agent 200", "ack agent"});
  CHECK(s.Told() == V{"CALL_ANSWERED AGENT"});
  s.Hears(Kind::kAcknowledged, "customer", 200);
  s.Take(Hold(s.call).value());
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("caller"));
  CHECK(s.Asked() ==
        V{"reinvite customer agent inactive", "ack customer", "reinvite agent caller inactive"});
  s.Hears(Kind::kEnded, "agent");
  CHECK(s.Asked() == V{"bye customer"});
  CHECK(s.Told() == V{"CALL_ENDED AGENT"});
  CHECK(s.call.over());
}

TEST_CASE("a caller whose session the stack refreshes is told again what it was told",
          "[sip][3pcc][caller]") {
  Story s = Ringing();
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  s.Hears(Kind::kAcknowledged, "customer", 200);
  s.Asked();
  // It was asked without an offer: its answer has one.
  s.Hears(Kind::kAnswered, "customer", 200, Sdp("caller"));
  CHECK(s.Asked() == V{"ack customer agent"});
}

TEST_CASE("a caller without an offer answers the agent's", "[sip][3pcc][caller]") {
  Story s = Ringing("");
  CHECK(s.Asked() == V{"ask STARTED 0", "dial ann", "invite agent", "respond customer 180"});
  s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
  CHECK(s.Asked() == V{"respond customer agent 200"});
  SECTION("in its ACK") {
    s.Hears(Kind::kAcknowledged, "customer", 200, Sdp("caller"));
    CHECK(s.Asked() == V{"ack agent caller"});
    CHECK(s.Told() == V{"CALL_RINGING AGENT", "CALL_ANSWERED AGENT"});
  }
  SECTION("unless the agent hangs up before") {
    s.Hears(Kind::kEnded, "agent");
    CHECK(s.Asked() == V{"bye customer"});
    CHECK(s.call.over());
  }
}

TEST_CASE("an agent that does not take the call leaves the caller to the flow",
          "[sip][3pcc][caller]") {
  Story s = Ringing();
  const std::string first = s.last_leg_id;
  s.Asked();
  s.Told();
  s.Hears(Kind::kRejected, "agent", 486);
  CHECK(s.Asked() == V{"ask DIAL_BUSY 1"});
  CHECK(s.Told() == V{"CALL_BUSY AGENT"});
  SECTION("the next agent takes it") {
    s.Take(TakeStep(s.call, DialStep(2)));
    RingsAgent(s);
    s.Hears(Kind::kAnswered, "agent", 200, Sdp("bob"));
    CHECK(s.last_leg_id != first);
    CHECK(s.Asked() ==
          V{"dial ann", "invite agent caller", "respond customer bob 200", "ack agent"});
  }
  SECTION("nobody is left") {
    const auto [reason, status] = GENERATE(table<session::v1::EndReason, int>(
        {{session::v1::AGENT_NO_ANSWER, 480},
         {session::v1::AGENT_REJECTED, 486},  // it was busy, which is no rejection
         {session::v1::INVALID_NUMBER, 404},
         {session::v1::PROVIDER_ERROR, 503}}));
    FlowStep end = StepOf(2);
    end.mutable_hang_up()->set_reason(reason);
    s.Take(TakeStep(s.call, end));
    CHECK(s.Asked() == V{"respond customer " + std::to_string(status)});
    CHECK(s.Told() == V{"CALL_ENDED CUSTOMER"});
    CHECK(s.call.over());
  }
}

TEST_CASE("how an agent did not take the call is told to the flow", "[sip][3pcc][caller]") {
  Story s = Ringing();
  s.Asked();
  SECTION("it rang too long") {
    s.Hears(Kind::kRingTimeout, "agent", 408);
    s.Hears(Kind::kRejected, "agent", 487);
    CHECK(s.Asked() == V{"cancel agent", "ask DIAL_NO_ANSWER 1"});
  }
  SECTION("it picked up when it was too late") {
    s.Hears(Kind::kRingTimeout, "agent", 408);
    s.Hears(Kind::kAnswered, "agent", 200, Sdp("agent"));
    CHECK(s.Asked().back() == "ask DIAL_NO_ANSWER 1");
  }
  SECTION("it declined") {
    s.Hears(Kind::kRejected, "agent", 603);
    CHECK(s.Asked() == V{"ask DIAL_REJECTED 1"});
  }
  SECTION("its answer is no description") {
    s.Hears(Kind::kAnswered, "agent", 200, "<html>");
    CHECK(s.Asked().back() == "ask DIAL_FAILED 1");
  }
  SECTION("it cannot be called at all") {
    Story other(Sdp("caller"));
    other.Take(TakeStep(other.call, DialStep(1)));
    other.Asked();
    other.Take(DialFailed(other.call));
    CHECK(other.Asked() == V{"ask DIAL_FAILED 1"});
  }
}

TEST_CASE("a caller waits in a queue, and is asked about again", "[sip][3pcc][caller]") {
  Story s(Sdp("caller"));
  FlowStep wait = StepOf(1);
  wait.mutable_wait()->set_seconds(10);
  s.Take(TakeStep(s.call, wait));
  CHECK(s.Asked() == V{"ask STARTED 0", "respond customer 182", "timer 10"});
  const int timer = s.call.flow->timer;
  s.Take(FlowTimer(s.call, timer));
  CHECK(s.Asked() == V{"ask DONE 1"});
  s.Take(FlowTimer(s.call, timer));
  CHECK(s.Asked().empty());
  s.Take(TakeStep(s.call, wait));  // asked twice: the same step again
  CHECK(s.Asked() == V{"respond customer 182", "timer 10"});
}

TEST_CASE("what needs a voice or keys ends the call truthfully", "[sip][3pcc][caller]") {
  for (const bool gather : {true, false}) {
    Story s(Sdp("caller"));
    s.Asked();
    FlowStep step = StepOf(1);
    if (gather) {
      step.mutable_gather();
    } else {
      step.mutable_voicemail();
    }
    const Effects effects = TakeStep(s.call, step);
    REQUIRE(effects.facts.size() == 1);
    CHECK(effects.facts[0].error_code() == "CAPABILITY_MISSING");
    REQUIRE(effects.actions.size() == 1);
    CHECK(effects.actions[0].status == 480);
    CHECK(s.call.over());
  }
  Story prompt(Sdp("caller"));
  prompt.Asked();
  prompt.Take(TakeStep(prompt.call, StepOf(1)));
  CHECK(prompt.Asked() == V{"ask DONE 1"});
}

TEST_CASE("a caller that leaves is told to its flow before its session ends",
          "[sip][3pcc][caller]") {
  SECTION("while an agent rings") {
    Story s = Ringing();
    s.Asked();
    s.Told();
    s.Hears(Kind::kEnded, "customer");
    CHECK(s.Asked() == V{"cancel agent", "ask CALLER_GONE 1"});
    CHECK(s.Told().empty());
    s.Hears(Kind::kRejected, "agent", 487);
    CHECK_FALSE(s.call.over());
    s.Told();
    s.Take(TakeStep(s.call, StepOf(2)));
    CHECK(s.Told() == V{"CALL_ENDED CUSTOMER"});
    CHECK(s.call.over());
  }
  SECTION("before its first step") {
    Story s(Sdp("caller"));
    s.Asked();
    s.Hears(Kind::kEnded, "customer");
    CHECK(s.Asked().empty());
    s.Take(TakeStep(s.call, DialStep(1)));
    CHECK(s.Asked().empty());
    CHECK(s.Told() == V{"CALL_ENDED CUSTOMER"});
    CHECK(s.call.over());
    CHECK_FALSE(DialParty(s.call, "agent", session::v1::Leg::AGENT, "sip:ann@desk").ok());
  }
  SECTION("and nobody can be asked") {
    Story s(Sdp("caller"));
    s.Hears(Kind::kEnded, "customer");
    s.Take(FlowFailed(s.call));
    CHECK(s.call.over());
  }
}

TEST_CASE("a caller whom nobody can place is not left ringing", "[sip][3pcc][caller]") {
  Story failed(Sdp("caller"));
  failed.Asked();
  failed.Take(FlowFailed(failed.call));
  CHECK(failed.Asked() == V{"respond customer 503"});
  CHECK(failed.call.over());
  Story ended = Ringing();
  ended.Asked();
  ended.Take(HangUp(ended.call));
  CHECK(ended.Asked() == V{"cancel agent", "respond customer 480"});
  ended.Take(TakeStep(ended.call, DialStep(2)));
  CHECK(ended.Asked().empty());
}

}  // namespace
}  // namespace ctc::providers::sip::native
