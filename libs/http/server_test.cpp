// The server over raw sockets: keep-alive, limits of time and size, streams and draining.
#include "libs/http/server.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <future>

#include "libs/http/raw_socket_for_test.h"
#include "libs/testing/eventually.h"
#include "libs/testing/quiet_port.h"
#include "libs/testing/run_task.h"

namespace ctc::http {
namespace {

using testing::Eventually;
using testing::EventuallyTrue;
using testing::IoThreads;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

Task<void> CountTo1000(StreamWriter& writer) {
  for (int i = 0; i < 1000; ++i) {
    const absl::Status status = co_await writer.Write("data: " + std::to_string(i) + "\n\n");
    if (!status.ok()) co_return;
  }
}

Task<void> TickUntilGone(StreamWriter& writer) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (true) {
    const absl::Status status = co_await writer.Write("data: tick\n\n");
    if (!status.ok()) co_return;
    timer.expires_after(std::chrono::milliseconds(5));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

Task<void> TickAndSayBye(StreamWriter& writer) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!writer.draining()) {
    const absl::Status status = co_await writer.Write("data: tick\n\n");
    if (!status.ok()) co_return;
    timer.expires_after(std::chrono::milliseconds(5));
    co_await timer.async_wait(asio::use_awaitable);
  }
  const absl::Status ignored = co_await writer.Write("data: bye\n\n");
}

Task<void> Flood(StreamWriter& writer) {
  const std::string block(64 << 10, 'x');
  while (true) {
    const absl::Status status = co_await writer.Write(block);
    if (!status.ok()) co_return;
  }
}

Task<void> FiveBytes(StreamWriter& writer) {
  const absl::Status status = co_await writer.Write("hello");
  if (!status.ok()) co_return;
}

Task<void> Throws(StreamWriter& writer) {
  const absl::Status status = co_await writer.Write("part");
  if (status.ok()) throw std::runtime_error("broken");
}

Response Streaming(std::function<Task<void>(StreamWriter&)> stream, std::string type) {
  Response response;
  response.headers.Add("Content-Type", std::move(type));
  response.stream = std::move(stream);
  return response;
}

Task<Response> Serve(const Request& request) {
  if (request.path == "/sse") co_return Streaming(CountTo1000, "text/event-stream");
  if (request.path == "/ticks") co_return Streaming(TickUntilGone, "text/event-stream");
  if (request.path == "/bye") co_return Streaming(TickAndSayBye, "text/event-stream");
  if (request.path == "/flood") co_return Streaming(Flood, "application/octet-stream");
  if (request.path == "/broken") co_return Streaming(Throws, "application/octet-stream");
  if (request.path == "/sized") {
    Response response = Streaming(FiveBytes, "audio/wav");
    response.headers.Add("Content-Length", "5");
    co_return response;
  }
  if (request.path == "/throw") throw std::runtime_error("secret");
  if (request.path == "/drop") {
    Response dropped;
    dropped.drop = true;
    co_return dropped;
  }
  Response response;
  if (request.path == "/empty") response.status = 204;
  response.body = request.path == "/big" ? std::string(4 << 20, 'b') : "body:" + request.body + ".";
  co_return response;
}

ServerOptions QuickOptions() {
  ServerOptions options;
  options.first_byte_timeout = absl::Milliseconds(1500);
  options.header_timeout = absl::Milliseconds(1200);
  options.body_timeout = absl::Milliseconds(1200);
  options.idle_timeout = absl::Milliseconds(1500);
  options.write_timeout = absl::Milliseconds(1500);
  return options;
}

struct Fixture {
  explicit Fixture(ServerOptions options = ServerOptions())
      : server(Server::Start(io.executor(), options, [this](const Request& request) {
                 return Answer(request);
               }).value()) {}
  RawSocket Connect() const { return RawSocket::Connect(server->port()); }
  // As Serve; /held waits until it is let go.
  Task<Response> Answer(const Request& request) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (request.path == "/held" && !let_go) {
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return co_await Serve(request);
  }

