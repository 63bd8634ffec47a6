// A caller who is put through: agents, numbers, queues.
#include "services/routing/domain/flow.h"

#include "services/routing/domain/flow_world_for_test.h"

namespace ctc::routing {
namespace {

using Kind = v1::IvrMenuOption;
using Input = v1::FlowInput;

struct Calls : FlowWorld {
  Calls() {
    AddAgent("ann", 1000);
    AddAgent("bob", 2000);
    AddQueue("sales");
  }
  // Walks the caller to the action of key 1.
  const v1::FlowStep& Take(Kind::Action action, const std::string& json) {
    AddMenu("main", {Option("1", action, json)}).set_phone_number(call.to_phone);
    Start();
    return Press("1");
  }
  const v1::FlowStep& TakeQueue(const std::string& more = "") {
    return Take(Kind::ROUTE_QUEUE, R"({"queue_id": ")" + Id("sales") + "\"" + more + "}");
  }
  void Wait(int seconds) {
    call.now += absl::Seconds(seconds);
    Answer(Input::DONE);
  }
  std::string Rung() const { return state.current().dial().agent_id(); }
  v1::Queue& Sales() { return book.queues.at(Id("sales")); }
  // One more caller in the queue since so many seconds before ours enters.
  void AddWaiting(const std::string& name, int seconds_before) {
    floor.waiting.push_back(
        {Id(name), Id("sales"), absl::ToUnixMillis(call.now - absl::Seconds(seconds_before))});
  }
};

const Input::Kind kNotTaken[] = {Input::DIAL_BUSY, Input::DIAL_NO_ANSWER, Input::DIAL_REJECTED,
                                 Input::DIAL_FAILED};

}  // namespace

TEST_CASE_METHOD(Calls, "an agent is rung at the registered phone, after the announcement") {
  const v1::FlowStep& step =
      Take(Kind::ROUTE_AGENT,
           R"({"agent_id": "ann", "text": "one moment", "ring_seconds": 12, "record": true})");
  CHECK(Heard() == "one moment");
  CHECK(step.dial().agent_id() == "ann");
  CHECK(step.dial().phone() == "PJSIP/ann");
  CHECK(step.dial().ring_seconds() == 12);
  CHECK(step.dial().record());
}

TEST_CASE_METHOD(Calls, "an agent who is not registered is rung at the phone of the option") {
  const v1::FlowStep& step =
      Take(Kind::ROUTE_AGENT, R"({"agent_id": "crm-7", "phone": "+1 (555) 0177"})");
  CHECK(step.dial().agent_id() == "crm-7");
  CHECK(step.dial().phone() == "+15550177");
}

TEST_CASE_METHOD(Calls, "an agent who cannot take a call is not rung") {
  AgentNow& ann = floor.agents.at("ann");
  std::string why;
  SECTION("inactive") {
    ann.agent.set_is_active(false);
    why = "ann is not active";
  }
  SECTION("on a call") {
    ann.load = 1;
    why = "ann is on a call";
  }
  SECTION("reserved for another caller") {
    ann.reserved = true;
    why = "ann is being called";
  }
  SECTION("on a break") {
    ann.takes_calls = false;
    why = "ann takes no calls now";
  }
  SECTION("not registered any more") {
    floor.agents.erase("ann");
    why = "ann is not registered";
  }
  Take(Kind::ROUTE_AGENT,
       R"({"agent_id": "ann", "text": "one moment", "no_answer": {"action": "VOICEMAIL"}})");
  CHECK(state.current().has_voicemail());
  CHECK(outcome.explanation.find(why) != std::string::npos);
  CHECK(Heard() == "Please leave a message after the tone.");  // no moment is asked for
}

TEST_CASE_METHOD(Calls, "an agent who never told what it does is rung") {
  AgentNow& ann = floor.agents.at("ann");
  ann.has_chosen = ann.takes_calls = false;
  CHECK(Take(Kind::ROUTE_AGENT, R"({"agent_id": "ann"})").has_dial());
}

TEST_CASE_METHOD(Calls, "who lets a queue's call ring has missed it, and nobody else has") {
  const Input::Kind kind = kNotTaken[GENERATE(0, 1, 2, 3)];
  TakeQueue();
  REQUIRE(state.current().dial().agent_id() == "ann");
  SECTION("of the agent whom the queue offered it to") {
    Answer(kind);
    CHECK(outcome.missed_by == (kind == Input::DIAL_NO_ANSWER ? "ann" : ""));
  }
  SECTION("not when the caller hung up") {
    Answer(Input::CALLER_GONE);
    CHECK(outcome.missed_by.empty());
  }
}

