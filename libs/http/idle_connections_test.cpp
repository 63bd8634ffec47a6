// What connections may cost that wait: how many, how long, how much.
#include <malloc.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <optional>

#include "libs/http/raw_socket_for_test.h"
#include "libs/http/server.h"
#include "libs/testing/eventually.h"
#include "libs/testing/run_task.h"

namespace ctc::http {
namespace {

using testing::EventuallyTrue;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr size_t kLarge = 16 << 20;  // far more than the kernel keeps for a client
constexpr std::string_view kGetLarge = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::chrono::milliseconds kMoment(5);
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
  if (request.path == "/large") response.body = std::string(kLarge, 'l') + ".";
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

// A client whose body lacks its end and fills what all may hold. Of bodies that come at once any
// may be the one without room, so it is sent anew until others are refused and it is not.
RawSocket Fill(const Fixture& f, const std::string& unfinished,
               const std::function<bool()>& is_full) {
  std::optional<RawSocket> client;
  const auto waits = [&] {
    return client->ReceiveUntil([](const std::string& all) { return !all.empty(); }, kMoment)
               .empty() &&
           !client->closed();
  };
  EventuallyTrue(
      [&] {
        if (!client || !waits()) {
          client.emplace(f.Connect());
          client->Send(unfinished);
        }
        // Twice: the first may have been refused together with it.
        return is_full() && is_full() && waits();
      },
      "no room for others");
  return *std::move(client);
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
  {  // a whole life of another: `used` has begun to wait by its end
    RawSocket between = f.Connect();
    between.Send(kGet);
    between.ReceiveText("body:.");
  }
  EventuallyTrue([&] { return f.server->connections() == 2; }, "two connections");
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
  options.first_byte_timeout = absl::Milliseconds(1500);
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

TEST_CASE("a body that may be long has the time that its limit takes on a slow line",
          "[http][server]") {
  ServerOptions options;
  options.max_body_bytes = 4096;
  options.body_timeout = absl::Milliseconds(300);
  options.slowest_bytes_per_second = 1024;
  options.body_limit = [](std::string_view, std::string_view target) -> size_t {
    return target == "/import" ? 65536 : 4096;
  };
  const Fixture f(options);
  // A tenth each 100 ms, until an answer comes.
  const auto drip = [&](const std::string& head, size_t bytes) {
    RawSocket client = f.Connect();
    client.Send(head + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes) +
                "\r\n\r\n");
    std::string answer;
    for (size_t i = 0; i < 10 && answer.empty() && !client.closed(); ++i) {
      client.Send(std::string(bytes / 10, 'x'));
      answer += client.ReceiveUntil([](const std::string& all) { return !all.empty(); },
                                    std::chrono::milliseconds(i < 9 ? 100 : 30000));
    }
    return StatusOf(answer);
  };
  CHECK(drip("POST /import", 5000) == 200);
  CHECK(drip("POST /import", 4000) == 408);  // any other may be as long
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

TEST_CASE("bodies that come in pieces are held up to a limit for all, and then refused",
          "[http][server]") {
  constexpr size_t kBody = 1 << 20;
  ServerOptions options;
  options.max_held_bytes = 3 * kBody / 2;
  const Fixture f(options);
  const std::string head =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kBody) + "\r\n\r\n";
  const std::string most(kBody - 1, 'b');
  const auto send_another = [&] {
    RawSocket other = f.Connect();
    other.Send(head + most + "b");
    return StatusOf(other.ReceiveText("\r\n\r\n"));
  };
  const auto is_full = [&] { return send_another() == 503; };
  RawSocket first = Fill(f, head + most, is_full);
  RawSocket small = f.Connect();
  small.Send(kGet);
  CHECK(StatusOf(small.ReceiveText("body:.")) == 200);
  first.Send("b");
  CHECK(StatusOf(first.ReceiveText("body:.")) == 200);
  EventuallyTrue([&] { return send_another() == 200; }, "room again");
  RawSocket gone = Fill(f, head + most, is_full);
  gone.ResetOnClose();
  gone.Close();
  EventuallyTrue([&] { return send_another() == 200; }, "room again");
}

TEST_CASE("bodies that fill their limit cost neither short bodies nor answers", "[http][server]") {
  ServerOptions options;
  options.max_body_bytes = kLarge;
  options.max_held_bytes = kLarge;
  const Fixture f(options);
  const auto head = [](size_t length) {
    return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n";
  };
  const auto is_full = [&] {
    constexpr size_t kSome = 32 << 10;
    RawSocket other = f.Connect();
    other.Send(head(kSome) + "\r\n" + std::string(kSome, 'b'));
    return StatusOf(other.ReceiveText("\r\n\r\n")) == 503;
  };
  const RawSocket filling = Fill(f, head(kLarge) + "\r\n" + std::string(kLarge - 1, 'b'), is_full);

  RawSocket brief = f.Connect();
  brief.Send(head(100) + "Expect: 100-continue\r\n\r\n");
  REQUIRE(StatusOf(brief.ReceiveText("\r\n\r\n")) == 100);  // so that it comes in pieces
  brief.Send(std::string(100, 'b'));
  CHECK(StatusOf(brief.ReceiveText("body:.")) == 200);

  RawSocket reader = f.Connect();
  reader.Send(kGetLarge);
  const auto whole = [](const std::string& all) { return all.size() > kLarge; };
  CHECK(reader.ReceiveUntil(whole).ends_with("l."));
  CHECK(is_full());
}

TEST_CASE("answers that are not read are held up to a limit for all, and then broken off",
          "[http][server]") {
  ServerOptions options;
  options.max_held_bytes = kLarge;
  options.write_timeout = absl::Minutes(5);
  const Fixture f(options);
  const auto deaf = [&] {
    RawSocket client = f.Connect();
    client.ShrinkReceiveBuffer();
    client.Send(kGetLarge);
    client.ReceiveUntil([](const std::string& all) { return !all.empty(); });
    return client;
  };
  RawSocket first = deaf();
  RawSocket second = deaf();
  CHECK(second.ReceiveAll().size() < kLarge);
  CHECK(second.closed());
  const auto read_whole = [&] {
    RawSocket client = f.Connect();
    client.Send(kGetLarge);
    const auto whole = [](const std::string& all) { return all.size() > kLarge; };
    return client.ReceiveUntil(whole).ends_with("l.");
  };
  EventuallyTrue([&] { return f.server->connections() == 1; }, "the first alone");
  first.ResetOnClose();
  first.Close();
  EventuallyTrue([&] { return f.server->connections() == 0; }, "the last to go");
  CHECK(read_whole());
}

}  // namespace ctc::http
