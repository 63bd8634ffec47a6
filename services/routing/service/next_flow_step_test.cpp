// Callers in menus and queues over a real database.
#include "libs/base/proto_time.h"
#include "services/routing/service/activity_follower.h"
#include "services/routing/service/ivr_world_for_test.h"
#include "services/routing/store/activity_store.h"
#include "services/routing/store/presence_store.h"

namespace ctc::routing {
namespace {

using testing::HasError;
using testing::IsOk;
using testing::NamesField;
using Input = v1::FlowInput;

constexpr char kNumber[] = "+15550100";

struct QueueWorld : IvrWorld {
  QueueWorld() {
    queue = AddQueue(R"({"queue_name": "sales", "ring_seconds": 15})");
    AddMenu(R"({"menu_name": "Main", "prompt_text": "Hi.", "phone_number": "+15550100", "options":
      [{"dtmf_key": "t", "action": "ROUTE_QUEUE", "action_json": {"queue_id": ")" +
            queue.id() + "\"}}]}");
  }
  // Newest first.
  std::vector<v1::AgentActivity> Lines(const std::string& agent) {
    std::vector<v1::AgentActivity> lines;
    Write([&](db::Connection& c) -> absl::Status {
      const base::TenantId tenant("t1");
      const db::ListPage page(kActivityOrders, tenant);
      CTC_ASSIGN_OR_RETURN(auto found, ActivityStore(tenant).List(c, agent, page));
      lines = std::move(found.lines);
      return absl::OkStatus();
    });
    return lines;
  }
  v1::Presence Presence(const std::string& agent) {
    std::optional<Standing> standing;
    Write([&](db::Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(standing, PresenceStore(base::TenantId("t1")).Get(c, agent));
      return absl::OkStatus();
    });
    REQUIRE(standing);
    return PresenceOf(agent, *standing);
  }
  v1::Queue queue;
};

session::v1::CallEvent Placed(const std::string& agent, absl::Time at) {
  session::v1::CallEvent event;
  event.set_seq(1);
  event.set_tenant_id("t1");
  event.set_type("session.initiated");
  event.set_new_status(session::v1::Session::INITIATED);
  event.set_agent_id(agent);
  event.set_session_id("sess_1");
  *event.mutable_recorded_at() = base::ToProto(at);
  return event;
}

events::FeedConsumer::Batch BatchOf(const session::v1::CallEvent& event) {
  events::FeedConsumer::Batch batch;
  *batch.Add() = event;
  return batch;
}

}  // namespace

TEST_CASE_METHOD(IvrWorld, "menus alone touch no table once they are known") {
  AddMenu(R"({"menu_name": "Main", "prompt_text": "Hi.", "phone_number": "+15550100",
              "options": [{"dtmf_key": "1", "action": "REPEAT"}]})");
  Caller first(*this, kNumber);
  CHECK(first.Start().has_gather());
  const int before = database.runs;
  Caller second(*this, kNumber);
  second.Start();
  CHECK(second.Do(Input::DIGITS, "1").has_gather());
  second.Do(Input::CALLER_GONE);
  CHECK(database.runs == before);
}

TEST_CASE_METHOD(IvrWorld, "another process's change is seen within seconds") {
  const v1::IvrMenu menu = AddMenu(R"({"menu_name": "Main", "prompt_text": "Hi.",
      "phone_number": "+15550100", "options": [{"dtmf_key": "1", "action": "REPEAT"}]})");
  Caller(*this, kNumber).Start();
  Catalogue elsewhere(database, clock);
  IvrService other(database, directory, elsewhere, clock, base::SystemRandom());
  clock.Advance(absl::Seconds(4));
  v1::UpdateIvrMenuRequest update;
  update.set_id(menu.id());
  update.set_prompt_text("Changed.");
  REQUIRE(io.Run(other.UpdateIvrMenu(As(), update)).ok());
  CHECK(Caller(*this, kNumber).Start().prompts(0).text() == "Hi.");
  clock.Advance(absl::Seconds(2));
  CHECK(Caller(*this, kNumber).Start().prompts(0).text() == "Changed.");
}

TEST_CASE_METHOD(IvrWorld, "the change of a process whose clock is behind is seen as soon") {
  const v1::IvrMenu menu = AddMenu(R"({"menu_name": "Main", "prompt_text": "Hi.",
      "phone_number": "+15550100", "options": [{"dtmf_key": "1", "action": "REPEAT"}]})");
  const v1::IvrMenu second = AddMenu(R"({"menu_name": "Second", "prompt_text": "Hi."})");
  AddMenu(R"({"menu_name": "Newest", "prompt_text": "Hi."})");
  Caller(*this, kNumber).Start();
  testing::FakeClock behind(clock.Now() - absl::Seconds(2));
  Catalogue elsewhere(database, behind);
  IvrService other(database, directory, elsewhere, behind, base::SystemRandom());
  const auto change = [&](const std::string& id) {
    v1::UpdateIvrMenuRequest update;
    update.set_id(id);
    update.set_prompt_text("Changed.");
    REQUIRE(io.Run(other.UpdateIvrMenu(As(), update)).ok());
  };
  SECTION("one menu") { change(menu.id()); }
  SECTION("two at the same moment, made at the same moment") {
    change(menu.id());
    change(second.id());
  }
  clock.Advance(absl::Seconds(6));
  CHECK(Caller(*this, kNumber).Start().prompts(0).text() == "Changed.");
}

TEST_CASE_METHOD(QueueWorld, "a queue's change of a process whose clock is behind is seen") {
  AddQueue(R"({"queue_name": "newest"})");
  AddAgent("ann");
  Caller before(*this, kNumber);
  CHECK(before.Start().dial().ring_seconds() == 15);
  before.Do(Input::CALLER_GONE);
  testing::FakeClock behind(clock.Now() - absl::Seconds(2));
  Catalogue elsewhere(database, behind);
  QueueService other(database, directory, elsewhere, behind, base::SystemRandom());
  v1::UpdateQueueRequest update;
  update.set_id(queue.id());
  update.set_ring_seconds(44);
  REQUIRE(io.Run(other.UpdateQueue(As(), update)).ok());
  clock.Advance(absl::Seconds(30));
  Caller after(*this, kNumber);
  CHECK(after.Start().dial().ring_seconds() == 44);
}

TEST_CASE_METHOD(QueueWorld, "two callers never ring the same agent") {
  AddAgent("ann");
  AddAgent("bob");
  Caller one(*this, kNumber);
  Caller two(*this, kNumber);
  Caller three(*this, kNumber);
  one.Start();
  clock.Advance(absl::Seconds(1));
  two.Start();
  CHECK(one.Rung() == "ann");
  CHECK(two.Rung() == "bob");
  CHECK(three.Start().has_wait());
  CHECK(CountEntries() == 3);
}

TEST_CASE_METHOD(QueueWorld, "many callers at once share the agents without a double offer") {
  for (const char* id : {"ann", "bob", "cem"}) AddAgent(id);
  std::vector<std::future<absl::StatusOr<v1::NextFlowStepResponse>>> asked;
  std::vector<v1::NextFlowStepRequest> requests(6);
  for (v1::NextFlowStepRequest& request : requests) {
    request.set_session(ids.Uuid());
    request.set_to_phone(kNumber);
    request.mutable_input()->set_kind(Input::STARTED);
    asked.push_back(asio::co_spawn(asio::make_strand(io.context()), ivr.NextFlowStep(As(), request),
                                   asio::use_future));
  }
  std::map<std::string, int> rung;
  int waiting = 0;
  for (auto& answer : asked) {
    const auto response = answer.get();
    INFO(response.status().ToString());
    REQUIRE(response.ok());
    const v1::FlowStep& step = response->state().current();
    if (step.has_wait()) ++waiting;
    if (step.has_dial()) ++rung[step.dial().agent_id()];
  }
  CHECK(rung == std::map<std::string, int>{{"ann", 1}, {"bob", 1}, {"cem", 1}});
  CHECK(waiting == 3);
}

TEST_CASE_METHOD(QueueWorld,
                 "a repeated question gets the same agent, whether or not it was kept") {
  AddAgent("ann");
  AddAgent("bob");
  Caller one(*this, kNumber);
  const auto lost = one.Try(Input::STARTED);  // the answer never reached the caller
  REQUIRE(lost.ok());
  one.Start();
  CHECK(one.Rung() == lost->state().current().dial().agent_id());
  CHECK(CountEntries() == 1);
  const int before = database.runs;
  one.Start();  // a repeated start of a kept state
  CHECK(one.Rung() == "ann");
  CHECK(database.runs == before);
}

TEST_CASE_METHOD(QueueWorld, "an offer lapses five seconds after the ringing") {
  AddAgent("ann");
  Caller one(*this, kNumber);
  Caller two(*this, kNumber);
  one.Start();
  CHECK(two.Start().has_wait());
  clock.Advance(absl::Seconds(19));
  CHECK(two.Do(Input::DONE).has_wait());
  clock.Advance(absl::Seconds(1));
  two.Do(Input::DONE);
  CHECK(two.Rung() == "ann");
  // The first asks again all the same: it is a waiting caller like any other.
  CHECK(one.Do(Input::DIAL_NO_ANSWER).has_wait());
}

TEST_CASE_METHOD(QueueWorld, "a caller who missed an agent keeps the place in the line") {
  AddAgent("ann");
  Caller one(*this, kNumber);
  Caller two(*this, kNumber);
  one.Start();
  clock.Advance(absl::Seconds(1));
  CHECK(two.Start().has_wait());
  CHECK(one.Do(Input::DIAL_REJECTED).has_wait());
  // The first has to pause, but is before the second all the same.
  CHECK(two.Do(Input::DONE).has_wait());
  one.Do(Input::DONE);
  CHECK(one.Rung() == "ann");
}

TEST_CASE_METHOD(QueueWorld, "an agent who lets a call ring is on a break until it comes back") {
  AddAgent("ann");
  Caller one(*this, kNumber);
  Caller two(*this, kNumber);
  one.Start();
  const v1::FlowState offered = one.state;
  CHECK(one.Do(Input::DIAL_NO_ANSWER).has_wait());
  clock.Advance(absl::Seconds(1));
  CHECK(two.Start().has_wait());  // not rung for the next caller either
  one.state = offered;            // the answer was lost
  CHECK(one.Do(Input::DIAL_NO_ANSWER).has_wait());
  const auto lines = Lines("ann");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].activity_type() == v1::AgentActivity::ON_BREAK);
  CHECK(lines[0].reason() == "MISSED");
  const v1::Presence missed = Presence("ann");
  CHECK(missed.state() == "BREAK");
  CHECK(missed.reason() == "MISSED");
  Log("ann", v1::AgentActivity::IDLE);
  one.Do(Input::DONE);
  CHECK(one.Rung() == "ann");
}

