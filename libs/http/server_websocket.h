// The WebSocket side of a server connection, in a file of its own because Beast's WebSocket is slow
// to compile.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <memory>

#include "libs/http/message.h"

namespace ctc::http {

// True when the request asks for a WebSocket in the one way RFC 6455 knows.
bool IsWebSocketUpgrade(const Request& request);

class ServerWebSocket {
 public:
  virtual ~ServerWebSocket() = default;
  // Accepts the upgrade, runs the handler, closes.
  virtual Task<void> Run(const Request& request, const Response& response) = 0;
  // On the connection's strand: tells the peer that the server goes away; Read ends.
  virtual void Drain() = 0;
  virtual void Abort() = 0;
};

std::shared_ptr<ServerWebSocket> MakeServerWebSocket(asio::ip::tcp::socket socket,
                                                     size_t max_message_bytes);

}  // namespace ctc::http
