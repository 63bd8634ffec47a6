#include "libs/http/address_guard.h"

#include <catch2/catch.hpp>

#include "libs/http/client.h"
#include "libs/http/server.h"
#include "libs/testing/run_task.h"

namespace ctc::http {
namespace {

bool Allows(const AddressGuard& guard, const std::string& address) {
  return guard.Allows(asio::ip::make_address(address));
}

TEST_CASE("addresses that are not public are not allowed", "[http][guard]") {
  const AddressGuard guard = *AddressGuard::PublicAnd("");
  for (const char* address : {"127.0.0.1",
                              "127.255.0.1",
                              "0.0.0.0",
                              "10.0.0.1",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::1",
                              "::",
                              "fe80::1",
                              "fd00::1",
                              "ff02::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "2001:db8::1",
                              "64:ff9b:1::1"}) {
    INFO(address);
    CHECK_FALSE(Allows(guard, address));
    CHECK(Allows(AddressGuard::Everywhere(), address));
  }
  for (const char* address : {"8.8.8.8", "172.32.0.1", "172.15.0.1", "11.0.0.1", "169.253.0.1",
                              "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"}) {
    INFO(address);
    CHECK(Allows(guard, address));
  }
}

TEST_CASE("networks of the operator are allowed beside public ones", "[http][guard]") {
  const AddressGuard guard = *AddressGuard::PublicAnd("127.0.0.0/8, 10.1.2.3,fd00::/9 ,");
  for (const char* address :
       {"127.0.0.1", "10.1.2.3", "fd00::1", "fd7f::1", "::ffff:127.0.0.1", "8.8.8.8"}) {
    INFO(address);
    CHECK(Allows(guard, address));
  }
  for (const char* address : {"10.1.2.4", "fd80::1", "::1", "169.254.169.254"}) {
    INFO(address);
    CHECK_FALSE(Allows(guard, address));
  }
  CHECK(AddressGuard::PublicAnd("0.0.0.0/0,::/0")->Allows(asio::ip::make_address("::1")));
  for (const char* wrong : {"10.0.0.0/33", "loopback", "::1/129", "10.0.0/8", "1.2.3.4/x"}) {
    INFO(wrong);
    CHECK_FALSE(AddressGuard::PublicAnd(wrong).ok());
  }
}

TEST_CASE("a URL that names such an address is known by it, however it is spelled",
          "[http][guard]") {
  const AddressGuard guard = *AddressGuard::PublicAnd("");
  for (const char* url :
       {"http://127.0.0.1", "http://127.0.0.1:8088/ari", "http://127.1/", "http://2130706433/",
        "http://0x7f000001/", "http://0177.0.0.1/", "http://[::1]:80/", "http://LOCALHOST/",
        "http://localhost.:80", "http://a.localhost", "http://[::ffff:169.254.169.254]/",
        "http://169.254.169.254/latest", "http://0/", "http://user@10.0.0.1/", "http://127.0.0.1.",
        "http://127.0.0.1?x", "http://127.0.0.1#x"}) {
    INFO(url);
    CHECK_FALSE(guard.AllowsHostOf(url));
  }
  for (const char* url : {"https://api.twilio.com", "http://8.8.8.8", "http://pbx:8088/ari",
                          "http://[2606:4700::1111]/", "http://127.0.0.1.example.com/"}) {
    INFO(url);
    CHECK(guard.AllowsHostOf(url));
  }
  CHECK(AddressGuard::PublicAnd("127.0.0.0/8")->AllowsHostOf("http://localhost:1"));
}

TEST_CASE("nothing is sent to an address that is not allowed, whatever its name", "[http][guard]") {
  testing::IoThreads io(2);
  std::atomic<int> served = 0;
  const auto handler = [&](const Request&) -> Task<Response> {
    ++served;
    co_return Response();
  };
  const auto server = Server::Start(io.executor(), {}, handler).value();
  const std::string port = std::to_string(server->port());
  const auto send = [&](const AddressGuard& guard, const std::string& host) {
    const auto client = Client::Create(io.executor(), guard);
    ClientRequest request;
    request.url = "http://" + host + ":" + port + "/";
    return io.Run(client->Send(std::move(request)));
  };
  const AddressGuard guard = *AddressGuard::PublicAnd("");
  for (const char* host : {"127.0.0.1", "localhost", "127.1"}) {
    INFO(host);
    const ClientResult refused = send(guard, host);
    CHECK_FALSE(refused.ok());
    CHECK(refused.error.reached == Reached::kNotSent);
    CHECK(std::string(refused.error.status.message()).find("not allowed") != std::string::npos);
  }
  CHECK(served == 0);
  CHECK(send(*AddressGuard::PublicAnd("127.0.0.0/8"), "127.0.0.1").response.status == 200);
  const auto socket = io.Run(ConnectWebSocket("ws://localhost:" + port + "/", {}, absl::Seconds(5),
                                              absl::Seconds(5), guard));
  CHECK(socket.status().code() == absl::StatusCode::kUnavailable);
  CHECK(served == 1);
}

}  // namespace
}  // namespace ctc::http