TEST_CASE_METHOD(QueueWorld, "who is on a call of its own by now has missed none") {
  AddAgent("ann");
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  Caller one(*this, kNumber);
  one.Start();
  REQUIRE(io.Run(follower.Apply(BatchOf(Placed("ann", clock.Now())), 1)).ok());
  one.Do(Input::DIAL_NO_ANSWER);
  CHECK(Presence("ann").state() == "AVAILABLE");
}

TEST_CASE_METHOD(QueueWorld, "who places a call is not rung until it is over") {
  AddAgent("ann");
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  session::v1::CallEvent event = Placed("ann", clock.Now());
  REQUIRE(io.Run(follower.Apply(BatchOf(event), 1)).ok());
  Caller one(*this, kNumber);
  CHECK(one.Start().has_wait());
  event.set_seq(2);
  event.set_type("session.ended");
  event.set_old_status(session::v1::Session::RINGING);
  event.set_new_status(session::v1::Session::NO_ANSWER);
  REQUIRE(io.Run(follower.Apply(BatchOf(event), 2)).ok());
  one.Do(Input::DONE);
  CHECK(one.Rung() == "ann");
  CHECK(Lines("ann").size() == 1);  // the login
}

TEST_CASE_METHOD(QueueWorld, "who talks is not rung, who is back is") {
  AddAgent("ann");
  Log("ann", v1::AgentActivity::ON_CALL);
  Caller one(*this, kNumber);
  CHECK(one.Start().has_wait());
  Log("ann", v1::AgentActivity::IDLE);
  one.Do(Input::DONE);
  CHECK(one.Rung() == "ann");
}

