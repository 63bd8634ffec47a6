// What connections may cost that wait for a request: how many, how long, how much.
#include <malloc.h>

#include <catch2/catch.hpp>

#include "libs/http/raw_socket_for_test.h"
#include "libs/http/server.h"
#include "libs/testing/eventually.h"
#include "libs/testing/run_task.h"

namespace ctc::http {
namespace {

using testing::EventuallyTrue;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kTicks = "GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n";

Task<void> TickUntilGone(StreamWriter& writer) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (true) {
    const absl::Status status = co_await writer.Write("data: tick\n\n");
    if (!status.ok()) co_return;
    timer.expires_after(std::chrono::milliseconds(5));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

Task<Response> Serve(const Request& request) {
  Response response;
  response.body = "body:.";
  if (request.path == "/ticks") response.stream = TickUntilGone;
  co_return response;
}

struct Fixture {
  explicit Fixture(ServerOptions options = ServerOptions())
      : server(Server::Start(io.executor(), options, Serve).value()) {}
  RawSocket Connect() const { return RawSocket::Connect(server->port()); }

  testing::IoThreads io{2};
  std::unique_ptr<Server> server;
};

int StatusOf(const std::string& answer) {
  return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

}  // namespace

TEST_CASE("connections above the limit are told so", "[http][server]") {
  ServerOptions options;
  options.max_connections = 2;
  const Fixture f(options);
  RawSocket first = f.Connect();
  RawSocket second = f.Connect();
  for (RawSocket* busy : {&first, &second}) {
    busy->Send(kTicks);
    busy->ReceiveText("tick");
  }
  RawSocket third = f.Connect();
  const std::string answer = third.ReceiveAll();
  CHECK(StatusOf(answer) == 503);
  CHECK(answer.find("Connection: close\r\n") != std::string::npos);
  first.Close();
  EventuallyTrue([&] { return f.server->connections() == 1; }, "one connection");
  RawSocket fourth = f.Connect();
  fourth.Send(kGet);
  CHECK(StatusOf(fourth.ReceiveText("body:.")) == 200);
}

TEST_CASE("at the limit the connection that waits longest makes room", "[http][server]") {
  ServerOptions options;
  options.max_connections = 3;
  const Fixture f(options);
  RawSocket busy = f.Connect();
  busy.Send(kTicks);
  busy.ReceiveText("tick");
  RawSocket used = f.Connect();
  used.Send(kGet);
  used.ReceiveText("body:.");
  RawSocket unused = f.Connect();
  EventuallyTrue([&] { return f.server->connections() == 3; }, "three connections");
  std::vector<RawSocket> next;
  for (RawSocket* longest : {&used, &unused}) {
    next.push_back(f.Connect());
    next.back().Send(kTicks);
    CHECK(StatusOf(next.back().ReceiveText("tick")) == 200);
    CHECK(longest->ReceiveAll().empty());
    CHECK(longest->closed());
    EventuallyTrue([&] { return f.server->connections() == 3; }, "three connections");
  }
  CHECK(busy.ReceiveText("tick").find("tick") != std::string::npos);
  CHECK(StatusOf(f.Connect().ReceiveAll()) == 503);
}

TEST_CASE("who sends nothing at all waits no longer than the first byte may take",
          "[http][server]") {
  ServerOptions options;  // with the limit between requests as it is
  options.first_byte_timeout = absl::Milliseconds(200);
  const Fixture f(options);
  RawSocket used = f.Connect();
  used.Send(kGet);
  used.ReceiveText("body:.");
  RawSocket silent = f.Connect();
  CHECK(silent.ReceiveAll().empty());
  CHECK(silent.closed());
  used.Send(kGet);
  CHECK(StatusOf(used.ReceiveText("body:.")) == 200);
}

TEST_CASE("an idle connection keeps nothing of its last body", "[http][server]") {
  const Fixture f;
  constexpr size_t kBody = 1 << 20;
  constexpr int kClients = 24;
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const std::string request =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kBody) + "\r\n\r\n" +
      std::string(kBody, 'b');
  std::vector<RawSocket> clients;
  const size_t before = in_use();
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(f.Connect());
    clients.back().Send(request);
    clients.back().ReceiveText("body:.");
  }
  CHECK(in_use() < before + kClients * kBody / 2);
}

}  // namespace ctc::http
