// Calls to another process: here, a server in this one over a real socket.
#include <catch2/catch.hpp>

#include "libs/rpc/fault.h"
#include "libs/rpc/rpc_test_support.h"
#include "libs/testing/quiet_port.h"

namespace ctc::rpc {
namespace {

struct Fixture {
  Fixture() { service.Bind(map); }

  std::unique_ptr<Server> Serve(std::string address = "127.0.0.1:0",
                                std::string secret = "s3cret") {
    ServerOptions options;
    options.address = std::move(address);
    options.shared_secret = std::move(secret);
    options.max_message_bytes = 512 << 10;
    auto server = Server::Start(map, threads.executor(), options);
    REQUIRE(server.ok());
    return *std::move(server);
  }

  static std::string Address(const Server& server) {
    return "127.0.0.1:" + std::to_string(server.port());
  }
  // Where nobody listens, or only who is told to.
  static std::string QuietAddress() { return "127.0.0.1:" + std::to_string(testing::QuietPort()); }

  // A busy machine may take its time to connect.
  std::unique_ptr<Channel> Connect(const std::string& address, std::string secret = "s3cret",
                                   absl::Duration wait = absl::Minutes(1)) {
    RemoteOptions options;
    options.address = address;
    options.shared_secret = std::move(secret);
    options.connection_wait = wait;
    return MakeRemoteChannel(threads.executor(), options);
  }

  absl::StatusOr<routing::GetAgentResponse> Get(Channel& channel, std::string id,
                                                absl::Duration timeout = absl::Seconds(10)) {
    return threads.Get(GetAgent(channel, std::move(id), ContextUntil(timeout)));
  }

