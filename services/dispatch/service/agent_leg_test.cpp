// Ringing agents exactly once: over a real database, with a feed and a provider as a test says.
#include "services/dispatch/service/agent_leg.h"

#include <future>

#include "services/dispatch/service/dispatch_world_for_test.h"

namespace ctc::dispatch {
namespace {

using routing::v1::FlowInput;
using session::v1::CallEvent;
using session::v1::CallFact;
using session::v1::Leg;
using session::v1::Session;
using Request = v1::ControlCallRequest;

// Its rings and questions fail as a test says.
class FakeAdapter final : public FakeAdapterBase {
 public:
  bool AgentIsDialledByUs() const override { return true; }

  void FailRinging(absl::Status status) {
    const base::MutexLock lock(mutex_);
    ring_ = std::move(status);
  }
  void FailAsking(absl::Status status, int times) {
    const base::MutexLock lock(mutex_);
    ask_ = std::move(status);
    bad_asks_ = times;
  }

 private:
  absl::Status Answer(const Request& request) override {
    const base::MutexLock lock(mutex_);
    if (request.action() == Request::DIAL_PARTY) return ring_;
    if (request.action() != Request::ASK_FLOW || bad_asks_ == 0) return absl::OkStatus();
    --bad_asks_;
    return ask_;
  }

  base::Mutex mutex_;
  absl::Status ring_ ABSL_GUARDED_BY(mutex_);
  absl::Status ask_ ABSL_GUARDED_BY(mutex_);
  int bad_asks_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The session service, which knows one call. Thread-safe.
class FakeSession final : public FakeSessionBase {
 public:
  void Set(const session::v1::GetFlowStepResponse& flow) {
    const base::MutexLock lock(mutex_);
    flow_ = flow;
  }

 private:
  absl::StatusOr<rpc::MessagePtr> Answer(std::string_view,
                                         const google::protobuf::Message&) override {
    const base::MutexLock lock(mutex_);
    return rpc::MessagePtr(std::make_unique<session::v1::GetFlowStepResponse>(flow_));
  }

  base::Mutex mutex_;
  session::v1::GetFlowStepResponse flow_ ABSL_GUARDED_BY(mutex_);
};

struct World : DispatchWorld {
  World() : DispatchWorld("dispatch.agent_leg", std::make_unique<FakeAdapter>()) {
    adapter = static_cast<FakeAdapter*>(registry.Find(common::v1::ProviderType::TWILIO));
    call = ids.Uuid();
  }
  session::v1::GetFlowStepResponse Offered(int step, Session::Status status = Session::INITIATED) {
    session::v1::GetFlowStepResponse flow;
    Session& now = *flow.mutable_session();
    now.set_id(call);
    now.set_provider_id(account);
    now.set_conversation_id(call);
    now.set_direction(Session::INBOUND);
    now.set_status(status);
    flow.mutable_step()->set_number(step);
    flow.mutable_step()->mutable_dial()->set_agent_id("ann");
    flow.mutable_step()->mutable_dial()->set_phone("+1987");
    flow.mutable_step()->mutable_dial()->set_ring_seconds(15);
    return flow;
  }
  CallEvent Event(const std::string& type) const {
    CallEvent event = DispatchWorld::Event(call, type);
    event.set_new_status(Session::RINGING);
    return event;
  }
  // What the provider was told, as soon as it was told `count` things.
  std::vector<Request> Told(size_t count) {
    testing::Eventually(
        [&] {
          const size_t told = adapter->requests().size();
          return told >= count ? "" : std::to_string(told) + " requests";
        },
        kTriesLast);
    return adapter->requests();
  }

  FakeAdapter* adapter = nullptr;
  FakeSession session;
  std::string call;
};

// One process that follows the feed until it goes.
class Replica {
 public:
  enum class Sweep { kNo, kYes };
  explicit Replica(World& world, Sweep sweep = Sweep::kNo)
      : process_(world),
        leg_({process_.submissions, world.registry, process_.directory, process_.gate,
              process_.background, world.session, base::SystemClock()}),
        ended_(asio::co_spawn(asio::make_strand(process_.io.context()), leg_.Follow(),
                              asio::use_future)) {
    if (sweep == Sweep::kNo) return;
    process_.background.Spawn("sweep", [this] { return leg_.SweepAbandoned(); });
  }
  ~Replica() {
    asio::co_spawn(process_.io.context(), leg_.Stop(), asio::use_future).get();
    ended_.get();
    process_.Stop();
  }

