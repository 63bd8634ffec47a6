// The client against servers that fail in every way, and what it says about each failure.
#include "libs/http/client.h"

#include <catch2/catch.hpp>

#include <atomic>

#include "libs/http/raw_socket_for_test.h"
#include "libs/http/server.h"
#include "libs/testing/eventually.h"
#include "libs/testing/run_task.h"

namespace ctc::http {
namespace {

using testing::IoThreads;

std::string UrlOf(int port) { return "http://127.0.0.1:" + std::to_string(port) + "/x?y=1"; }

ClientRequest Post(int port) {
  ClientRequest request;
  request.method = "POST";
  request.url = UrlOf(port);
  request.body = "{}";
  request.timeout = absl::Seconds(10);
  return request;
}

struct Fixture {
  ClientResult Send(ClientRequest request) { return io.Run(client->Send(std::move(request))); }
  // Sends a POST to a server that reads the request and then does `answer`; not if none came.
  ClientResult SendTo(const std::function<void(RawSocket&)>& answer,
                      absl::Duration timeout = absl::Seconds(10)) {
    RawServer server([&](RawSocket& socket) {
      if (!socket.ReceiveText("{}").empty()) answer(socket);
    });
    ClientRequest request = Post(server.port());
    request.timeout = timeout;
    return Send(std::move(request));
  }

  IoThreads io;
  std::unique_ptr<Client> client = Client::Create(io.executor());
};

Task<Response> EchoAll(const Request& request) {
  Response response;
  response.status = 201;
  response.headers.Add("X-Method", request.method);
  response.headers.Add("X-Auth", std::string(request.headers.Get("Authorization")));
  response.headers.Add("X-Type", std::string(request.headers.Get("Content-Type")));
  response.body = request.target + " " + request.body;
  co_return response;
}

}  // namespace

TEST_CASE("a request arrives as it was given, with its credentials", "[http][client]") {
  Fixture f;
  const auto server = Server::Start(f.io.executor(), ServerOptions(), EchoAll);
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    ClientRequest request;
    request.method = method;
    request.url = UrlOf((*server)->port());
    request.headers = {{"Content-Type", "application/json"}};
    request.body = method == "GET" || method == "DELETE" ? "" : "{\"a\":1}";
    request.user = "user";
    request.password = base::Secret("pass");
    const std::string body = request.body;
    const ClientResult result = f.Send(std::move(request));
    INFO(method);
    REQUIRE(result.ok());
    CHECK(result.response.status == 201);
    CHECK(result.response.body == "/x?y=1 " + body);
    CHECK(result.response.headers.Get("x-method") == method);
    CHECK(result.response.headers.Get("x-auth") == "Basic dXNlcjpwYXNz");
    CHECK(result.response.headers.Get("x-type") == "application/json");
    CHECK(result.elapsed > absl::ZeroDuration());
  }
  ClientRequest request = Post((*server)->port());
  request.bearer = base::Secret("token");
  CHECK(f.Send(std::move(request)).response.headers.Get("x-auth") == "Bearer token");
}

TEST_CASE("requests reuse the connection", "[http][client]") {
  Fixture f;
  const auto server = Server::Start(f.io.executor(), ServerOptions(), EchoAll);
  for (int i = 0; i < 20; ++i) CHECK(f.Send(Post((*server)->port())).ok());
  CHECK((*server)->connections() == 1);
}

TEST_CASE("a request that cannot have left says so", "[http][client]") {
  Fixture f;
  std::vector<ClientRequest> requests;
  requests.push_back(Post(1));
  requests.push_back(Post(1));
  requests.back().url = "https://127.0.0.1:1/";
  requests.push_back(Post(1));
  requests.back().url = "http://no-such-host.invalid/";
  requests.push_back(Post(1));
  requests.back().url = "file:///etc/passwd";
  requests.push_back(Post(1));
  requests.back().url = "gopher://127.0.0.1:1/";
  requests.push_back(Post(1));
  requests.back().url = "http://127.0.0.1:1/a b";
  requests.push_back(Post(1));
  requests.back().headers = {{"X", "a\r\nY: b"}};
  requests.push_back(Post(1));
  requests.back().headers = {{"X Y", "a"}};
  for (ClientRequest& request : requests) {
    INFO(request.url);
    const ClientResult result = f.Send(std::move(request));
    CHECK_FALSE(result.ok());
    CHECK(result.error.reached == Reached::kNotSent);
    CHECK_FALSE(result.error.status.ok());
  }
}

TEST_CASE("a server without TLS never sees the request", "[http][client]") {
  Fixture f;
  RawServer server([](RawSocket& socket) { socket.Send("this is not TLS\r\n"); });
  ClientRequest request = Post(server.port());
  request.url.replace(0, 4, "https");
  const ClientResult result = f.Send(std::move(request));
  CHECK(result.error.reached == Reached::kNotSent);
}

