// Whose calls are taken for lost, and when: over a real database.
#include "services/dispatch/service/lost_calls.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <utility>

#include "services/dispatch/service/dispatch_world_for_test.h"
#include "services/dispatch/service/lease_holder.h"

namespace ctc::dispatch {
namespace {

constexpr char kOther[] = "another@elsewhere:1";

// Of one type of accounts, of which those have their calls here whose name says so.
class FakeAdapter final : public FakeAdapterBase {
 public:
  v1::ProviderTypeInfo Describe() const override {
    v1::ProviderTypeInfo info;
    info.set_provider_type(common::v1::ProviderType::SIP);
    return info;
  }
  bool CarriesCalls(const v1::Provider& config) const override {
    return config.provider_name() == "native";
  }
  Task<void> EndLost(std::shared_ptr<const providers::Account> account,
                     std::vector<session::v1::Session> live) override {
    const base::MutexLock lock(mutex_);
    for (const session::v1::Session& session : live) {
      told_.push_back(CarriesCalls(account->config) ? session.id() : "a call of another's");
    }
    co_return;
  }
  std::vector<std::string> told() const {
    const base::MutexLock lock(mutex_);
    return told_;
  }

 private:
  absl::Status Answer(const v1::ControlCallRequest& /*request*/) override {
    return absl::OkStatus();
  }

  mutable base::Mutex mutex_;
  std::vector<std::string> told_ ABSL_GUARDED_BY(mutex_);
};

// The system's, but for its monotonic time.
class AheadClock final : public base::Clock {
 public:
  absl::Time Now() const override { return base::SystemClock().Now(); }
  absl::Duration Monotonic() const override {
    ++reads;
    return base::SystemClock().Monotonic() + absl::Seconds(ahead_seconds.load());
  }
  std::atomic<int> ahead_seconds = 0;
  mutable std::atomic<int> reads = 0;
};

// One session of the account that is asked for lives.
class FakeSession final : public FakeSessionBase {
 public:
  std::function<void(int times)> on_asked = [](int) {};
  std::atomic<int> asked = 0;
  std::atomic<bool> is_away = false;