TEST_CASE_METHOD(QueueWorld, "what an agent told another process is seen after a second") {
  AddAgent("ann");
  CHECK(Live(queue.id()).available_agents_size() == 1);
  v1::AgentActivity line;
  line.set_agent_id("ann");
  line.set_activity_type(v1::AgentActivity::LOGOUT);
  *line.mutable_created_at() = base::ToProto(clock.Now());
  Write([&](db::Connection& c) { return AgentDay(base::TenantId("t1"), ids).Say(c, line, false); });
  clock.Advance(absl::Milliseconds(1001));
  CHECK(Live(queue.id()).available_agents().empty());
}

TEST_CASE_METHOD(QueueWorld, "a caller whose call ended by an event alone leaves the queue") {
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  session::v1::CallEvent ended;
  ended.set_type("session.ended");
  ended.set_id(ids.Uuid());
  ended.set_tenant_id("t1");
  ended.set_seq(1);
  REQUIRE(io.Run(follower.Apply(BatchOf(ended), 1)).ok());
  const int before = database.runs;
  REQUIRE(io.Run(follower.Apply(BatchOf(ended), 2)).ok());
  CHECK(database.runs == before);  // nobody queues: not looked at again at once
  Caller one(*this, kNumber);
  Caller two(*this, kNumber);
  one.Start();
  two.Start();
  clock.Advance(absl::Seconds(1));
  ended.set_id(one.session);
  ended.set_tenant_id("t2");
  REQUIRE(io.Run(follower.Apply(BatchOf(ended), 3)).ok());
  CHECK(CountEntries() == 2);  // not another tenant's
  ended.set_tenant_id("t1");
  REQUIRE(io.Run(follower.Apply(BatchOf(ended), 4)).ok());
  CHECK(CountEntries() == 1);
  CHECK(Live(queue.id()).waiting(0).session_id() == two.session);
}

