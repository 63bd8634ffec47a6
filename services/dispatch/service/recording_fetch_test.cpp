// What becomes of an account whose recordings cannot be fetched.
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

// No test here asks for a session.
class NoSession final : public FakeSessionBase {
  absl::StatusOr<rpc::MessagePtr> Answer(std::string_view,
                                         const google::protobuf::Message&) override {
    return absl::UnimplementedError("not asked");
  }
};

struct World {
  absl::Status Fetch() {
    v1::FetchRecordingRequest request;
    request.set_provider_id(shared.account);
    request.set_recording_url("https://api.twilio.com/RE" + std::to_string(++fetches) + ".wav");
    request.mutable_range()->set_max_bytes(1);
    return process.io.Run(service.FetchRecording(Context(), request)).status();
  }
  bool TakesCalls() {
    const v1::ListRoutesRequest request;
    const auto routes = process.io.Run(service.ListRoutes(Context(), request));
    REQUIRE(routes.ok());
    REQUIRE(routes->routes_size() == 1);
    return routes->routes(0).available();
  }
  std::string Circuit() const { return process.board.Describe(shared.account).circuit(); }
  void Report(Verdict verdict) {
    v1::Provider provider;
    provider.set_id(shared.account);
    process.board.Report(provider, verdict, "as the test says");
  }
  static rpc::Context Context() {
    return rpc::Context::ForService(kTenant, base::SystemClock().Now() + absl::Seconds(10));
  }
  ~World() { process.Stop(); }

  providers::FakeHttp http;
  DispatchWorld shared{"dispatch.none",
                       providers::twilio::MakeAdapter({http, base::SystemClock(), {}})};
  DispatchProcess process{shared};
  RecordingShelf shelf{base::SystemClock(), 1 << 20};
  NoSession session;
  DispatchService service{shared.registry, process.directory, process.board,      process.gate,
                          shelf,           session,           base::SystemClock()};
  int fetches = 0;
};

}  // namespace

TEST_CASE("an account whose recordings cannot be fetched goes on taking calls",
          "[dispatch][recording]") {
  World world;
  SECTION("since their host is dead") {
    world.http.Break("GET", http::Reached::kNotSent, absl::UnavailableError("refused"));
    for (int i = 0; i < 30; ++i) CHECK_THAT(world.Fetch(), HasError(base::kProviderUnreachable));
  }
  SECTION("since it refuses the credentials") {
    world.http.When("GET", 401, "");
    for (int i = 0; i < 30; ++i) CHECK_THAT(world.Fetch(), HasError(base::kProviderCredentials));
  }
  SECTION("since they are not there") {
    world.http.When("GET", 404, "");
    for (int i = 0; i < 30; ++i) CHECK_THAT(world.Fetch(), HasError(base::kRecordingMissing));
  }
  CHECK(world.TakesCalls());
  CHECK(world.Circuit() == "closed");
}

TEST_CASE("what a provider keeps is not asked for when recordings are deleted",
          "[dispatch][recording]") {
  World world;
  v1::DeleteRecordingRequest request;
  request.set_provider_id(world.shared.account);
  request.set_recording_url("https://api.twilio.com/RE1.wav");
  const auto deletion = [&] {
    return world.process.io.Run(world.service.DeleteRecording(World::Context(), request)).status();
  };
  CHECK(deletion().ok());
  CHECK(world.http.requests.empty());
  request.set_provider_id("..");
  CHECK_THAT(deletion(), HasError(base::kValidationFailed));
}

TEST_CASE("recordings that can be fetched do not close the circuit of calls",
          "[dispatch][recording]") {
  World world;
  for (int i = 0; i < 5; ++i) world.Report(Verdict::kBad);
  REQUIRE_FALSE(world.TakesCalls());
  world.http.When("GET", [](const http::ClientRequest&) {
    http::ClientResult result;
    result.response.status = 200;
    result.response.headers.Add("Content-Type", "audio/wav");
    result.response.body = "RIFF";
    return result;
  });
  for (int i = 0; i < 30; ++i) REQUIRE_THAT(world.Fetch(), testing::IsOk());
  CHECK_FALSE(world.TakesCalls());
  CHECK(world.Circuit() == "open");
}

}  // namespace ctc::dispatch
