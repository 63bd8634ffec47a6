// What becomes of the circuit of an account that cannot be asked how it is.
#include "services/dispatch/service/gate.h"

#include <atomic>
#include <future>

#include "libs/base/error_catalogue.h"
#include "libs/providers/outcome.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/status_matchers.h"
#include "services/dispatch/service/dispatch_service.h"
#include "services/dispatch/service/dispatch_world_for_test.h"

namespace ctc::dispatch {
namespace {

using testing::HasError;

// As a SIP account whose settings have no operation `health`. Thread-safe.
class FakeAdapter final : public FakeAdapterBase {
 public:
  Task<v1::PlaceCallResponse> Place(const providers::Account&, const v1::CallOrder&) override {
    co_return providers::Accepted("CA1");
  }
  Task<absl::StatusOr<std::string>> Check(const providers::Account&) override {
    ++checks_;
    co_return base::MakeError(base::kCapabilityMissing, "there is no operation for health");
  }
  int checks() const { return checks_; }

 private:
  absl::Status Answer(const v1::ControlCallRequest& /*request*/) override {
    return absl::OkStatus();
  }

  std::atomic<int> checks_ = 0;
};

// No test here asks for a session.
class NoSession final : public FakeSessionBase {
  absl::StatusOr<rpc::MessagePtr> Answer(std::string_view,
                                         const google::protobuf::Message&) override {
    return absl::UnimplementedError("not asked");
  }
};

// Blocks its strand until `go`.
Task<void> HoldStrand(std::shared_future<void> go) {
  go.wait();
  co_return;
}

struct World {
  ~World() { process.Stop(); }
  static rpc::Context Context() { return rpc::Context::ForService(kTenant, DispatchWorld::Soon()); }
  AccountPtr Account() {
    return process.io.Run(process.directory.Find(kTenant, shared.account, DispatchWorld::Soon()))
        .value();
  }
  absl::StatusOr<v1::PlaceCallResponse> Place() {
    v1::PlaceCallRequest request;
    request.set_provider_id(shared.account);
    request.mutable_order()->set_id(shared.ids.Uuid());
    return process.io.Run(service.PlaceCall(Context(), request));
  }
  std::string Circuit() const { return board.Describe(shared.account).circuit(); }

  DispatchWorld shared{"dispatch.none", std::make_unique<FakeAdapter>()};
  FakeAdapter* adapter =
      static_cast<FakeAdapter*>(shared.registry.Find(common::v1::ProviderType::TWILIO));
  DispatchProcess process{shared};
  testing::FakeClock clock{base::SystemClock().Now()};
  HealthBoard board{clock};
  Gate gate{shared.registry, process.directory, board, process.background, clock};
  RecordingShelf shelf{clock, 1 << 20};
  NoSession session;
  DispatchService service{shared.registry, process.directory, board, gate, shelf, session, clock};
};

}  // namespace

TEST_CASE("an account that cannot be asked how it is stays in use", "[dispatch][gate]") {
  World world;
  const AccountPtr account = world.Account();
  for (int i = 0; i < 5; ++i) {
    const auto answer = world.process.io.Run(world.gate.Check(account));
    CHECK_THAT(answer.status(), HasError(base::kCapabilityMissing));
  }
  CHECK(world.Circuit() == "closed");
}

TEST_CASE("where nothing can be asked a call closes the circuit", "[dispatch][gate]") {
  World world;
  const AccountPtr account = world.Account();
  // The prober begins when its time has come already: it sleeps by the real clock.
  std::promise<void> due;
  const std::shared_future<void> go = due.get_future().share();
  world.process.background.Spawn("hold", [go] { return HoldStrand(go); });
  for (int i = 0; i < 5; ++i) {
    world.gate.Report(*account, "place", Verdict::kBad, "REFUSED", absl::ZeroDuration(), "failed");
  }
  REQUIRE(world.Circuit() == "open");
  world.clock.Advance(absl::Seconds(31));
  due.set_value();
  testing::EventuallyTrue([&] { return world.adapter->checks() == 1; }, "the prober asks");
  testing::EventuallyTrue([&] { return world.board.WouldAllow(world.shared.account); },
                          "the probe is left to a call");
  CHECK(world.Circuit() == "half_open");
  const absl::StatusOr<v1::PlaceCallResponse> placed = world.Place();
  REQUIRE_THAT(placed.status(), testing::IsOk());
  CHECK(placed->outcome() == v1::PlaceCallResponse::ACCEPTED);
  CHECK(world.Circuit() == "closed");
}

}  // namespace ctc::dispatch
