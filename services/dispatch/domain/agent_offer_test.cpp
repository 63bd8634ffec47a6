// What the feed's events lead to at providers that leave ringing the agent to us.
#include "services/dispatch/domain/agent_offer.h"

#include <catch2/catch.hpp>

namespace ctc::dispatch {
namespace {

using routing::v1::FlowInput;
using session::v1::CallEvent;
using session::v1::CallFact;
using session::v1::Leg;
using session::v1::Session;

CallNow Offered(int step, Session::Status status = Session::INITIATED) {
  CallNow flow;
  flow.session.set_direction(Session::INBOUND);
  flow.session.set_status(status);
  flow.step.set_number(step);
  flow.step.mutable_dial()->set_agent_id("agent-a");
  return flow;
}

void AddAgentLeg(CallNow& flow, Leg::State state, const std::string& id) {
  Leg& leg = *flow.session.add_legs();
  leg.set_id("agent");
  leg.set_party(Leg::AGENT);
  leg.set_state(state);
  leg.set_provider_leg_id(id);
}

CallEvent Event(const std::string& type) {
  CallEvent event;
  event.set_type(type);
  event.set_seq(77);
  event.set_party(Leg::AGENT);
  event.set_old_status(Session::RINGING);
  event.set_new_status(Session::RINGING);
  return event;
}

CallEvent LegEnded(CallFact::Kind kind, const std::string& id) {
  CallEvent event = Event("leg.ended");
  event.set_fact_kind(kind);
  event.set_provider_leg_id(id);
  return event;
}

}  // namespace

TEST_CASE("names of errands are read back") {
  const Errand errands[] = {{Deed::kRing, 3, FlowInput::KIND_UNSPECIFIED},
                            {Deed::kAsk, 12, FlowInput::DIAL_BUSY},
                            {Deed::kDrop, 4711, FlowInput::KIND_UNSPECIFIED}};
  for (const Errand& errand : errands) {
    REQUIRE(ReadName(NameOf(errand)));
    CHECK(*ReadName(NameOf(errand)) == errand);
  }
  for (const char* name : {"", "customer", "agent", "agent-x", "ask-3", "ask-3-999", "ask-3-4-5"}) {
    CAPTURE(name);
    CHECK_FALSE(ReadName(name));
  }
}

TEST_CASE("an offer rings the agent of the caller's step, once for each step") {
  CHECK(NameOf(*ErrandOf(Event("session.offered"), Offered(3))) == "agent-3");
  SECTION("late, the step the caller is in now") {
    CHECK(ErrandOf(Event("session.offered"), Offered(5))->number == 5);
  }
  SECTION("not when the call went on or ended meanwhile") {
    CallNow waits = Offered(4);
    waits.step.mutable_wait();
    CHECK_FALSE(ErrandOf(Event("session.offered"), waits));
    CHECK_FALSE(ErrandOf(Event("session.offered"), Offered(3, Session::CANCELLED)));
    CHECK_FALSE(ErrandOf(Event("session.offered"), Offered(3, Session::CONNECTED)));
  }
  SECTION("not in an outbound call") {
    CallNow outbound = Offered(3);
    outbound.session.set_direction(Session::OUTBOUND);
    CHECK_FALSE(ErrandOf(Event("session.offered"), outbound));
  }
}

TEST_CASE("an agent who does not take the call makes the caller's next step due") {
  const std::pair<CallFact::Kind, FlowInput::Kind> rows[] = {
      {CallFact::CALL_BUSY, FlowInput::DIAL_BUSY},
      {CallFact::CALL_NO_ANSWER, FlowInput::DIAL_NO_ANSWER},
      {CallFact::CALL_REJECTED, FlowInput::DIAL_REJECTED},
      {CallFact::CALL_FAILED, FlowInput::DIAL_FAILED},
      {CallFact::CALL_ENDED, FlowInput::DIAL_NO_ANSWER}};
  CallNow flow = Offered(3);
  AddAgentLeg(flow, Leg::ENDED, "A1");
  for (const auto& [kind, outcome] : rows) {
    const auto errand = ErrandOf(LegEnded(kind, "A1"), flow);
    REQUIRE(errand);
    CHECK(errand->deed == Deed::kAsk);
    CHECK(errand->number == 3);
    CHECK(errand->outcome == outcome);
  }
  SECTION("not for an attempt before") {
    CHECK_FALSE(ErrandOf(LegEnded(CallFact::CALL_NO_ANSWER, "A0"), flow));
  }
  SECTION("not for our own note that it is over") {
    CHECK_FALSE(ErrandOf(LegEnded(CallFact::CALL_NO_ANSWER, ""), flow));
  }
  SECTION("not while the next one rings") {
    CallNow next = Offered(4);
    AddAgentLeg(next, Leg::RINGING, "A2");
    CHECK_FALSE(ErrandOf(LegEnded(CallFact::CALL_NO_ANSWER, "A1"), next));
  }
}

TEST_CASE("a phone that rings for nobody is silenced") {
  CHECK(NameOf(*ErrandOf(Event("session.withdrawn"), Offered(3, Session::CANCELLED))) == "drop-77");
  CallNow message = Offered(4);
  message.step.mutable_voicemail();
  CHECK(ErrandOf(Event("session.withdrawn"), message)->deed == Deed::kDrop);
  CHECK_FALSE(ErrandOf(Event("session.withdrawn"), Offered(4)));
  SECTION("in a feed of more events than an int can count") {
    CallEvent event = Event("session.withdrawn");
    event.set_seq((int64_t{1} << 31) + 5);
    const std::optional<Errand> errand = ErrandOf(event, Offered(3, Session::CANCELLED));
    REQUIRE(errand);
    REQUIRE(ReadName(NameOf(*errand)));
    CHECK(*ReadName(NameOf(*errand)) == *errand);
  }
}

TEST_CASE("other events are not looked at") {
  CHECK(MayLead(Event("session.offered")));
  CHECK(MayLead(Event("session.withdrawn")));
  CHECK(MayLead(LegEnded(CallFact::CALL_BUSY, "A1")));
  CHECK_FALSE(MayLead(Event("session.ringing")));
  CallEvent talked = LegEnded(CallFact::CALL_ENDED, "A1");
  talked.set_new_status(Session::CONNECTED);
  CHECK_FALSE(MayLead(talked));
  CallEvent customer = LegEnded(CallFact::CALL_ENDED, "C1");
  customer.set_party(Leg::CUSTOMER);
  CHECK_FALSE(MayLead(customer));
}

}  // namespace ctc::dispatch
