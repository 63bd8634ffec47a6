// What a server's port makes of strangers, and of two protocols at one address.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include "google/rpc/status.pb.h"
#include "libs/rpc/frame.h"
#include "libs/rpc/rpc_test_support.h"
#include "libs/rpc/wire.h"

namespace ctc::rpc {
namespace {

using asio::ip::tcp;

constexpr std::string_view kPath = Rpcs::kGetAgent.path;

struct Fixture {
  Fixture() { service.Bind(map); }

  std::unique_ptr<Server> Serve(std::string address = "127.0.0.1:0") {
    ServerOptions options;
    options.address = std::move(address);
    options.shared_secret = "s3cret";
    auto started = Server::Start(map, threads.executor(), options);
    REQUIRE(started.ok());
    return *std::move(started);
  }

  absl::StatusOr<routing::GetAgentResponse> GetAt(const std::string& address) {
    RemoteOptions options;
    options.address = address;
    options.shared_secret = "s3cret";
    options.connection_wait = absl::Minutes(1);
    const auto channel = MakeRemoteChannel(threads.executor(), options);
    return threads.Get(GetAgent(*channel, "a1", ContextUntil(absl::Seconds(10))));
  }

  TestService service;
  HandlerMap map;
  Threads threads;
};

// A client of the frames without any manners.
class Stranger {
 public:
  explicit Stranger(const Server& server) : socket_(io_) {
    const auto address = asio::ip::make_address("127.0.0.1");
    socket_.connect(tcp::endpoint(address, static_cast<uint16_t>(server.port())));
  }

  void Send(std::string_view bytes) {
    boost::system::error_code ignored;
    asio::write(socket_, asio::buffer(bytes.data(), bytes.size()), ignored);
  }
  void Greet(std::string_view secret = "s3cret") {
    std::string bytes(kGreeting);
    AppendFrame(FrameKind::kHello, 0, secret, bytes);
    Send(bytes);
  }
  void Call(uint64_t id, std::string_view agent) {
    const Context context = ContextUntil(absl::Seconds(10));
    std::string frame =
        MakeCall(kPath, context, base::SystemClock().Now(), AgentRequest(std::string(agent)));
    SetCallId(id, frame);
    Send(frame);
  }
  void EndSending() { socket_.shutdown(tcp::socket::shutdown_send); }

  // The next frame; kind kHello (which servers do not send) when the connection ended.
  std::pair<FrameKind, uint64_t> Next() {
    Frame frame{.kind = FrameKind::kHello, .call_id = 0, .body = {}};
    boost::system::error_code error;
    std::string head(kFrameHead, '\0');
    asio::read(socket_, asio::buffer(head), error);
    if (error) return {FrameKind::kHello, 0};
    body_.assign(FrameSize(head) - kFrameHead, '\0');
    asio::read(socket_, asio::buffer(body_), error);
    head += body_;
    std::string_view bytes = head;
    REQUIRE(TakeFrame(bytes, head.size(), frame) == FrameResult::kFrame);
    return {frame.kind, frame.call_id};
  }
  bool IsClosed() { return Next().first == FrameKind::kHello; }
  // A server that goes tells it to those whose greeting it had read by then.
  bool IsLeft() { return IsClosed() || IsClosed(); }
  const std::string& body() const { return body_; }

 private:
  asio::io_context io_;
  tcp::socket socket_;
  std::string body_;
};

}  // namespace

TEST_CASE("our channel and a plain gRPC client share a unix socket") {
  Fixture f;
  const std::string address = "unix:/tmp/ctc-rpc-test-" + std::to_string(getpid()) + ".sock";
  {
    const auto killed = f.Serve(address);  // leaves its file behind
  }
  const auto server = f.Serve(address);
  CHECK(server->port() == 0);
  CHECK(f.GetAt(address).ok());

  grpc::GenericStub stub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  context.AddMetadata(kSecretMetadata, "s3cret");
  const grpc::ByteBuffer request = ToBuffer(AgentRequest("a2"));
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, std::string(kPath), grpc::StubOptions(), &request, &response,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  CHECK(done.get_future().get().ok());
  unlink(address.substr(5).c_str());
}

TEST_CASE("what is no greeting, no hello or no frame ends its connection and harms no other") {
  Fixture f;
  const auto server = f.Serve();
  const std::string hello_too_long = std::string(kGreeting) + "\xff\xff\xff\x7f\x01";
  std::string call_first(kGreeting);
  AppendFrame(FrameKind::kCall, 1, "", call_first);
  for (const std::string& bytes :
       {std::string("\0garbage", 8), std::string(100, '\0'), hello_too_long, call_first}) {
    Stranger stranger(*server);
    stranger.Send(bytes);
    CHECK(stranger.IsClosed());
  }
  Stranger friendly(*server);
  friendly.Greet();
  REQUIRE(friendly.Next().first == FrameKind::kAccepted);
  friendly.Send(std::string(64, '\0'));
  CHECK(friendly.IsClosed());
  CHECK(f.GetAt("127.0.0.1:" + std::to_string(server->port())).ok());
  CHECK(f.service.calls == 1);
}

TEST_CASE("a wrong secret is told and ends the connection") {
  Fixture f;
  const auto server = f.Serve();
  Stranger stranger(*server);
  stranger.Greet("guess");
  REQUIRE(stranger.Next().first == FrameKind::kRefused);
  google::rpc::Status status;
  REQUIRE(status.ParseFromString(stranger.body()));
  CHECK(base::IsError(StatusFromProto(status), base::kUnauthenticated));
  CHECK(stranger.IsClosed());
  CHECK(f.service.calls == 0);
}

TEST_CASE("a call that is none is answered, and the connection goes on") {
  Fixture f;
  const auto server = f.Serve();
  Stranger client(*server);
  client.Greet();
  REQUIRE(client.Next().first == FrameKind::kAccepted);
  std::string frame;
  AppendFrame(FrameKind::kCall, 5, "\x01", frame);
  client.Send(frame);
  CHECK(client.Next() == std::pair(FrameKind::kError, uint64_t{5}));
  client.Call(6, "a1");
  CHECK(client.Next() == std::pair(FrameKind::kReply, uint64_t{6}));
}

TEST_CASE("a client that has sent its last call still gets the answers") {
  Fixture f;
  const auto server = f.Serve();
  Stranger client(*server);
  client.Greet();
  client.Call(1, "wait");
  client.EndSending();
  REQUIRE(client.Next().first == FrameKind::kAccepted);
  f.service.Open();
  CHECK(client.Next() == std::pair(FrameKind::kReply, uint64_t{1}));
  CHECK(client.IsClosed());
}

TEST_CASE("a ping is answered") {
  Fixture f;
  const auto server = f.Serve();
  Stranger client(*server);
  client.Greet();
  std::string ping;
  AppendFrame(FrameKind::kPing, 0, "", ping);
  client.Send(ping);
  REQUIRE(client.Next().first == FrameKind::kAccepted);
  CHECK(client.Next().first == FrameKind::kPong);
}

TEST_CASE("a server goes without waiting for connections that say nothing") {
  Fixture f;
  auto server = f.Serve();
  Stranger silent(*server);
  Stranger half(*server);
  half.Send(kGreeting);
  const absl::Duration begin = base::SystemClock().Monotonic();
  server.reset();
  CHECK(silent.IsClosed());
  CHECK(half.IsLeft());
  CHECK(base::SystemClock().Monotonic() - begin < absl::Seconds(9));  // they may stay for 10 s
}

}  // namespace ctc::rpc