TEST_CASE("a failure after the request left may have had an effect", "[http][client]") {
  Fixture f;
  const std::vector<std::pair<std::string, std::function<void(RawSocket&)>>> failures = {
      {"close", [](RawSocket&) {}},
      {"reset", [](RawSocket& socket) { socket.ResetOnClose(); }},
      {"garbage", [](RawSocket& socket) { socket.Send("\x01\x02 what is this\r\n\r\n"); }},
      {"half a head", [](RawSocket& socket) { socket.Send("HTTP/1.1 200 OK\r\nConte"); }},
      {"short body",
       [](RawSocket& socket) { socket.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"); }},
      {"bad chunk",
       [](RawSocket& socket) {
         socket.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
       }},
  };
  for (const auto& [name, answer] : failures) {
    INFO(name);
    const ClientResult result = f.SendTo(answer);
    CHECK_FALSE(result.ok());
    CHECK(result.error.reached == Reached::kMaybe);
    CHECK(result.error.status.code() == absl::StatusCode::kUnavailable);
  }
}

TEST_CASE("a server that hangs costs no more than the timeout", "[http][client]") {
  Fixture f;
  std::atomic<bool> arrived = false;
  ClientResult result;
  const auto hang = [&](RawSocket& socket) {
    arrived = true;
    socket.ReceiveAll();
  };
  // One whose time was over before it had left tells nothing: then it is sent again.
  testing::EventuallyTrue(
      [&] {
        result = f.SendTo(hang, absl::Milliseconds(300));
        return arrived.load();
      },
      "the request arrives");
  CHECK(result.error.reached == Reached::kMaybe);
  CHECK(result.error.status.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK(result.elapsed < absl::Seconds(10));
}

TEST_CASE("an answer that drips is given up", "[http][client]") {
  Fixture f;
  const ClientResult result = f.SendTo(
      [](RawSocket& socket) {
        socket.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while (socket.Send("a")) {
          socket.ReceiveAll(std::chrono::milliseconds(200));
          if (socket.closed()) return;
        }
      },
      absl::Minutes(1));
  CHECK(result.error.status.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK(result.elapsed < absl::Seconds(30));
}

TEST_CASE("an answer longer than allowed is cut off", "[http][client]") {
  Fixture f;
  const std::string block(64 << 10, 'x');
  const std::vector<std::pair<std::string, std::string>> heads = {
      {"100 MB", "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"},
      {"until close", "HTTP/1.1 200 OK\r\n\r\n"}};
  for (const auto& [name, head] : heads) {
    INFO(name);
    const ClientResult result = f.SendTo([&, first = head](RawSocket& socket) {
      socket.Send(first);
      while (socket.Send(block)) {
      }
    });
    CHECK(result.error.status.code() == absl::StatusCode::kResourceExhausted);
    CHECK(result.error.reached == Reached::kMaybe);
  }
  const ClientResult chunks = f.SendTo([&](RawSocket& socket) {
    socket.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (socket.Send("10000\r\n" + block + "\r\n")) {
    }
  });
  CHECK(chunks.error.status.code() == absl::StatusCode::kResourceExhausted);
}

TEST_CASE("a redirect is an answer, not followed", "[http][client]") {
  Fixture f;
  std::atomic<int> followed = 0;
  RawServer other([&](RawSocket&) { ++followed; });
  const ClientResult result = f.SendTo([&](RawSocket& socket) {
    socket.Send("HTTP/1.1 307 Temporary Redirect\r\nLocation: " + UrlOf(other.port()) +
                "\r\nContent-Length: 0\r\n\r\n");
  });
  CHECK(result.response.status == 307);
  CHECK(followed == 0);
}

TEST_CASE("a request on a kept connection that breaks is never sent again by itself",
          "[http][client]") {
  Fixture f;
  const bool posts = GENERATE(true, false);
  const std::string end = posts ? "{}" : "\r\n\r\n";
  std::atomic<int> seen = 0;
  RawServer server([&](RawSocket& socket) {
    if (!socket.ReceiveText(end).empty()) ++seen;
    socket.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    if (!socket.ReceiveText(end).empty()) ++seen;
    socket.ResetOnClose();
  });
  ClientRequest request = Post(server.port());
  if (!posts) {
    request.method = "GET";  // some providers are dialled by it
    request.body.clear();
  }
  CHECK(f.Send(request).ok());
  const ClientResult second = f.Send(request);
  CHECK_FALSE(second.ok());
  CHECK(second.error.reached == Reached::kMaybe);
  CHECK(seen == 2);
}

TEST_CASE("many requests at once all come back", "[http][client]") {
  Fixture f;
  const auto server = Server::Start(f.io.executor(), ServerOptions(), EchoAll);
  std::vector<std::future<ClientResult>> results;
  for (int i = 0; i < 200; ++i) {
    results.push_back(
        asio::co_spawn(f.io.context(), f.client->Send(Post((*server)->port())), asio::use_future));
  }
  int ok = 0;
  for (auto& result : results) ok += result.get().ok() ? 1 : 0;
  CHECK(ok == 200);
}

TEST_CASE("a client that goes away completes what is in flight", "[http][client]") {
  Fixture f;
  std::atomic<bool> arrived = false;
  RawServer server([&](RawSocket& socket) {
    socket.ReceiveText("{}");
    arrived = true;
    socket.ReceiveAll();
  });
  std::future<ClientResult> result =
      asio::co_spawn(f.io.context(), f.client->Send(Post(server.port())), asio::use_future);
  testing::EventuallyTrue([&] { return arrived.load(); }, "the request arrives");
  f.client.reset();
  CHECK_FALSE(result.get().ok());
}

}  // namespace ctc::http
