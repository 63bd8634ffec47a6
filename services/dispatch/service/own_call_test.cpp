#include "services/dispatch/service/own_call.h"

#include <catch2/catch.hpp>

#include <map>
#include <vector>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/providers/outcome.h"
#include "libs/testing/run_task.h"

namespace ctc::dispatch {
namespace {

using testing::RunTask;

// The session service, which knows whose calls are.
class FakeSession final : public rpc::Channel {
 public:
  Task<absl::StatusOr<rpc::MessagePtr>> Call(std::string_view, rpc::Context,
                                             const google::protobuf::Message& request,
                                             const google::protobuf::Message&) override {
    ++questions;
    if (down) co_return absl::UnavailableError("down");
    const auto& asked = static_cast<const session::v1::ResolveSessionRequest&>(request);
    const auto found = of_call.find(asked.provider_id() + "/" + asked.provider_call_id());
    if (found == of_call.end()) co_return base::MakeError(base::kNotFound, "nobody's");
    auto response = std::make_unique<session::v1::ResolveSessionResponse>();
    response->set_id(found->second);
    co_return rpc::MessagePtr(std::move(response));
  }

  std::map<std::string, std::string> of_call;
  bool down = false;
  int questions = 0;
};

struct World {
  World() {
    request.set_provider_id("p1");
    request.mutable_order()->set_id("s1");
    request.mutable_order()->set_room("s0");
  }
  // A provider that has these calls, and gives the first that is not excluded.
  v1::LookUpCallResponse LookUp() {
    return RunTask(
               LookUpOwnCall({owners, base::SystemClock(), base::TenantId("t1")}, request,
                             [this](const v1::LookUpCallRequest& asked) { return Give(asked); }))
        .value();
  }
  Task<absl::StatusOr<v1::LookUpCallResponse>> Give(v1::LookUpCallRequest asked) {
    v1::LookUpCallResponse response;
    response.set_found(v1::LookUpCallResponse::NOT_FOUND);
    for (const std::string& call : calls) {
      if (providers::IsOfOthers(asked, call)) continue;
      response.set_found(v1::LookUpCallResponse::LIVE);
      response.set_provider_call_id(call);
      break;
    }
    co_return response;
  }

  FakeSession owners;
  v1::LookUpCallRequest request;
  std::vector<std::string> calls;
};

}  // namespace

TEST_CASE("a call that is another session's is passed over", "[dispatch][own_call]") {
  World world;
  CHECK(world.LookUp().found() == v1::LookUpCallResponse::NOT_FOUND);
  CHECK(world.owners.questions == 0);
  world.calls = {"CA1", "CA2", "CA3"};
  world.owners.of_call = {{"p1/CA1", "s8"}, {"p1/CA2", "s9"}, {"p2/CA3", "s9"}};
  CHECK(world.LookUp().provider_call_id() == "CA3");
  world.owners.of_call["p1/CA3"] = "s1";
  CHECK(world.LookUp().provider_call_id() == "CA3");
  world.owners.of_call["p1/CA3"] = "s0";  // the same conversation
  CHECK(world.LookUp().provider_call_id() == "CA3");
  world.owners.of_call["p1/CA3"] = "s7";
  CHECK(world.LookUp().found() == v1::LookUpCallResponse::NOT_FOUND);
}

TEST_CASE("a call that is asked for by its id is believed", "[dispatch][own_call]") {
  World world;
  world.calls = {"CA1"};
  world.owners.of_call = {{"p1/CA1", "s8"}};
  world.request.set_provider_call_id("CA1");
  CHECK(world.LookUp().provider_call_id() == "CA1");
  CHECK(world.owners.questions == 0);
}

TEST_CASE("whose a call is must be known before it is believed", "[dispatch][own_call]") {
  World world;
  world.calls = {"CA1"};
  world.owners.down = true;
  CHECK(world.LookUp().found() == v1::LookUpCallResponse::FOUND_UNSPECIFIED);
  world.owners.down = false;
  for (int i = 0; i < 30; ++i) {
    world.calls.push_back("CB" + std::to_string(i));
    world.owners.of_call["p1/" + world.calls.back()] = "s8";
  }
  world.owners.of_call["p1/CA1"] = "s8";
  CHECK(world.LookUp().found() == v1::LookUpCallResponse::FOUND_UNSPECIFIED);
}

}  // namespace ctc::dispatch
