// Ringing agents exactly once: over a real database, with a feed and a provider as a test says.
#include "services/dispatch/service/agent_leg.h"

#include <catch2/catch.hpp>

#include <future>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/mutex.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fake_random.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"

namespace ctc::dispatch {
namespace {

using routing::v1::FlowInput;
using session::v1::CallEvent;
using session::v1::CallFact;
using session::v1::Leg;
using session::v1::Session;
using Request = v1::ControlCallRequest;

const base::TenantId kTenant("t1");
constexpr char kMasterKey[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

// A provider that keeps what it is told to do. Thread-safe.
class FakeAdapter final : public providers::Adapter {
 public:
  v1::ProviderTypeInfo Describe() const override {
    v1::ProviderTypeInfo info;
    info.set_provider_type(common::v1::ProviderType::TWILIO);
    return info;
  }
  absl::Status CheckAccount(const providers::Account&) const override { return absl::OkStatus(); }
  Task<v1::PlaceCallResponse> Place(const providers::Account&, const v1::CallOrder&) override {
    co_return v1::PlaceCallResponse();
  }
  Task<absl::StatusOr<v1::ControlCallResponse>> Control(const providers::Account&,
                                                        const Request& request) override {
    const base::MutexLock lock(mutex_);
    requests_.push_back(request);
    if (request.action() == Request::DIAL_PARTY && !ring_.ok()) co_return ring_;
    co_return v1::ControlCallResponse();
  }
  Task<absl::StatusOr<v1::LookUpCallResponse>> LookUp(const providers::Account&,
                                                      const v1::LookUpCallRequest&) override {
    co_return v1::LookUpCallResponse();
  }
  Task<absl::StatusOr<std::string>> Check(const providers::Account&) override { co_return "ok"; }
  v1::ReadWebhookResponse ReadWebhook(const providers::Account&, const common::v1::HttpRequest&,
                                      absl::Time) const override {
    return {};
  }
  bool CustomerIsDialledByUs() const override { return true; }
  Task<v1::PlaceCallResponse> DialCustomer(const providers::Account&,
                                           const v1::CallOrder&) override {
    co_return v1::PlaceCallResponse();
  }
  Task<absl::StatusOr<v1::LookUpCallResponse>> LookUpCustomer(const providers::Account&,
                                                              const v1::CallOrder&) override {
    co_return v1::LookUpCallResponse();
  }
  bool AgentIsDialledByUs() const override { return true; }

  void FailRinging(absl::Status status) {
    const base::MutexLock lock(mutex_);
    ring_ = std::move(status);
  }
  std::vector<Request> requests() const {
    const base::MutexLock lock(mutex_);
    return requests_;
  }

 private:
  mutable base::Mutex mutex_;
  absl::Status ring_ ABSL_GUARDED_BY(mutex_);
  std::vector<Request> requests_ ABSL_GUARDED_BY(mutex_);
};

// The session service: one call, and a feed. Thread-safe.
class FakeSession final : public rpc::Channel {
 public:
  Task<absl::StatusOr<rpc::MessagePtr>> Call(std::string_view path, rpc::Context,
                                             const google::protobuf::Message& request,
                                             const google::protobuf::Message&) override {
    namespace rpcs = session::v1::SessionServiceRpc;
    if (path == rpcs::kGetFlowStep.path) {
      const base::MutexLock lock(mutex_);
      co_return rpc::MessagePtr(std::make_unique<session::v1::GetFlowStepResponse>(flow_));
    }
    const auto after = static_cast<const session::v1::ReadFeedRequest&>(request).after_seq();
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(2));
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    auto page = std::make_unique<session::v1::ReadFeedResponse>();
    const base::MutexLock lock(mutex_);
    for (const CallEvent& event : feed_) {
      if (event.seq() > after) *page->add_events() = event;
    }
    page->set_last_seq(std::max<int64_t>(after, static_cast<int64_t>(feed_.size())));
    co_return rpc::MessagePtr(std::move(page));
  }
  void Set(const session::v1::GetFlowStepResponse& flow) {
    const base::MutexLock lock(mutex_);
    flow_ = flow;
  }
  void Tell(CallEvent event) {
    const base::MutexLock lock(mutex_);
    event.set_seq(static_cast<int64_t>(feed_.size()) + 1);
    feed_.push_back(std::move(event));
  }

 private:
  base::Mutex mutex_;
  session::v1::GetFlowStepResponse flow_ ABSL_GUARDED_BY(mutex_);
  std::vector<CallEvent> feed_ ABSL_GUARDED_BY(mutex_);
};

// What replicas share.
struct World {
  World() : keyring(Keyring::Parse(base::Secret(kMasterKey)).value()) {
    base::IdGenerator ids(base::SystemClock(), random);
    account = ids.Uuid();
    call = ids.Uuid();
    StoredProvider row;
    row.tenant = kTenant;
    row.provider.set_id(account);
    row.provider.set_provider_name("Twilio");
    row.provider.set_provider_type(common::v1::ProviderType::TWILIO);
    row.provider.set_is_active(true);
    row.provider.mutable_created_at()->set_seconds(1'767'225'600);
    *row.provider.mutable_updated_at() = row.provider.created_at();
    row.sealed = keyring.Seal(v1::ProviderSecrets(), kTenant, account).value();
    testing::IoThreads io;
    SubmissionStore submissions(*database);
    const absl::Time now = base::SystemClock().Now();
    REQUIRE(io.Run(ProviderStore(*database).Insert(row, now + absl::Seconds(10))).ok());
    // Replicas follow from the beginning, not from the newest event.
    REQUIRE(
        io.Run(submissions.Begin({}, "dispatch.agent_leg", 0, now, now + absl::Seconds(10))).ok());
    registry.Add(std::make_unique<FakeAdapter>());
    adapter = static_cast<FakeAdapter*>(registry.Find(common::v1::ProviderType::TWILIO));
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
  CallEvent Event(const std::string& type) {
    CallEvent event;
    event.set_tenant_id(kTenant.value());
    event.set_id(call);
    event.set_provider_id(account);
    event.set_provider_type(common::v1::ProviderType::TWILIO);
    event.set_type(type);
    event.set_party(Leg::AGENT);
    event.set_new_status(Session::RINGING);
    return event;
  }
  // What the provider was told, as soon as it was told `count` things.
  std::vector<Request> Told(size_t count) {
    testing::Eventually([&] {
      const size_t told = adapter->requests().size();
      return told >= count ? "" : std::to_string(told) + " requests";
    });
    return adapter->requests();
  }
  std::string Outcome(const std::string& leg) {
    std::string outcome;
    const absl::Status read = database->RunBlocking([&](db::Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(
          const db::Rows rows,
          c.Query("SELECT outcome FROM provider_submission WHERE leg_id = ?", {leg}));
      outcome = rows.empty() ? "none" : rows[0].Text(0);
      return absl::OkStatus();
    });
    return read.ok() ? outcome : std::string(read.message());
  }

  testing::FakeRandom random;
  std::unique_ptr<db::Database> database = testing::MariaDb::Shared().OpenFresh();
  Keyring keyring;
  Registry registry;
  FakeAdapter* adapter = nullptr;
  FakeSession session;
  std::string account;
  std::string call;
};

// One process of dispatch that follows the feed until it goes.
class Replica {
 public:
  explicit Replica(World& world)
      : providers_(*world.database),
        submissions_(*world.database),
        directory_(providers_, world.keyring, base::SystemClock(), "http://ctc"),
        gate_(world.registry, directory_, board_, background_, base::SystemClock()),
        leg_({submissions_, world.registry, directory_, gate_, background_, world.session,
              base::SystemClock()}),
        ended_(asio::co_spawn(asio::make_strand(io_.context()), leg_.Follow(), asio::use_future)) {}
  ~Replica() {
    leg_.Stop();
    ended_.get();
    auto stop = [](Background& background) -> Task<bool> {
      co_await background.Stop();
      co_return true;
    };
    io_.Run(stop(background_));
  }

 private:
  testing::IoThreads io_{2};
  ProviderStore providers_;
  SubmissionStore submissions_;
  Directory directory_;
  HealthBoard board_{base::SystemClock()};
  Background background_{io_.executor()};
  Gate gate_;
  AgentLeg leg_;
  std::future<void> ended_;
};

void AwaitOutcome(World& world, const std::string& leg, const std::string& wanted) {
  testing::Eventually([&] {
    const std::string outcome = world.Outcome(leg);
    return outcome == wanted ? "" : outcome;
  });
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
