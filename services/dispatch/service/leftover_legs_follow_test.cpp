// What is left of an ended call, when the provider is away for a moment: over a real database.
#include <catch2/catch.hpp>
#include <future>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "services/dispatch/service/dispatch_world_for_test.h"
#include "services/dispatch/service/leftover_legs.h"

namespace ctc::dispatch {
namespace {

using session::v1::Leg;
using session::v1::Session;
using Request = v1::ControlCallRequest;

// Its legs outlive others, and it fails at first.
class FakeAdapter final : public FakeAdapterBase {
 public:
  explicit FakeAdapter(std::vector<absl::Status> answers) : answers_(std::move(answers)) {}
  bool LegsOutliveOthers() const override { return true; }

 private:
  absl::Status Answer(const Request& /*request*/) override {
    const size_t n = requests().size() - 1;
    return n < answers_.size() ? answers_[n] : absl::OkStatus();
  }

  const std::vector<absl::Status> answers_;
};

// The session service, which knows one ended call.
class FakeSession final : public FakeSessionBase {
 public:
  explicit FakeSession(std::string account) : account_(std::move(account)) {}

 private:
  absl::StatusOr<rpc::MessagePtr> Answer(std::string_view,
                                         const google::protobuf::Message& request) override {
    auto response = std::make_unique<session::v1::GetSessionResponse>();
    Session& session = *response->mutable_session();
    session.set_id(static_cast<const session::v1::GetSessionRequest&>(request).id());
    session.set_provider_id(account_);
    session.set_status(Session::COMPLETED);
    for (const char* name : {"agent", "customer"}) {
      Leg& leg = *session.add_legs();
      leg.set_id(name);
      leg.set_provider_leg_id(absl::StrCat("leg-", name));
    }
    return rpc::MessagePtr(std::move(response));
  }
  const std::string account_;
};

// How often the provider was asked, until the follower had nothing more to do.
std::vector<Request> RequestsAfter(std::vector<absl::Status> answers, size_t wanted) {
  DispatchWorld world("dispatch.leftover_legs", std::make_unique<FakeAdapter>(std::move(answers)));
  auto* adapter = static_cast<FakeAdapter*>(world.registry.Find(common::v1::ProviderType::TWILIO));
  FakeSession sessions(world.account);
  session::v1::CallEvent ended = world.Event(world.ids.Uuid(), "session.ended");
  ended.set_new_status(Session::COMPLETED);
  ended.set_provider_leg_id("leg-customer");
  sessions.Tell(ended);
  DispatchProcess process(world);
  LeftoverLegs legs({process.submissions, world.registry, process.directory, process.background,
                     sessions, base::SystemClock()});
  auto followed =
      asio::co_spawn(asio::make_strand(process.io.context()), legs.Follow(), asio::use_future);
  testing::EventuallyTrue([&] { return adapter->requests().size() == wanted; }, "the requests",
                          kTriesLast);
  asio::co_spawn(process.io.context(), legs.Stop(), asio::use_future).get();
  followed.get();
  process.Stop();
  return adapter->requests();
}

TEST_CASE("what is left of a call is hung up though the provider was away",
          "[dispatch][leftover]") {
  const std::vector<Request> requests =
      RequestsAfter({absl::UnavailableError("503"), absl::ResourceExhaustedError("429")}, 3);
  REQUIRE(requests.size() == 3);
  for (const Request& request : requests) {
    CHECK(request.action() == Request::HANG_UP);
    REQUIRE(request.legs_size() == 1);
    CHECK(request.legs(0).provider_leg_id() == "leg-agent");
  }
}

TEST_CASE("what a provider cannot hang up is not asked for again", "[dispatch][leftover]") {
  CHECK(RequestsAfter({base::MakeError(base::kCapabilityMissing, "no")}, 1).size() == 1);
}

}  // namespace
}  // namespace ctc::dispatch