  std::atomic<bool> let_go = false;
  IoThreads io{2};
  std::unique_ptr<Server> server;
};

size_t Count(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

int StatusOf(const std::string& answer) {
  return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

}  // namespace

TEST_CASE("a connection serves many requests, also pipelined", "[http][server]") {
  const Fixture f;
  RawSocket client = f.Connect();
  for (int i = 0; i < 3; ++i) {
    client.Send(kGet);
    CHECK(client.ReceiveText("body:.").starts_with("HTTP/1.1 200 OK\r\n"));
  }
  std::string pipelined;
  for (int i = 0; i < 200; ++i) {
    const std::string body = std::to_string(i);
    pipelined += "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
                 "\r\n\r\n" + body;
  }
  client.Send(pipelined);
  const std::string answers = client.ReceiveText("body:199.");
  CHECK(Count(answers, "HTTP/1.1 200 OK\r\n") == 200);
  CHECK(answers.find("body:57.") < answers.find("body:58."));
}

TEST_CASE("a request may come byte by byte", "[http][server]") {
  const Fixture f;
  RawSocket client = f.Connect();
  const std::string request =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (const char c : request) client.Send(std::string_view(&c, 1));
  CHECK(StatusOf(client.ReceiveText("body:abc.")) == 200);
}

TEST_CASE("HEAD and 204 have no body", "[http][server]") {
  const Fixture f;
  RawSocket client = f.Connect();
  client.Send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
  client.Send("GET /empty HTTP/1.1\r\nHost: a\r\n\r\n");
  client.Send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answers = client.ReceiveAll();
  CHECK(client.closed());
  CHECK(Count(answers, "body:") == 1);
  CHECK(Count(answers, "Content-Length: 6\r\n") == 2);
  CHECK(Count(answers, "HTTP/1.1 204 No Content\r\n") == 1);
}

TEST_CASE("the body is asked for when the client waits for 100-continue", "[http][server]") {
  const Fixture f;
  RawSocket client = f.Connect();
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.ReceiveText("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("ok");
  CHECK(StatusOf(client.ReceiveText("body:ok.")) == 200);
}

TEST_CASE("a long body is refused before it is read", "[http][server]") {
  const Fixture f;
  RawSocket announced = f.Connect();
  announced.Send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n\r\n");
  CHECK(StatusOf(announced.ReceiveAll()) == 413);
  CHECK(announced.closed());
  RawSocket chunked = f.Connect();
  chunked.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
  for (int i = 0; i < 20 && chunked.Send(chunk); ++i) {
  }
  CHECK(StatusOf(chunked.ReceiveAll()) == 413);
  RawSocket full = f.Connect();
  const std::string body(1 << 20, 'y');
  full.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n" + body);
  CHECK(full.ReceiveText("y.").ends_with("y."));
}

TEST_CASE("one path may have longer bodies than the others", "[http][server]") {
  ServerOptions options;
  options.body_limit = [](std::string_view method, std::string_view target) -> size_t {
    return method == "POST" && target == "/import?a=b" ? 2 << 20 : 1 << 20;
  };
  const Fixture f(options);
  const std::string body(3 << 19, 'y');
  const std::string head = " HTTP/1.1\r\nHost: a\r\nContent-Length: 1572864\r\n\r\n";
  RawSocket longer = f.Connect();
  longer.Send("POST /import?a=b" + head + body);
  CHECK(longer.ReceiveText("y.").ends_with("y."));
  for (const char* line : {"POST /other", "PUT /import?a=b", "POST /import"}) {
    RawSocket refused = f.Connect();
    refused.Send(line + head);
    CHECK(StatusOf(refused.ReceiveAll()) == 413);
  }
  RawSocket too_long = f.Connect();
  too_long.Send("POST /import?a=b HTTP/1.1\r\nHost: a\r\nContent-Length: 2097153\r\n\r\n");
  CHECK(StatusOf(too_long.ReceiveAll()) == 413);
  RawSocket chunked = f.Connect();
  chunked.Send("POST /import?a=b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
  for (int i = 0; i < 20; ++i) chunked.Send(chunk);
  chunked.Send("0\r\n\r\n");
  CHECK(chunked.ReceiveText("x.").ends_with("x."));
}

TEST_CASE("an exception of a handler becomes a 500 without its text", "[http][server]") {
  const Fixture f;
  RawSocket client = f.Connect();
  client.Send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string answer = client.ReceiveText("inside");
  CHECK(StatusOf(answer) == 500);
  CHECK(answer.find("secret") == std::string::npos);
}

TEST_CASE("a dropped request gets no byte of an answer", "[http][server]") {
  const Fixture f;
  RawSocket client = f.Connect();
  client.Send("GET /drop HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.ReceiveAll().empty());
  CHECK(client.closed());
}

TEST_CASE("the owner's error body is used for the server's own errors", "[http][server]") {
  IoThreads io;
  ErrorBody body = [](const ServerError& error) {
    Response response;
    response.headers.Add("Content-Type", "application/problem+json");
    response.body = "{\"code\":\"" + std::string(error.code) + "\"}";
    return response;
  };
  const auto server = Server::Start(io.executor(), ServerOptions(), Serve, body);
  RawSocket client = RawSocket::Connect((*server)->port());
  client.Send("BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string answer = client.ReceiveAll();
  CHECK(StatusOf(answer) == 501);
  CHECK(answer.find("application/problem+json") != std::string::npos);
  CHECK(answer.ends_with("{\"code\":\"METHOD_NOT_IMPLEMENTED\"}"));
}

TEST_CASE("the server's own errors know the origin, whether the head was read to its end or not",
          "[http][server]") {
  IoThreads io;
  ErrorBody body = [](const ServerError& error) {
    Response response;
    response.body = "<" + std::string(error.origin) + ">";
    return response;
  };
  ServerOptions options = QuickOptions();
  options.max_header_bytes = 256;
  const auto server = Server::Start(io.executor(), options, Serve, body);
  const std::string origin = "Host: a\r\noRigin: https://crm.example \r\n";
  const std::vector<std::pair<int, std::string>> requests = {
      {501, "BREW / HTTP/1.1\r\n" + origin + "\r\n"},
      {400, "GET / HTTP/1.1\r\n" + origin + " folded\r\n\r\n"},
      {400,
       "POST / HTTP/1.1\r\n" + origin + "Transfer-Encoding: chunked\r\n\r\nx\r\nOrigin: b\r\n"},
      {408, "GET / HTTP/1.1\r\n" + origin},
      {408, "POST / HTTP/1.1\r\n" + origin + "Content-Length: 5\r\n\r\n"},
      {413, "POST / HTTP/1.1\r\n" + origin + "Content-Length: 1048577\r\n\r\n"},
      {431, "GET / HTTP/1.1\r\n" + origin + "X: " + std::string(300, 'x')},
      {500, "GET /throw HTTP/1.1\r\n" + origin + "Connection: close\r\n\r\n"},
  };
  for (const auto& [status, request] : requests) {
    INFO(request);
    RawSocket client = RawSocket::Connect((*server)->port());
    client.Send(kGet);  // which had none
    client.ReceiveText("body:.");
    client.Send(request);
    const std::string answer = client.ReceiveAll();
    CHECK(StatusOf(answer) == status);
    CHECK(answer.ends_with("<https://crm.example>"));
  }
  RawSocket client = RawSocket::Connect((*server)->port());
  client.Send("BREW / HTTP/1.1\r\nHost: a\r\nX-Origin: b\r\n\r\nOrigin: c\r\n");
  CHECK(client.ReceiveAll().ends_with("<>"));
}

TEST_CASE("slow heads, slow bodies, idle clients and those who do not read are cut off",
          "[http][server]") {
  const Fixture f(QuickOptions());
  RawSocket idle = f.Connect();
  RawSocket head = f.Connect();
  head.Send("GET / HTTP/1.1\r\nHo");
  RawSocket body = f.Connect();
  body.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  RawSocket deaf = f.Connect();
  deaf.ShrinkReceiveBuffer();
  deaf.Send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n");
  // The last of them is served, so the others were accepted.
  CHECK_FALSE(deaf.ReceiveUntil([](const std::string& all) { return !all.empty(); }).empty());
  Eventually([&] {
    const int left = f.server->connections();
    return left == 0 ? std::string() : std::to_string(left) + " connections left";
  });
  CHECK(StatusOf(head.ReceiveAll()) == 408);
  CHECK(StatusOf(body.ReceiveAll()) == 408);
  CHECK(idle.ReceiveAll().empty());
  CHECK(idle.closed());
}

TEST_CASE("a head that drips does not extend its time", "[http][server]") {
  const Fixture f(QuickOptions());
  RawSocket client = f.Connect();
  client.Send("GET / HTTP/1.1\r\nX: ");
  std::string answer;
  for (int i = 0; i < 200 && answer.empty() && !client.closed(); ++i) {
    client.Send("a");
    answer += client.ReceiveUntil([](const std::string& all) { return !all.empty(); },
                                  std::chrono::milliseconds(50));
  }
  CHECK(StatusOf(answer) == 408);
}

TEST_CASE("a large answer arrives whole", "[http][server]") {
  const Fixture f;
  RawSocket client = f.Connect();
  client.Send("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answer = client.ReceiveAll();
  CHECK(answer.size() - answer.find("\r\n\r\n") - 4 == 4 << 20);
}

TEST_CASE("a stream is chunked, ends properly and leaves the connection usable", "[http][stream]") {
  const Fixture f;
  RawSocket client = f.Connect();
  client.Send("GET /sse HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string stream = client.ReceiveText("0\r\n\r\n");
  CHECK(stream.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(stream.find("\r\nb\r\ndata: 999\n\n\r\n0\r\n\r\n") != std::string::npos);
  client.Send("GET /sized HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string sized = client.ReceiveText("hello");
  CHECK(sized.find("Content-Length: 5\r\n") != std::string::npos);
  CHECK(sized.find("chunked") == std::string::npos);
  client.Send(kGet);
  CHECK(StatusOf(client.ReceiveText("body:.")) == 200);
}

TEST_CASE("a stream that breaks is not ended as if it were whole", "[http][stream]") {
  const Fixture f;
  RawSocket client = f.Connect();
  client.Send("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string answer = client.ReceiveAll();
  CHECK(client.closed());
  CHECK(answer.find("part") != std::string::npos);
  CHECK_FALSE(answer.ends_with("0\r\n\r\n"));
}

TEST_CASE("a stream notices that its client has gone", "[http][stream]") {
  const Fixture f;
  RawSocket client = f.Connect();
  client.Send("GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n");
  client.ReceiveText("tick");
  client.Close();
  EventuallyTrue([&] { return f.server->connections() == 0; }, "no connection");
}

TEST_CASE("draining answers what was sent, says close and ends event streams", "[http][drain]") {
  ServerOptions options;
  options.port = testing::QuietPort();
  Fixture f(options);
  RawSocket slow = f.Connect();
  RawSocket events = f.Connect();
  RawSocket idle = f.Connect();
  idle.Send(kGet);
  idle.ReceiveText("body:.");
  slow.Send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  events.Send("GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n");
  events.ReceiveText("tick");
  RawSocket polite = f.Connect();
  polite.Send("GET /bye HTTP/1.1\r\nHost: a\r\n\r\n");
  polite.ReceiveText("tick");
  auto drained =
      asio::co_spawn(f.io.context(), f.server->Drain(absl::Minutes(1)), asio::use_future);
  CHECK(events.ReceiveAll().ends_with("0\r\n\r\n"));  // so the draining has begun
  CHECK(polite.ReceiveAll().ends_with("data: bye\n\n\r\n0\r\n\r\n"));
  f.let_go = true;
  drained.get();
  CHECK(f.server->connections() == 0);
  const std::string answer = slow.ReceiveAll();
  CHECK(StatusOf(answer) == 200);
  CHECK(answer.find("Connection: close\r\n") != std::string::npos);
  CHECK(idle.ReceiveAll().empty());
  CHECK(idle.closed());
  CHECK_THROWS(f.Connect());
}

TEST_CASE("draining under load leaves no sent request without an answer", "[http][drain]") {
  Fixture f;
  std::atomic<int> lost = 0;
  std::atomic<int> answered = 0;
  std::atomic<int> begun = 0;
  std::vector<std::future<void>> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(std::async(std::launch::async, [&, client = f.Connect()]() mutable {
      using Clock = std::chrono::steady_clock;
      // A connection without a request is ended a second after the draining began. So only the
      // request that came soon after the one before it can be lost.
      Clock::time_point before = Clock::now();
      for (bool first = true;; first = false) {
        const Clock::time_point now = Clock::now();
        if (!client.Send(kGet)) return;
        const bool soon = Clock::now() - before < std::chrono::milliseconds(800);
        before = now;
        const std::string answer = client.ReceiveText("body:.");
        if (StatusOf(answer) != 200) {
          if (soon) ++lost;
          return;
        }
        if (first) ++begun;
        ++answered;
        if (answer.find("Connection: close\r\n") != std::string::npos) return;
      }
    }));
  }
  EventuallyTrue([&] { return begun == 16 && answered > 500; }, "500 answers, to all");
  f.io.Run(f.server->Drain(absl::Minutes(1)));
  for (auto& client : clients) client.get();
  CHECK(lost == 0);
  CHECK(f.server->connections() == 0);
}

TEST_CASE("draining ends at its limit even when a client does not read", "[http][drain]") {
  Fixture f;
  RawSocket deaf = f.Connect();
  deaf.ShrinkReceiveBuffer();
  deaf.Send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n");
  EventuallyTrue([&] { return f.server->connections() == 1; }, "one connection");
  f.io.Run(f.server->Drain(absl::Milliseconds(300)));
  EventuallyTrue([&] { return f.server->connections() == 0; }, "no connection");
}

TEST_CASE("two servers share a port only when told so", "[http][server]") {
  IoThreads io;
  ServerOptions options;
  options.reuse_port = true;
  const auto first = Server::Start(io.executor(), options, Serve);
  REQUIRE(first.ok());
  options.port = (*first)->port();
  CHECK(Server::Start(io.executor(), options, Serve).ok());
  options.reuse_port = false;
  CHECK(Server::Start(io.executor(), options, Serve).status().code() ==
        absl::StatusCode::kUnavailable);
  options.address = "not an address";
  CHECK(Server::Start(io.executor(), options, Serve).status().code() ==
        absl::StatusCode::kInvalidArgument);
}

}  // namespace ctc::http
