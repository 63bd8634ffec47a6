// What looking calls up says of their account.
#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/twilio/adapter.h"
#include "libs/testing/status_matchers.h"
#include "services/dispatch/service/dispatch_service.h"
#include "services/dispatch/service/dispatch_world_for_test.h"

namespace ctc::dispatch {
namespace {

using testing::HasError;

// A type without a look-up.
class FakeAdapter final : public FakeAdapterBase {
 public:
  Task<absl::StatusOr<v1::LookUpCallResponse>> LookUp(const providers::Account&,
                                                      const v1::LookUpCallRequest&) override {
    v1::LookUpCallResponse response;
    response.set_found(v1::LookUpCallResponse::CANNOT_ASK);
    co_return response;
  }

 private:
  absl::Status Answer(const v1::ControlCallRequest& /*request*/) override {
    return absl::OkStatus();
  }
};

// No test here asks for a session.
class NoSession final : public FakeSessionBase {
  absl::StatusOr<rpc::MessagePtr> Answer(std::string_view,
                                         const google::protobuf::Message&) override {
    return absl::UnimplementedError("not asked");
  }
};

struct World {
  explicit World(std::unique_ptr<providers::Adapter> adapter)
      : shared("dispatch.none", std::move(adapter)) {}
  ~World() { process.Stop(); }
  absl::StatusOr<v1::LookUpCallResponse> LookUp() {
    v1::LookUpCallRequest request;
    request.set_provider_id(shared.account);
    request.mutable_order()->set_id(shared.ids.Uuid());
    return process.io.Run(
        service.LookUpCall(rpc::Context::ForService(kTenant, DispatchWorld::Soon()), request));
  }
  std::string Circuit() const { return process.board.Describe(shared.account).circuit(); }
  void Fail(int times) {
    v1::Provider provider;
    provider.set_id(shared.account);
    for (int i = 0; i < times; ++i) {
      process.board.Report(provider, Verdict::kBad, "as the test says");
    }
  }

  DispatchWorld shared;
  DispatchProcess process{shared};
  RecordingShelf shelf{base::SystemClock(), 1 << 20};
  NoSession session;
  DispatchService service{shared.registry, process.directory, process.board,      process.gate,
                          shelf,           session,           base::SystemClock()};
};

}  // namespace

TEST_CASE("a look-up that asks nobody says nothing good of the provider", "[dispatch][look_up]") {
  World world(std::make_unique<FakeAdapter>());
  world.Fail(4);
  const absl::StatusOr<v1::LookUpCallResponse> answer = world.LookUp();
  REQUIRE_THAT(answer.status(), testing::IsOk());
  CHECK(answer->found() == v1::LookUpCallResponse::CANNOT_ASK);
  CHECK(world.Circuit() == "closed");
  world.Fail(1);
  CHECK(world.Circuit() == "open");
}

TEST_CASE("too many look-ups are no fault of the provider's", "[dispatch][look_up]") {
  providers::FakeHttp http;
  World world(providers::twilio::MakeAdapter({http, base::SystemClock(), {}}));
  http.When("GET", 429, "");
  for (int i = 0; i < 30; ++i) {
    CHECK_THAT(world.LookUp().status(), HasError(base::kProviderRateLimited));
  }
  CHECK(world.Circuit() == "closed");
  http.When("GET", 503, "");
  for (int i = 0; i < 5; ++i) (void)world.LookUp();
  CHECK(world.Circuit() == "open");
}

}  // namespace ctc::dispatch