TEST_CASE_METHOD(Calls, "an agent asked for by name misses no queue's call") {
  Take(Kind::ROUTE_AGENT, R"({"agent_id": "ann"})");
  Answer(Input::DIAL_NO_ANSWER);
  CHECK(outcome.missed_by.empty());
}

TEST_CASE_METHOD(Calls, "a number or an endpoint of the switch is rung") {
  const auto [given, dialled] = GENERATE(table<std::string, std::string>(
      {{"+49 (30) 123-4567", "+49301234567"}, {"PJSIP/reception", "PJSIP/reception"}}));
  Take(Kind::ROUTE_NUMBER, R"({"ring_seconds": 30, "phone": ")" + given + "\"}");
  CHECK(state.current().dial().agent_id().empty());
  CHECK(state.current().dial().phone() == dialled);
  CHECK(state.current().dial().ring_seconds() == 30);
  CHECK_FALSE(EntryOf(state));
}

TEST_CASE_METHOD(Calls, "after the conversation the call is over") {
  const Input::Kind kind = GENERATE(Input::DIAL_ENDED, Input::DONE);
  Take(Kind::ROUTE_NUMBER, R"({"phone": "+15550177"})");
  Answer(kind);
  CHECK(IsOver());
  CHECK(state.current().hang_up().reason() == session::v1::NORMAL);
  CHECK(state.current().prompts().empty());
}

TEST_CASE_METHOD(Calls, "who is not reached leads to what no_answer says") {
  const Input::Kind kind = kNotTaken[GENERATE(0, 1, 2, 3)];
  AddMenu("night", {Option("1", Kind::HANG_UP)});
  Take(Kind::ROUTE_AGENT, R"({"agent_id": "ann",
      "no_answer": {"action": "ROUTE_AGENT", "agent_id": "bob",
        "no_answer": {"action": "ROUTE_NUMBER", "phone": "+15550177",
          "no_answer": {"action": "SUB_MENU", "menu_id": ")" +
                              Id("night") + R"("}}}})");
  CHECK(Rung() == "ann");
  Answer(kind);
  CHECK(Rung() == "bob");
  Answer(kind);
  CHECK(state.current().dial().phone() == "+15550177");
  Answer(kind);
  CHECK(Heard() == "this is night");
  CHECK(state.option_id().empty());
  CHECK(state.action().empty());
}

TEST_CASE_METHOD(Calls, "without no_answer the call ends with the reason") {
  const auto [kind, reason] = GENERATE(table<Input::Kind, session::v1::EndReason>(
      {{Input::DIAL_BUSY, session::v1::AGENT_REJECTED},
       {Input::DIAL_REJECTED, session::v1::AGENT_REJECTED},
       {Input::DIAL_NO_ANSWER, session::v1::AGENT_NO_ANSWER},
       {Input::DIAL_FAILED, session::v1::UNREACHABLE}}));
  Take(Kind::ROUTE_AGENT, R"({"agent_id": "ann"})");
  Answer(kind);
  CHECK(IsOver());
  CHECK(state.current().hang_up().reason() == reason);
  CHECK_FALSE(Heard().empty());
}

TEST_CASE_METHOD(Calls, "a queue offers the call to the agent who is idle longest") {
  const v1::FlowStep& step = TakeQueue(R"(, "text": "hold the line", "record": true)");
  CHECK(Heard() == "hold the line");
  CHECK(step.dial().agent_id() == "ann");
  CHECK(step.dial().ring_seconds() == 15);
  CHECK(step.dial().record());
  CHECK(state.queue_id() == Id("sales"));
  const auto entry = EntryOf(state);
  REQUIRE(entry);
  CHECK(entry->queue_id == Id("sales"));
  CHECK(entry->offered_agent_id == "ann");
  CHECK(entry->offer_seconds == 20);
  CHECK(entry->entered_at_ms == absl::ToUnixMillis(call.now));
}