 private:
  DispatchProcess process_;
  AgentLeg leg_;
  std::future<void> ended_;
};

void AwaitOutcome(const World& world, const std::string& leg, const std::string& wanted) {
  world.AwaitOutcome(world.call, leg, wanted);
}

}  // namespace

TEST_CASE("an offered call rings its agent once, however many replicas there are",
          "[dispatch][agent_leg]") {
  World world;
  world.session.Set(world.Offered(3));
  world.session.Tell(world.Event("session.offered"));
  world.session.Tell(world.Event("session.offered"));
  {
    Replica one(world);
    Replica two(world);
    AwaitOutcome(world, "agent-3", "ACCEPTED");
  }
  Replica after_a_restart(world);
  world.session.Set(world.Offered(5));
  world.session.Tell(world.Event("session.offered"));
  AwaitOutcome(world, "agent-5", "ACCEPTED");
  const std::vector<Request> told = world.Told(2);
  REQUIRE(told.size() == 2);
  CHECK(told[0].action() == Request::DIAL_PARTY);
  CHECK(told[0].target().leg_id() == "agent");
  CHECK(told[0].target().phone() == "+1987");
  CHECK(told[0].target().agent_id() == "ann");
  CHECK(told[0].target().ring_seconds() == 15);
  CHECK(told[0].order().room() == world.call);
}

TEST_CASE("a missed offer has the provider ask for the next step", "[dispatch][agent_leg]") {
  World world;
  session::v1::GetFlowStepResponse flow = world.Offered(3);
  Leg& leg = *flow.mutable_session()->add_legs();
  leg.set_id("agent");
  leg.set_state(Leg::ENDED);
  leg.set_provider_leg_id("A1");
  world.session.Set(flow);
  CallEvent ended = world.Event("leg.ended");
  ended.set_provider_leg_id("A1");
  ended.set_fact_kind(CallFact::CALL_BUSY);
  world.session.Tell(ended);
  Replica replica(world);
  const std::vector<Request> told = world.Told(1);
  CHECK(told[0].action() == Request::ASK_FLOW);
  CHECK(told[0].flow_input().kind() == FlowInput::DIAL_BUSY);
  CHECK(told[0].flow_input().step_number() == 3);
}

TEST_CASE("a ring whose outcome is not known is not repeated: the caller goes on",
          "[dispatch][agent_leg]") {
  World world;
  world.adapter->FailRinging(absl::UnavailableError("the answer was lost"));
  world.session.Set(world.Offered(3));
  world.session.Tell(world.Event("session.offered"));
  Replica replica(world);
  AwaitOutcome(world, "agent-3", "UNKNOWN_OUTCOME");
  const std::vector<Request> told = world.Told(3);
  REQUIRE(told.size() == 3);
  CHECK(told[0].action() == Request::DIAL_PARTY);
  CHECK(told[1].action() == Request::DROP_PARTY);
  CHECK(told[2].action() == Request::ASK_FLOW);
  CHECK(told[2].flow_input().kind() == FlowInput::DIAL_FAILED);
}

TEST_CASE("a caller whose next step could not be asked for is come back to",
          "[dispatch][agent_leg]") {
  World world;
  world.adapter->FailRinging(absl::UnavailableError("the provider is away"));
  world.session.Set(world.Offered(3));
  SECTION("after all tries at once") {
    world.adapter->FailAsking(absl::UnavailableError("the provider is away"), 3);
    world.session.Tell(world.Event("session.offered"));
    {
      Replica replica(world);
      CHECK(world.Told(5).back().action() == Request::ASK_FLOW);
    }
    CHECK(world.Outcome(world.call, "agent-3") == "SENT");  // what the sweep looks for
  }
  SECTION("at once, when there were too many requests") {
    world.adapter->FailAsking(absl::ResourceExhaustedError("429"), 1);
    world.session.Tell(world.Event("session.offered"));
    Replica replica(world);
    AwaitOutcome(world, "agent-3", "UNKNOWN_OUTCOME");
    CHECK(world.Told(4).back().action() == Request::ASK_FLOW);
  }
}

TEST_CASE("what is left of an account that is gone is given up", "[dispatch][agent_leg]") {
  World world;
  world.session.Set(world.Offered(3));
  const std::vector<std::string> errands = {"agent-3", "ask-3-7", "drop-9"};
  for (const std::string& errand : errands) world.LeaveSent(world.call, errand);
  world.DeleteAccount();
  const Replica replica(world, Replica::Sweep::kYes);
  for (const std::string& errand : errands) AwaitOutcome(world, errand, "UNKNOWN_OUTCOME");
  CHECK(world.adapter->requests().empty());
}

TEST_CASE("an agent's phone is silenced when the caller has gone", "[dispatch][agent_leg]") {
  World world;
  session::v1::GetFlowStepResponse gone = world.Offered(3, Session::CANCELLED);
  Leg& leg = *gone.mutable_session()->add_legs();
  leg.set_id("agent");
  leg.set_party(Leg::AGENT);
  leg.set_state(Leg::ENDED);
  leg.set_provider_leg_id("A1");
  world.session.Set(gone);
  world.session.Tell(world.Event("session.withdrawn"));
  Replica replica(world);
  AwaitOutcome(world, "drop-1", "ACCEPTED");
  const std::vector<Request> told = world.Told(2);
  CHECK(told[0].action() == Request::DROP_PARTY);
  CHECK(told[1].action() == Request::HANG_UP);
  CHECK(told[1].legs(0).state() == Leg::RINGING);
}

}  // namespace ctc::dispatch