 private:
  absl::StatusOr<rpc::MessagePtr> Answer(std::string_view path,
                                         const google::protobuf::Message& request) override {
    if (path != session::v1::SessionServiceRpc::kListLiveSessions.path) {
      return absl::UnimplementedError("not asked for here");
    }
    on_asked(++asked);
    if (is_away) return absl::UnavailableError("away");
    auto live = std::make_unique<session::v1::ListLiveSessionsResponse>();
    live->add_sessions()->set_id(
        "call at " +
        static_cast<const session::v1::ListLiveSessionsRequest&>(request).provider_id());
    return rpc::MessagePtr(std::move(live));
  }
};

struct World {
  World() {
    native = Insert("native");
    Insert("a switch");
  }
  ~World() { process.Stop(); }
  std::string Insert(const std::string& name) {
    StoredProvider row;
    row.tenant = kTenant;
    row.provider.set_id(shared.ids.Uuid());
    row.provider.set_provider_name(name);
    row.provider.set_provider_type(common::v1::ProviderType::SIP);
    row.provider.set_is_active(name != "native");  // its calls went on when it was switched off
    row.provider.mutable_created_at()->set_seconds(1'767'225'600);
    *row.provider.mutable_updated_at() = row.provider.created_at();
    row.sealed = shared.keyring.Seal({}, kTenant, row.provider.id()).value();
    REQUIRE(shared.io.Run(ProviderStore(*shared.database).Insert(row, shared.Soon())).ok());
    return row.provider.id();
  }
  // Another process is there, or was.
  bool Joins(const std::string& holder, absl::Duration ttl = absl::Minutes(5)) {
    return shared.io.Run(leases.Take("native-calls/" + holder, holder, ttl, DispatchWorld::Soon()))
        .ok();
  }
  void Leaves(const std::string& holder) {
    REQUIRE(shared.io.Run(leases.Release("native-calls/" + holder, holder, shared.Soon())).ok());
  }
  std::vector<std::string> Holders() {
    std::vector<std::string> names;
    const auto holders =
        shared.io.Run(leases.HoldersOf("native-calls/", DispatchWorld::Soon())).value();
    for (const Holder& holder : holders) names.push_back(holder.name);
    return names;
  }
  void Start() {
    REQUIRE(process.io.Run(lost_calls.Join()).ok());
    process.background.Spawn("lost calls", [this] { return lost_calls.Run(); });
  }
  void AwaitTold() {
    testing::EventuallyTrue([&] { return !adapter.told().empty(); }, "the lost call to be told");
    CHECK(adapter.told() == std::vector<std::string>{"call at " + native});
  }

  FakeAdapter& adapter = *new FakeAdapter();  // the registry's
  DispatchWorld shared{"dispatch.none", std::unique_ptr<providers::Adapter>(&adapter)};
  DispatchProcess process{shared};
  LeaseStore leases{*process.database};
  LeaseStore own_leases{*process.database};
  FakeSession session;
  AheadClock clock;
  std::string native;
  LostCalls lost_calls{{own_leases, shared.registry, process.directory, session, process.background,
                        clock, NameHolder("this")}};
};

}  // namespace

TEST_CASE("who is alone tells of all calls that may be lost, once", "[dispatch][lost]") {
  World w;
  w.session.is_away = true;
  w.session.on_asked = [&w](int times) {
    if (times == 2) w.session.is_away = false;
  };
  w.Start();
  CHECK(w.Holders() == std::vector<std::string>{NameHolder("this")});
  w.AwaitTold();
  CHECK(w.session.asked == 2);
  // The others see when it has gone.
  w.process.Stop();
  auto leave = [](LostCalls& lost_calls) -> Task<bool> {
    co_await lost_calls.Leave();
    co_return true;
  };
  w.process.io.Run(leave(w.lost_calls));
  CHECK(w.Holders().empty());
}

TEST_CASE("nothing is told of while another process may have the call", "[dispatch][lost]") {
  World w;
  std::atomic<size_t> told = 99;
  // It comes when this one has looked around already.
  w.session.on_asked = [&](int times) {
    if (times == 1) {
      w.Joins(kOther);
    } else {
      told = w.adapter.told().size();
    }
  };
  w.Start();
  testing::EventuallyTrue([&] { return w.session.asked == 1 && w.Holders().size() == 2; },
                          "the sessions to be read");
  const int reads = w.clock.reads;
  testing::EventuallyTrue([&] { return w.clock.reads > reads + 8; }, "the other to be seen");
  CHECK(w.adapter.told().empty());
  w.Leaves(kOther);
  w.AwaitTold();
  CHECK(told == 0);
}

TEST_CASE("a process that is seen to be dead is waited for by nobody", "[dispatch][lost]") {
  World w;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  std::string dead = NameHolder("dead");
  dead = dead.substr(0, dead.rfind(':') + 1) + std::to_string(child);
  REQUIRE(w.Joins(dead));
  w.Start();
  w.AwaitTold();
  CHECK(w.Holders() == std::vector<std::string>{NameHolder("this")});
}

TEST_CASE("who did not renew while the database was away has its time to do so",
          "[dispatch][lost]") {
  World w;
  REQUIRE(w.Joins(kOther, -absl::Seconds(1)));
  std::atomic<size_t> told = 99;
  w.session.on_asked = [&](int) { told = w.adapter.told().size(); };
  w.Start();
  SECTION("and is there again") {
    testing::EventuallyTrue([&] { return w.clock.reads > 8; }, "some looks of the one that waits");
    REQUIRE(w.Joins(kOther));
    CHECK(w.session.asked == 0);
    CHECK(w.adapter.told().empty());
  }
  SECTION("and was dead all the same") {
    w.clock.ahead_seconds = 21;
    w.AwaitTold();
    CHECK(told == 0);
  }
}

}  // namespace ctc::dispatch