  TestService service;
  HandlerMap map;
  Threads threads;
};

}  // namespace

TEST_CASE("a remote call reaches the handler with its context") {
  Fixture f;
  const auto server = f.Serve();
  const auto channel = f.Connect(Fixture::Address(*server));
  const auto response = f.Get(*channel, "a1");
  REQUIRE(response.ok());
  CHECK(response->agent().id() == "a1");
  CHECK(response->agent().name() == "t1/key_1");
  CHECK(response->agent().phone() == "req_1");
  CHECK(response->agent().is_active());
}

TEST_CASE("a remote error keeps its detail") {
  Fixture f;
  const auto server = f.Serve();
  const auto channel = f.Connect(Fixture::Address(*server));
  const auto response = f.Get(*channel, "missing");
  CHECK(base::IsError(response.status(), base::kNotFound));
  const base::ErrorDetail detail = base::DetailOf(response.status());
  CHECK(detail.metadata.at("agent_id") == "missing");
  CHECK(detail.fields.at(0).field == "id");
  CHECK(detail.retry_after == absl::Milliseconds(1500));
}

TEST_CASE("a remote exception becomes INTERNAL") {
  Fixture f;
  const auto server = f.Serve();
  const auto channel = f.Connect(Fixture::Address(*server));
  CHECK(absl::IsInternal(f.Get(*channel, "throw").status()));
}

TEST_CASE("a call that is not answered in time is DEADLINE_EXCEEDED") {
  Fixture f;
  const auto server = f.Serve();
  const auto channel = f.Connect(Fixture::Address(*server));
  const auto response = f.Get(*channel, "wait", absl::Milliseconds(100));
  CHECK(base::IsError(response.status(), base::kDeadlineExceeded));
  CHECK_FALSE(WasNeverSent(response.status()));
  CHECK(response.status().message().find("127.0.0.1") == std::string::npos);
  f.service.Open();
}

TEST_CASE("ten thousand calls at once are all answered") {
  Fixture f;
  const auto server = f.Serve();
  const auto channel = f.Connect(Fixture::Address(*server));
  std::atomic<int> right = 0;
  std::atomic<int> ended = 0;
  constexpr int kCalls = 10000;
  for (int i = 0; i < kCalls; ++i) {
    const std::string id = "a" + std::to_string(i);
    asio::co_spawn(f.threads.executor(), GetAgent(*channel, id, ContextUntil(absl::Seconds(60))),
                   [&, id](std::exception_ptr, absl::StatusOr<routing::GetAgentResponse> response) {
                     if (response.ok() && response->agent().id() == id) ++right;
                     ++ended;
                   });
  }
  for (int i = 0; i < 60 && ended < kCalls; ++i) Eventually([&] { return ended == kCalls; });
  CHECK(right == kCalls);
}

TEST_CASE("a call in flight when the server dies ends with UNAVAILABLE") {
  Fixture f;
  auto server = f.Serve();
  const auto channel = f.Connect(Fixture::Address(*server));
  auto answer = std::async(std::launch::async, [&] {
    return f.threads.Get(LogActivity(*channel, "wait", ContextUntil(absl::Seconds(30))));
  });
  REQUIRE(Eventually([&] { return f.service.calls == 1; }));
  server.reset();
  const auto response = answer.get();
  CHECK(base::IsError(response.status(), base::kUnavailable));
  CHECK_FALSE(WasNeverSent(response.status()));
  CHECK(response.status().message().find("127.0.0.1") == std::string::npos);
  CHECK(f.service.calls == 1);
  f.service.Open();
}

TEST_CASE("an idempotent call in flight is made again on the next connection") {
  Fixture f;
  const std::string address = Fixture::QuietAddress();
  auto server = f.Serve(address);
  const auto channel = f.Connect(address);
  auto answer =
      std::async(std::launch::async, [&] { return f.Get(*channel, "wait", absl::Seconds(30)); });
  REQUIRE(Eventually([&] { return f.service.calls == 1; }));
  server.reset();
  f.service.Open();
  server = f.Serve(address);
  CHECK(answer.get().ok());
  CHECK(f.service.calls == 2);
}

TEST_CASE("a channel reconnects by itself and calls wait for it") {
  Fixture f;
  const std::string address = Fixture::QuietAddress();
  auto server = f.Serve(address);
  const auto channel = f.Connect(address);
  REQUIRE(f.Get(*channel, "a1").ok());
  server.reset();
  auto answer = std::async(std::launch::async, [&] { return f.Get(*channel, "a2"); });
  server = f.Serve(address);
  CHECK(answer.get().ok());
}

TEST_CASE("a call without a server ends with UNAVAILABLE after the wait, not at its deadline") {
  Fixture f;
  const auto channel = f.Connect(Fixture::QuietAddress(), "s3cret", absl::Milliseconds(300));
  const absl::Duration begin = base::SystemClock().Monotonic();
  const auto response = f.Get(*channel, "a1", absl::Minutes(10));
  CHECK(base::IsError(response.status(), base::kUnavailable));
  CHECK(base::DetailOf(response.status()).retry_after.has_value());
  CHECK(WasNeverSent(response.status()));
  CHECK(response.status().message().find("127.0.0.1") == std::string::npos);
  CHECK(base::SystemClock().Monotonic() - begin > absl::Milliseconds(290));
}

TEST_CASE("a server works no longer than its caller waits, however late it was reached") {
  Fixture f;
  const std::string address = Fixture::QuietAddress();
  auto server = f.Serve(address);
  const bool second_attempt = GENERATE(false, true);
  INFO((second_attempt ? "the second attempt" : "the first attempt"));
  if (!second_attempt) server.reset();
  const auto channel = f.Connect(address);
  const Context context = ContextUntil(absl::Seconds(30));
  const absl::Duration begin = base::SystemClock().Monotonic();
  auto answer = std::async(std::launch::async,
                           [&] { return f.threads.Get(GetAgent(*channel, "wait", context)); });
  if (second_attempt) REQUIRE(Eventually([&] { return f.service.calls == 1; }));
  REQUIRE(Eventually(
      [&] { return base::SystemClock().Monotonic() - begin > absl::Milliseconds(300); }));
  server.reset();
  f.service.Open();
  const absl::Duration served = base::SystemClock().Monotonic();
  server = f.Serve(address);
  REQUIRE(answer.get().ok());
  // The time on the way is not known, but that it was on its way since then only.
  const absl::Duration way = base::SystemClock().Monotonic() - served;
  CHECK(absl::FromUnixMicros(f.service.deadline_us) < context.deadline + way);
}

TEST_CASE("a draining server answers what it got and sends new calls elsewhere") {
  Fixture f;
  const std::string address = Fixture::QuietAddress();
  auto server = f.Serve(address);
  const auto channel = f.Connect(address);
  auto first = std::async(std::launch::async, [&] {
    return f.threads.Get(LogActivity(*channel, "wait", ContextUntil(absl::Seconds(30))));
  });
  REQUIRE(Eventually([&] { return f.service.calls == 1; }));
  std::thread shutdown([&] { server->Shutdown(absl::Seconds(30)); });
  std::unique_ptr<Server> next;
  REQUIRE(Eventually([&] {  // the address is free once the old server stopped listening
    ServerOptions options;
    options.address = address;
    options.shared_secret = "s3cret";
    auto started = Server::Start(f.map, f.threads.executor(), options);
    if (started.ok()) next = *std::move(started);
    return next != nullptr;
  }));
  CHECK(f.Get(*channel, "a2").ok());
  f.service.Open();
  CHECK(first.get().ok());
  shutdown.join();
}

TEST_CASE("without the secret a call is UNAUTHENTICATED at once, by a fault of ours") {
  Fixture f;
  const auto server = f.Serve();
  const auto none = f.Connect(Fixture::Address(*server), "");
  const auto wrong = f.Connect(Fixture::Address(*server), "s3crex");
  for (Channel* channel : {none.get(), wrong.get()}) {
    const absl::Status status = f.Get(*channel, "a1").status();
    CHECK(absl::IsUnauthenticated(status));
    CHECK(base::DetailOf(status).code == base::kInternal.code);
    CHECK(WasNeverSent(status));
  }
  CHECK(f.service.calls == 0);
}

TEST_CASE("an answer arrives though it is larger than any request may be") {
  Fixture f;
  const auto server = f.Serve();
  const auto channel = f.Connect(Fixture::Address(*server));
  const auto answer = f.Get(*channel, "large");
  REQUIRE(answer.ok());
  CHECK(answer->agent().name().size() == 5 << 20);
}

TEST_CASE("a message over the limit is RESOURCE_EXHAUSTED and harms no other call") {
  Fixture f;
  const auto server = f.Serve();
  const auto channel = f.Connect(Fixture::Address(*server));
  for (const std::string& id :
       {std::string(600 << 10, 'x'), std::string(5 << 20, 'x'), std::string("huge")}) {
    const absl::Status status = f.Get(*channel, id, absl::Seconds(60)).status();
    CHECK(absl::IsResourceExhausted(status));
    CHECK(base::DetailOf(status).code == base::kInternal.code);
    CHECK(WasNeverSent(status) == (id.size() > 4 << 20));
  }
  CHECK(f.Get(*channel, "a1").ok());
}

TEST_CASE("an rpc that the server does not serve is UNIMPLEMENTED") {
  Fixture f;
  const auto server = f.Serve();
  const auto channel = f.Connect(Fixture::Address(*server));
  const routing::ListAgentsRequest request;
  const auto response =
      f.threads.Get(Call(*channel, Rpcs::kListAgents, ContextUntil(absl::Seconds(10)), request));
  CHECK(absl::IsUnimplemented(response.status()));
  CHECK(base::DetailOf(response.status()).code == base::kInternal.code);
}

TEST_CASE("calls still open when their channel goes end with UNAVAILABLE") {
  Fixture f;
  const auto server = f.Serve();
  auto channel = f.Connect(Fixture::Address(*server));
  auto answer =
      std::async(std::launch::async, [&] { return f.Get(*channel, "wait", absl::Seconds(30)); });
  REQUIRE(Eventually([&] { return f.service.calls == 1; }));
  channel.reset();
  CHECK(base::IsError(answer.get().status(), base::kUnavailable));
  f.service.Open();
}

}  // namespace ctc::rpc
