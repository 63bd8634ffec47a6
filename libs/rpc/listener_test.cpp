// What a listener hands over.
#include "libs/rpc/listener.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include "libs/rpc/rpc_test_support.h"

namespace ctc::rpc {

TEST_CASE("what goes to gRPC does not wait to fill its packets") {
  Threads threads;
  std::promise<int> handed;
  Listener::Takers takers;
  takers.grpc = [&handed](int descriptor) { handed.set_value(descriptor); };
  const auto listener = std::make_shared<Listener>(threads.executor(), std::move(takers));
  REQUIRE(listener->Open("127.0.0.1:0").ok());
  listener->Start();
  asio::io_context io;
  asio::ip::tcp::socket client(io);
  const auto address = asio::ip::make_address("127.0.0.1");
  client.connect(asio::ip::tcp::endpoint(address, static_cast<uint16_t>(listener->port())));
  asio::write(client, asio::buffer("PRI * HTTP/2.0\r\n", 16));
  const int descriptor = handed.get_future().get();
  int no_delay = 0;
  socklen_t size = sizeof(no_delay);
  CHECK(getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size) == 0);
  CHECK(no_delay != 0);
  close(descriptor);
  listener->Stop();
}

}  // namespace ctc::rpc