TEST_CASE_METHOD(Calls,
                 "a missed offer goes to the next agent, and back only when nobody else is free") {
  TakeQueue();
  CHECK(Rung() == "ann");
  Answer(Input::DIAL_NO_ANSWER);
  CHECK(Rung() == "bob");
  Answer(Input::DIAL_REJECTED);
  // Both missed it: a pause before anybody is rung again.
  CHECK(state.current().wait().seconds() == 10);
  CHECK(state.offered_agents_size() == 2);
  Wait(10);
  CHECK(Rung() == "ann");
  Answer(Input::DIAL_NO_ANSWER);
  AddAgent("cem", 3000);
  Wait(10);
  CHECK(Rung() == "cem");
}

TEST_CASE_METHOD(Calls, "the place in the queue is kept over a missed offer") {
  TakeQueue();
  const int64_t entered = state.queued_at_ms();
  call.now += absl::Seconds(15);
  Answer(Input::DIAL_NO_ANSWER);
  CHECK(state.queued_at_ms() == entered);
}

TEST_CASE_METHOD(Calls, "while nobody is free the caller hears music and asks every ten seconds") {
  floor.agents.at("ann").load = 1;
  floor.agents.at("bob").reserved = true;
  const v1::FlowStep& step = TakeQueue();
  CHECK(step.wait().seconds() == 10);
  CHECK(step.wait().music_url() == "https://music.example/a.mp3");
  const auto entry = EntryOf(state);
  REQUIRE(entry);
  CHECK(entry->offered_agent_id.empty());
  floor.agents.at("bob").reserved = false;
  Wait(10);
  CHECK(Rung() == "bob");
}

TEST_CASE_METHOD(Calls, "the last wait ends with the longest time, then the queue overflows") {
  floor.agents.clear();
  floor.agents["none"];
  Sales().set_max_wait_seconds(25);
  TakeQueue();
  Wait(10);
  Wait(10);
  CHECK(state.current().wait().seconds() == 5);
  Wait(5);
  CHECK(IsOver());
  CHECK(state.current().hang_up().reason() == session::v1::AGENT_NO_ANSWER);
  CHECK_FALSE(EntryOf(state));
  CHECK(state.queue_id().empty());
}

TEST_CASE_METHOD(Calls, "after the longest wait nobody who missed the call is rung again") {
  floor.agents.erase("bob");
  Sales().set_max_wait_seconds(40);
  TakeQueue();
  int offers = 0;
  while (!IsOver() && offers < 20) {
    ++offers;
    call.now += absl::Seconds(15);
    Answer(Input::DIAL_NO_ANSWER);
    if (state.current().has_wait()) Wait(state.current().wait().seconds());
  }
  CHECK(offers == 2);
}

TEST_CASE_METHOD(Calls, "after the longest wait an agent who is free at last is still rung") {
  floor.agents.clear();
  Sales().set_max_wait_seconds(10);
  TakeQueue();
  AddAgent("cem");
  Wait(10);
  CHECK(Rung() == "cem");
}

TEST_CASE_METHOD(Calls, "overflow goes where the queue says") {
  floor.agents.clear();
  Sales().set_max_wait_seconds(10);
  SECTION("to a message") {
    Sales().set_overflow("VOICEMAIL");
    TakeQueue();
    Wait(10);
    CHECK(state.current().has_voicemail());
    Answer(Input::VOICEMAIL_LEFT);
    CHECK(IsOver());
  }
  SECTION("to a number, and no further") {
    Sales().set_overflow("+15550199");
    TakeQueue();
    Wait(10);
    CHECK(state.current().dial().phone() == "+15550199");
    CHECK_FALSE(EntryOf(state));
    Answer(Input::DIAL_NO_ANSWER);
    CHECK(IsOver());
  }
  SECTION("unless the option has a no_answer of its own") {
    Sales().set_overflow("+15550199");
    TakeQueue(R"(, "no_answer": {"action": "ROUTE_NUMBER", "phone": "+15550111"})");
    Wait(10);
    CHECK(state.current().dial().phone() == "+15550111");
  }
}

TEST_CASE_METHOD(Calls, "a queue without a limit waits on, asking less often after a while") {
  floor.agents.clear();
  Sales().set_max_wait_seconds(0);
  TakeQueue();
  for (int i = 0; i < 120; ++i) Wait(10);
  CHECK(state.current().wait().seconds() == 30);
  int steps = 0;
  while (!IsOver() && steps < 200) Wait(30), ++steps;
  CHECK(state.current().number() == kMaxSteps + 1);
}

