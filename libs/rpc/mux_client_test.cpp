// What a client holds of calls that nobody takes.
#include "libs/rpc/mux_client.h"

#include <catch2/catch.hpp>

#include "libs/rpc/frame.h"
#include "libs/rpc/rpc_test_support.h"
#include "libs/testing/quiet_port.h"

namespace ctc::rpc {
namespace {

// A client of a port where nobody listens.
struct Fixture {
  explicit Fixture(absl::Duration connection_wait = absl::Seconds(1)) {
    RemoteOptions remote;
    remote.address = "127.0.0.1:" + std::to_string(testing::QuietPort());
    remote.connection_wait = connection_wait;
    client = std::make_shared<MuxClient>(threads.executor(), remote);
  }
  ~Fixture() { client->Close(); }

  void Submit(absl::Duration timeout) {
    auto call = std::make_shared<MuxCall>();
    call->path = Rpcs::kLogAgentActivity.path;
    const Context context = ContextUntil(timeout);
    call->frame = MakeCall(call->path, context, base::SystemClock().Now(), AgentRequest("a1"));
    call->deadline = context.deadline;
    call->done = [this](absl::StatusOr<std::string>) { ++ended; };
    calls.emplace_back(call);
    client->Submit(std::move(call));
  }
  // How many calls the client still holds.
  int64_t Held() const {
    return std::count_if(calls.begin(), calls.end(),
                         [](const auto& call) { return !call.expired(); });
  }

  std::vector<std::weak_ptr<MuxCall>> calls;
  std::atomic<int> ended = 0;
  Threads threads;  // end before what the calls tell
  std::shared_ptr<MuxClient> client;
};

}  // namespace

TEST_CASE("a client whose server stays away holds no call that has ended") {
  Fixture f;
  for (int round = 1; round <= 3; ++round) {
    for (int i = 0; i < 100; ++i) f.Submit(absl::Milliseconds(50));
    REQUIRE(Eventually([&] { return f.ended == 100 * round; }));
    CHECK(Eventually([&] { return f.Held() == 0; }));
  }
}

TEST_CASE("a call that still waits does not keep those behind it for long") {
  Fixture f;
  f.Submit(absl::Seconds(60));
  for (int i = 0; i < 100; ++i) f.Submit(absl::Milliseconds(10));
  CHECK(Eventually([&] { return f.ended == 101; }));  // the first after its wait for a connection
  CHECK(Eventually([&] { return f.Held() == 0; }));
}

TEST_CASE("a closed client holds nothing") {
  Fixture f(absl::Minutes(10));
  for (int i = 0; i < 100; ++i) f.Submit(absl::Minutes(10));
  f.client->Close();
  CHECK(f.ended == 100);
  CHECK(f.Held() == 0);
}

}  // namespace ctc::rpc
