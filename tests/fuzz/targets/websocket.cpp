// What a client sends over a WebSocket after the handshake, as bytes on the wire: frames whole and
// broken. First byte: the messages' limit. The socket's owner reads until it ends.
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include "libs/http/websocket_core.h"
#include "libs/testing/run_task.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

using Socket = asio::local::stream_protocol::socket;
using Core = http::WebSocketCore<Socket>;

constexpr std::string_view kHandshake =
    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

std::unique_ptr<Core::Stream> Accept(Socket socket, size_t limit) {
  auto stream = std::make_unique<Core::Stream>(std::move(socket));
  stream->read_message_max(limit);
  boost::system::error_code error;
  stream->accept(error);
  Require(!error, "an upgrade is accepted");
  return stream;
}

Task<void> ReadAll(std::shared_ptr<Core> core, size_t limit) {
  core->Start();
  while (true) {
    const absl::StatusOr<std::string> message = co_await core->Read();
    if (!message.ok()) break;
    Require(message->size() <= limit, "a message keeps its limit");
  }
  co_await core->Close(1000, "");
  core->Abort();
}

}  // namespace

void Websocket(std::string_view bytes) {
  const size_t limit = 1 + TakeByte(bytes) * size_t{16};
  // All of it fits into the socket's buffer, so that writing never waits.
  bytes = bytes.substr(0, 16 << 10);
  asio::io_context io;
  Socket ours(io);
  Socket theirs(io);
  asio::local::connect_pair(ours, theirs);
  boost::system::error_code error;
  asio::write(theirs, asio::buffer(kHandshake.data(), kHandshake.size()), error);
  if (!error) asio::write(theirs, asio::buffer(bytes.data(), bytes.size()), error);
  Require(!error, "the bytes are on their way");
  theirs.shutdown(Socket::shutdown_send, error);
  {
    const asio::any_io_executor strand = asio::make_strand(io);
    auto core = std::make_shared<Core>(strand, Accept(std::move(ours), limit));
    testing::RunTask(io, ReadAll(std::move(core), limit));
  }
  io.restart();
  io.run();  // what is still on its way ends
}

}  // namespace ctc::fuzz