TEST_CASE_METHOD(Calls, "a full queue takes no more callers, but those in it stay") {
  floor.agents.clear();
  Sales().set_max_callers(1);
  SECTION("entering") {
    AddWaiting("other", 5);
    TakeQueue();
    CHECK(IsOver());
    CHECK(outcome.explanation.find("is full") != std::string::npos);
  }
  SECTION("inside") {
    TakeQueue();
    CHECK(state.current().has_wait());
    AddWaiting("other", 5);
    Wait(10);
    CHECK(state.current().has_wait());
  }
}

TEST_CASE_METHOD(Calls, "a full queue still gives a caller to an agent who is free") {
  Sales().set_max_callers(1);
  AddWaiting("other", 5);
  TakeQueue();
  CHECK(Rung() == "bob");  // the one before has the first choice
}

TEST_CASE_METHOD(Calls, "callers before this one have the first choice") {
  AddWaiting("first", 20);
  AddWaiting("second", 10);
  TakeQueue();
  CHECK(state.current().has_wait());
  AddAgent("cem", 3000);
  Wait(10);
  CHECK(Rung() == "cem");
}

TEST_CASE_METHOD(Calls, "an inactive or missing queue is left at once") {
  Sales().set_overflow("VOICEMAIL");
  SECTION("inactive") {
    Sales().set_is_active(false);
    TakeQueue();
    CHECK(state.current().has_voicemail());
  }
  SECTION("deleted while the caller waits") {
    floor.agents.clear();
    TakeQueue();
    book.queues.clear();
    Wait(10);
    CHECK(IsOver());
  }
}

TEST_CASE_METHOD(
    Calls, "an agent already reserved for the caller is offered again to a repeated question") {
  AddMenu("main", {Option("1", Kind::ROUTE_QUEUE, R"({"queue_id": ")" + Id("sales") + "\"}")})
      .set_phone_number(call.to_phone);
  Start();
  floor.reserved_for_caller = "bob";
  Press("1");
  CHECK(Rung() == "bob");
}

TEST_CASE_METHOD(Calls, "a number without a menu rings whoever is idle longest") {
  Start();
  CHECK(Rung() == "ann");
  CHECK(state.queue_id() == QueueOfEveryAgent().id());
  Answer(Input::DIAL_NO_ANSWER);
  CHECK(Rung() == "bob");
}

TEST_CASE_METHOD(Calls, "a number without a menu and a tenant without agents end politely") {
  floor.agents.clear();
  Start();
  CHECK(IsOver());
  CHECK_FALSE(Heard().empty());
}

TEST_CASE_METHOD(Calls, "a caller can be handed to a queue without a menu") {
  state.set_queue_id(Id("sales"));
  Start();
  CHECK(Rung() == "ann");
  CHECK(state.queued_at_ms() == absl::ToUnixMillis(call.now));
}

TEST_CASE_METHOD(Calls, "a caller who hangs up leaves the queue") {
  floor.agents.clear();
  TakeQueue();
  Answer(Input::CALLER_GONE);
  CHECK(IsOver());
  CHECK_FALSE(EntryOf(state));
}

TEST_CASE_METHOD(Calls, "an agent who is rung without a queue is reserved too") {
  Take(Kind::ROUTE_AGENT, R"({"agent_id": "ann"})");
  const auto entry = EntryOf(state);
  REQUIRE(entry);
  CHECK(entry->queue_id.empty());
  CHECK(entry->offered_agent_id == "ann");
}

TEST_CASE_METHOD(Calls, "what is not known yet is asked for, and nothing changes until then") {
  AddMenu("main", {Option("1", Kind::ROUTE_QUEUE, R"({"queue_id": ")" + Id("sales") + "\"}"),
                   Option("2", Kind::ROUTE_AGENT, R"({"agent_id": "ann"})")})
      .set_phone_number(call.to_phone);
  Start();
  Input input;
  input.set_kind(Input::DIGITS);
  input.set_step_number(1);
  input.set_digits("1");
  FlowOutcome asked = Advance(book, nullptr, call, state, input);
  REQUIRE(asked.need);
  CHECK(asked.need->queue_id == Id("sales"));
  CHECK(asked.state.SerializeAsString() == state.SerializeAsString());
  Floor other = floor;
  other.last_offered.erase(Id("sales"));
  CHECK(Advance(book, &other, call, state, input).need);
  input.set_digits("2");
  asked = Advance(book, nullptr, call, state, input);
  REQUIRE(asked.need);
  CHECK(asked.need->queue_id.empty());
}

}  // namespace ctc::routing
