// What any gRPC client sees of a server: unary calls, health, reflection.
#include "libs/rpc/server.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <catch2/catch.hpp>

#include "google/rpc/status.pb.h"
#include "libs/rpc/rpc_test_support.h"
#include "libs/rpc/wire.h"

namespace ctc::rpc {
namespace {

struct Fixture {
  Fixture() {
    service.Bind(map);
    ServerOptions options;
    options.shared_secret = "s3cret";
    options.max_message_bytes = 64 << 10;
    auto started = Server::Start(map, threads.executor(), options);
    REQUIRE(started.ok());
    server = *std::move(started);
    channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(server->port()),
                                  grpc::InsecureChannelCredentials());
  }

  // A plain unary call, as grpcurl makes it.
  grpc::Status Unary(const std::string& path, const grpc::ByteBuffer& request,
                     grpc::ByteBuffer& response,
                     const std::map<std::string, std::string>& metadata = {}) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    for (const auto& [name, value] : metadata) context.AddMetadata(name, value);
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, path, grpc::StubOptions(), &request, &response,
                   [&done](grpc::Status status) { done.set_value(std::move(status)); });
    return done.get_future().get();
  }

  grpc::Status GetAgent(const std::string& id, routing::GetAgentResponse& response,
                        const std::map<std::string, std::string>& metadata) {
    grpc::ByteBuffer bytes;
    grpc::Status status =
        Unary(std::string(Rpcs::kGetAgent.path), ToBuffer(AgentRequest(id)), bytes, metadata);
    if (status.ok()) REQUIRE(FromBuffer(bytes, response));
    return status;
  }

  TestService service;
  HandlerMap map;
  Threads threads;
  std::unique_ptr<Server> server;
  std::shared_ptr<grpc::Channel> channel;
};

// The bytes of a HealthCheckResponse: field 1, 1 is SERVING, 2 is NOT_SERVING.
std::string HealthOf(Fixture& f, const std::string& service) {
  std::string request;
  if (!service.empty()) {
    request = "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
  }
  grpc::Slice slice(request);
  grpc::ByteBuffer response;
  const grpc::Status status =
      f.Unary("/grpc.health.v1.Health/Check", grpc::ByteBuffer(&slice, 1), response);
  if (!status.ok()) return status.error_message();
  grpc::Slice out;
  if (!response.DumpToSingleSlice(&out).ok()) return "unreadable";
  return std::string(reinterpret_cast<const char*>(out.begin()), out.size());
}

}  // namespace

TEST_CASE("a plain gRPC client can call each rpc") {
  Fixture f;
  routing::GetAgentResponse response;
  const grpc::Status status = f.GetAgent("a1", response,
                                         {{"x-ctc-secret", "s3cret"},
                                          {"x-ctc-tenant", "t2"},
                                          {"x-ctc-subject", "k"},
                                          {"x-request-id", "req_7"}});
  REQUIRE(status.ok());
  CHECK(response.agent().name() == "t2/k");
  CHECK(response.agent().phone() == "req_7");
  CHECK(response.agent().is_active());  // gRPC's deadline became the context's
}

TEST_CASE("a plain gRPC client gets google.rpc.Status with details") {
  Fixture f;
  routing::GetAgentResponse response;
  const grpc::Status status = f.GetAgent("missing", response, {{"x-ctc-secret", "s3cret"}});
  CHECK(status.error_code() == grpc::StatusCode::NOT_FOUND);
  google::rpc::Status proto;
  REQUIRE(proto.ParseFromString(status.error_details()));
  CHECK(proto.details_size() == 4);
}

TEST_CASE("a plain gRPC client without the secret is UNAUTHENTICATED") {
  Fixture f;
  routing::GetAgentResponse response;
  CHECK(f.GetAgent("a1", response, {}).error_code() == grpc::StatusCode::UNAUTHENTICATED);
  CHECK(f.GetAgent("a1", response, {{"x-ctc-secret", "x"}}).error_code() ==
        grpc::StatusCode::UNAUTHENTICATED);
  CHECK(f.service.calls == 0);
}

TEST_CASE("a plain gRPC client's request over the limit is RESOURCE_EXHAUSTED") {
  Fixture f;
  routing::GetAgentResponse response;
  const std::map<std::string, std::string> secret = {{"x-ctc-secret", "s3cret"}};
  CHECK(f.GetAgent(std::string(65 << 10, 'x'), response, secret).error_code() ==
        grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(f.GetAgent(std::string(5 << 20, 'x'), response, secret).error_code() ==
        grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_CASE("bytes that are no message of the rpc are INVALID_ARGUMENT") {
  Fixture f;
  grpc::Slice slice(std::string("\xff\xff\xff"));
  grpc::ByteBuffer response;
  const grpc::Status status =
      f.Unary(std::string(Rpcs::kGetAgent.path), grpc::ByteBuffer(&slice, 1), response,
              {{"x-ctc-secret", "s3cret"}});
  CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("health is what SetServing said, for each service") {
  Fixture f;
  const std::string name = "ctc.routing.v1.RoutingService";
  CHECK(HealthOf(f, "") == "\x08\x02");
  CHECK(HealthOf(f, name) == "\x08\x02");
  f.server->SetServing(true);
  CHECK(HealthOf(f, "") == "\x08\x01");
  CHECK(HealthOf(f, name) == "\x08\x01");
  f.server->SetServing(false);
  CHECK(HealthOf(f, name) == "\x08\x02");
}

TEST_CASE("reflection names the services") {
  Fixture f;
  grpc::GenericStub stub(f.channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  grpc::CompletionQueue queue;
  auto stream = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  void* tag = nullptr;
  bool ok = false;
  const auto next = [&] { return queue.Next(&tag, &ok) && ok; };
  stream->StartCall(nullptr);
  REQUIRE(next());
  grpc::Slice list_services(std::string("\x3a\x01*"));  // field 7, list_services
  grpc::ByteBuffer request(&list_services, 1);
  stream->Write(request, nullptr);
  REQUIRE(next());
  grpc::ByteBuffer response;
  stream->Read(&response, nullptr);
  REQUIRE(next());
  grpc::Slice out;
  REQUIRE(response.DumpToSingleSlice(&out).ok());
  const std::string bytes(reinterpret_cast<const char*>(out.begin()), out.size());
  CHECK(bytes.find("ctc.routing.v1.RoutingService") != std::string::npos);
  context.TryCancel();
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
}

TEST_CASE("without a secret nothing listens where other machines get at it") {
  Fixture f;
  for (const char* address : {"0.0.0.0:0", "[::]:0", "10.0.0.5:0", "rpc.example:7101"}) {
    ServerOptions options;
    options.address = address;
    const auto server = Server::Start(f.map, f.threads.executor(), options);
    CHECK(server.status().code() == absl::StatusCode::kInvalidArgument);
  }
  for (const char* address : {"127.0.0.1:0", "[::1]:0", "localhost:0"}) {
    ServerOptions options;
    options.address = address;
    CHECK(Server::Start(f.map, f.threads.executor(), options).ok());
  }
  ServerOptions options;
  options.address = "0.0.0.0:0";
  options.shared_secret = "shared";
  CHECK(Server::Start(f.map, f.threads.executor(), options).ok());
}

TEST_CASE("an address that is taken is UNAVAILABLE") {
  Fixture f;
  ServerOptions options;
  options.address = "127.0.0.1:" + std::to_string(f.server->port());
  const auto second = Server::Start(f.map, f.threads.executor(), options);
  CHECK(base::IsError(second.status(), base::kUnavailable));
}

}  // namespace ctc::rpc