TEST_CASE_METHOD(QueueWorld, "who logged in days ago is as it said last") {
  AddAgent("ann");
  AddAgent("bob");
  Log("bob", v1::AgentActivity::ON_BREAK);
  clock.Advance(absl::Hours(72));
  Caller one(*this, kNumber);
  one.Start();
  CHECK(one.Rung() == "ann");
  CHECK(one.Do(Input::DIAL_NO_ANSWER).has_wait());
  Log("bob", v1::AgentActivity::IDLE);
  one.Do(Input::DONE);
  CHECK(one.Rung() == "bob");
}

TEST_CASE_METHOD(QueueWorld,
                 "a caller who is gone leaves the queue; one who is silent does not count") {
  Caller one(*this, kNumber);
  Caller two(*this, kNumber);
  one.Start();
  clock.Advance(absl::Seconds(5));
  two.Start();
  auto live = Live(queue.id());
  REQUIRE(live.waiting_size() == 2);
  CHECK(live.waiting(0).session_id() == one.session);
  CHECK(live.longest_wait_seconds() == 5);
  one.Do(Input::CALLER_GONE);
  CHECK(CountEntries() == 1);
  CHECK(Live(queue.id()).waiting_size() == 1);
  clock.Advance(absl::Seconds(61));
  CHECK(Live(queue.id()).waiting().empty());
  CHECK(CountEntries() == 1);
  clock.Advance(absl::Hours(1));
  Caller(*this, kNumber).Start();  // entering sweeps what was left behind
  CHECK(CountEntries() == 1);
}

TEST_CASE_METHOD(QueueWorld, "the queue tells who could take a call, in the order of asking") {
  AddAgent("bob");
  AddAgent("ann");
  AddAgent("cem");
  Log("cem", v1::AgentActivity::ON_BREAK);
  const auto live = Live(queue.id());
  REQUIRE(live.available_agents_size() == 2);
  CHECK(live.available_agents(0) == "bob");
  CHECK(live.available_agents(1) == "ann");
  Caller one(*this, kNumber);
  one.Start();
  CHECK(Live(queue.id()).available_agents_size() == 1);
  CHECK(Live(queue.id()).waiting().empty());  // a phone rings for it
}

TEST_CASE_METHOD(IvrWorld, "round robin goes on where it stopped, also in another process") {
  const v1::Queue queue = AddQueue(R"({"queue_name": "q", "strategy": "ROUND_ROBIN"})");
  for (const char* id : {"ann", "bob", "cem"}) AddAgent(id);
  std::string order;
  for (int i = 0; i < 4; ++i) {
    Caller caller(*this, "");
    caller.state.set_queue_id(queue.id());
    caller.Start();
    order += caller.Rung() + " ";
    caller.Do(Input::DIAL_ENDED);
    CHECK(CountEntries() == 0);
  }
  CHECK(order == "ann bob cem ann ");
}

TEST_CASE_METHOD(IvrWorld, "a queue asks its teams only") {
  const v1::Queue queue = AddQueue(R"({"queue_name": "q", "teams": ["support"]})");
  AddAgent("ann", "sales");
  AddAgent("bob", "support");
  Caller caller(*this, "");
  caller.state.set_queue_id(queue.id());
  caller.Start();
  CHECK(caller.Rung() == "bob");
}

TEST_CASE_METHOD(IvrWorld, "an agent asked for by name is not rung for two callers") {
  AddAgent("ann");
  AddMenu(R"({"menu_name": "Main", "prompt_text": "Hi.", "phone_number": "+15550100", "options":
    [{"dtmf_key": "t", "action": "ROUTE_AGENT", "action_json": {"agent_id": "ann",
      "no_answer": {"action": "VOICEMAIL"}}}]})");
  Caller one(*this, kNumber);
  Caller two(*this, kNumber);
  one.Start();
  CHECK(one.Rung() == "ann");
  CHECK(two.Start().has_voicemail());
  one.Do(Input::DIAL_ENDED);
  Caller three(*this, kNumber);
  three.Start();
  CHECK(three.Rung() == "ann");
}

