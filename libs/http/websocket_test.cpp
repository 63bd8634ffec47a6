// WebSockets between our server and our client, and against bytes that are none.
#include <catch2/catch.hpp>

#include "libs/http/client.h"
#include "libs/http/raw_socket_for_test.h"
#include "libs/http/server.h"
#include "libs/testing/eventually.h"
#include "libs/testing/run_task.h"

namespace ctc::http {
namespace {

using testing::EventuallyTrue;
using testing::IoThreads;
using HeaderList = std::vector<std::pair<std::string, std::string>>;
using Socket = std::unique_ptr<WebSocket>;

Task<void> Echo(WebSocket& socket) {
  while (true) {
    const absl::StatusOr<std::string> message = co_await socket.Read();
    if (!message.ok() || *message == "bye") co_return;
    const absl::Status written = co_await socket.Write("echo " + *message);
    if (!written.ok()) co_return;
  }
}

Task<void> OnlyWrite(WebSocket& socket) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (true) {
    const absl::Status written = co_await socket.Write("tick");
    if (!written.ok()) co_return;
    timer.expires_after(std::chrono::milliseconds(5));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

Task<Response> Serve(const Request& request) {
  Response response;
  if (request.headers.Get("Authorization") != "Bearer ok") {
    response.status = 401;
    co_return response;
  }
  response.headers.Add("X-Session", "7");
  response.websocket = request.path == "/ticks" ? OnlyWrite : Echo;
  co_return response;
}

struct Fixture {
  Fixture() : server(Server::Start(io.executor(), ServerOptions(), Serve).value()) {}
  std::string Url(const std::string& path) const {
    return "ws://127.0.0.1:" + std::to_string(server->port()) + path;
  }
  absl::StatusOr<Socket> Open(const std::string& url, const std::string& token = "Bearer ok") {
    const HeaderList headers = {{"Authorization", token}};
    return io.Run(ConnectWebSocket(url, headers, absl::Seconds(30), absl::Seconds(30)));
  }

  IoThreads io{2};
  std::unique_ptr<Server> server;
};

}  // namespace

TEST_CASE("messages go both ways, in order and at any length", "[http][websocket]") {
  Fixture f;
  absl::StatusOr<Socket> socket = f.Open(f.Url("/echo"));
  REQUIRE(socket.ok());
  for (const size_t length : {0, 1, 126, 70000, 1000000}) {
    const std::string text(length, 'x');
    CHECK(f.io.Run((*socket)->Write(text)).ok());
    CHECK(f.io.Run((*socket)->Read()).value() == "echo " + text);
  }
  for (int i = 0; i < 1000; ++i) CHECK(f.io.Run((*socket)->Write(std::to_string(i))).ok());
  for (int i = 0; i < 1000; ++i) {
    CHECK(f.io.Run((*socket)->Read()).value() == "echo " + std::to_string(i));
  }
}

TEST_CASE("both sides see a proper close as the end", "[http][websocket]") {
  Fixture f;
  absl::StatusOr<Socket> by_server = f.Open(f.Url("/echo"));
  REQUIRE(by_server.ok());
  CHECK(f.io.Run((*by_server)->Write("bye")).ok());
  CHECK(f.io.Run((*by_server)->Read()).status().code() == absl::StatusCode::kOutOfRange);
  CHECK(f.io.Run((*by_server)->Write("late")).code() == absl::StatusCode::kUnavailable);
  absl::StatusOr<Socket> by_client = f.Open(f.Url("/echo"));
  REQUIRE(by_client.ok());
  f.io.Run((*by_client)->Close(1000, "done"));
  EventuallyTrue([&] { return f.server->connections() == 0; }, "no connection");
}

TEST_CASE("a writer that never reads notices a client that has gone", "[http][websocket]") {
  Fixture f;
  absl::StatusOr<Socket> socket = f.Open(f.Url("/ticks"));
  REQUIRE(socket.ok());
  CHECK(f.io.Run((*socket)->Read()).value() == "tick");
  socket->reset();
  EventuallyTrue([&] { return f.server->connections() == 0; }, "no connection");
}

TEST_CASE("a draining server says goodbye to its WebSockets", "[http][websocket]") {
  Fixture f;
  absl::StatusOr<Socket> socket = f.Open(f.Url("/echo"));
  REQUIRE(socket.ok());
  f.io.Run(f.server->Drain(absl::Minutes(1)));
  CHECK(f.io.Run((*socket)->Read()).status().code() == absl::StatusCode::kOutOfRange);
  CHECK(f.server->connections() == 0);
}

TEST_CASE("a WebSocket that cannot be opened says why", "[http][websocket]") {
  Fixture f;
  CHECK(f.Open(f.Url("/echo"), "Bearer wrong").status().code() ==
        absl::StatusCode::kUnauthenticated);
  CHECK(f.Open("ws://127.0.0.1:1/").status().code() == absl::StatusCode::kUnavailable);
  CHECK(f.Open("ftp://127.0.0.1/").status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(f.Open("ws:///x").status().code() == absl::StatusCode::kInvalidArgument);
  RawServer garbage([](RawSocket& socket) {
    socket.ReceiveText("\r\n\r\n");
    socket.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  CHECK(f.Open("ws://127.0.0.1:" + std::to_string(garbage.port()) + "/").status().code() ==
        absl::StatusCode::kUnavailable);
}

TEST_CASE("a WebSocket path without an upgrade answers 426", "[http][websocket]") {
  Fixture f;
  RawSocket client = RawSocket::Connect(f.server->port());
  client.Send("GET /echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ok\r\n\r\n");
  const std::string answer = client.ReceiveAll();
  CHECK(answer.starts_with("HTTP/1.1 426 "));
  // RFC 9110 sections 7.8 and 15.5.22, RFC 6455 section 4.2.2
  CHECK(answer.find("\r\nUpgrade: websocket\r\n") != std::string::npos);
  CHECK(answer.find("\r\nConnection: close, Upgrade\r\n") != std::string::npos);
  CHECK(answer.find("\r\nSec-WebSocket-Version: 13\r\n") != std::string::npos);
}

TEST_CASE("the answer to an upgrade carries the handler's headers", "[http][websocket]") {
  Fixture f;
  RawSocket client = RawSocket::Connect(f.server->port());
  client.Send(
      "GET /echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ok\r\nUpgrade: websocket\r\n"
      "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const std::string answer = client.ReceiveText("\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 101 "));
  CHECK(answer.find("X-Session: 7\r\n") != std::string::npos);
  CHECK(answer.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);
}

}  // namespace ctc::http
