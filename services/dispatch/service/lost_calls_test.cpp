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
    CHECK(CarriesCalls(account->config));
    const base::MutexLock lock(mutex_);
    for (const session::v1::Session& session : live) told_.push_back(session.id());
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

// One session of the account that is asked for lives.
class FakeSession final : public FakeSessionBase {
 public:
  std::function<void(int times)> on_asked = [](int) {};
  std::atomic<int> asked = 0;
  std::atomic<bool> is_away = false;

 private:
  absl::StatusOr<rpc::MessagePtr> Answer(std::string_view path,
                                         const google::protobuf::Message& request) override {
    CHECK(path == session::v1::SessionServiceRpc::kListLiveSessions.path);
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
    row.provider.set_is_active(true);
    row.provider.mutable_created_at()->set_seconds(1'767'225'600);
    *row.provider.mutable_updated_at() = row.provider.created_at();
    row.sealed = shared.keyring.Seal({}, kTenant, row.provider.id()).value();
    REQUIRE(shared.io.Run(ProviderStore(*shared.database).Insert(row, shared.Soon())).ok());
    return row.provider.id();
  }
  // Another process is there.
  void Joins(const std::string& holder) {
    const auto joined = shared.io.Run(
        leases.Take("native-calls/" + holder, holder, absl::Minutes(5), DispatchWorld::Soon()));
    REQUIRE(joined.ok());
  }
  void Leaves(const std::string& holder) {
    REQUIRE(shared.io.Run(leases.Release("native-calls/" + holder, holder, shared.Soon())).ok());
  }
  std::vector<std::string> Holders() {
    return shared.io.Run(leases.HoldersOf("native-calls/", DispatchWorld::Soon())).value();
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
  std::string native;
  LostCalls lost_calls{{own_leases, shared.registry, process.directory, session, process.background,
                        base::SystemClock(), NameHolder("this")}};
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
  w.Joins(dead);
  w.Start();
  w.AwaitTold();
  CHECK(w.Holders() == std::vector<std::string>{NameHolder("this")});
}

}  // namespace ctc::dispatch