TEST_CASE_METHOD(IvrWorld, "a number without a menu rings the tenant's agents") {
  Caller nobody(*this, kNumber);
  CHECK(nobody.Start().has_hang_up());
  AddAgent("ann");
  Caller caller(*this, kNumber);
  caller.Start();
  CHECK(caller.Rung() == "ann");
  CHECK(caller.state.current().dial().phone() == "PJSIP/ann");
}

TEST_CASE_METHOD(IvrWorld, "a question that makes no sense is refused") {
  v1::NextFlowStepRequest request;
  request.set_session("sess_1");
  request.mutable_input()->set_kind(Input::STARTED);
  CHECK(NamesField(io.Run(ivr.NextFlowStep(As(), request)).status(), "session"));
  request.set_session(ids.Uuid());
  request.clear_input();
  CHECK(NamesField(io.Run(ivr.NextFlowStep(As(), request)).status(), "input.kind"));
}

TEST_CASE_METHOD(IvrWorld, "queues are made, changed, listed and read by their tenant only") {
  const v1::Queue queue = AddQueue(R"({"queue_name": "b", "strategy": "SKILL_PRIORITY",
      "required_skills": {"es": 3}, "teams": ["x"], "max_wait_seconds": 0, "max_callers": 5,
      "ring_seconds": 30, "music_url": "https://m.example/a.mp3", "overflow": "+1 555 0199"})");
  CHECK(queue.overflow() == "+15550199");
  v1::GetQueueRequest get;
  get.set_id(queue.id());
  CHECK(Text(io.Run(queues.GetQueue(As(), get))->queue()) == Text(queue));
  CHECK_THAT(io.Run(queues.GetQueue(As("t2"), get)).status(), HasError(base::kNotFound));
  auto update = FromJson<v1::UpdateQueueRequest>(
      R"({"queue_name": "a", "overflow": "VOICEMAIL", "is_active": false})");
  update.set_id(queue.id());
  const auto updated = io.Run(queues.UpdateQueue(As(), update));
  REQUIRE(updated.ok());
  CHECK(updated->queue().strategy() == v1::Queue::SKILL_PRIORITY);
  CHECK(updated->queue().teams_size() == 1);
  CHECK_FALSE(updated->queue().is_active());
  AddQueue(R"({"queue_name": "c"})");
  const v1::ListQueuesRequest list;
  const auto page = io.Run(queues.ListQueues(As(), list));
  REQUIRE(page->queues_size() == 2);
  CHECK(Text(page->queues(0)) == Text(updated->queue()));
  CHECK(page->queues(1).max_wait_seconds() == 300);
  CHECK(page->queues(1).ring_seconds() == 20);
  CHECK(page->queues(1).overflow() == "HANG_UP");
  CHECK(io.Run(queues.ListQueues(As("t2"), list))->total() == 0);
  update.add_emptied("required_skills");
  update.add_emptied("teams");
  const auto emptied = io.Run(queues.UpdateQueue(As(), update));
  REQUIRE(emptied.ok());
  CHECK(emptied->queue().required_skills().empty());
  CHECK(emptied->queue().teams().empty());
  update.set_id(ids.Uuid());
  CHECK_THAT(io.Run(queues.UpdateQueue(As(), update)).status(), HasError(base::kNotFound));
}

TEST_CASE_METHOD(QueueWorld, "a queue in use is not deleted") {
  v1::DeleteQueueRequest remove;
  remove.set_id(queue.id());
  CHECK_THAT(io.Run(queues.DeleteQueue(As(), remove)).status(), HasError(base::kInUse));
  const v1::Queue lone = AddQueue(R"({"queue_name": "lone"})");
  Caller caller(*this, "");
  caller.state.set_queue_id(lone.id());
  caller.Start();
  remove.set_id(lone.id());
  CHECK_THAT(io.Run(queues.DeleteQueue(As(), remove)).status(), HasError(base::kInUse));
  caller.Do(Input::CALLER_GONE);
  CHECK_THAT(io.Run(queues.DeleteQueue(As("t2"), remove)).status(), HasError(base::kNotFound));
  CHECK_THAT(io.Run(queues.DeleteQueue(As(), remove)).status(), IsOk());
  CHECK_THAT(io.Run(queues.DeleteQueue(As(), remove)).status(), HasError(base::kNotFound));
}

}  // namespace ctc::routing
