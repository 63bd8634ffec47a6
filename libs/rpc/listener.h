// Listens at one address for two protocols: a connection that begins as HTTP/2 goes to gRPC, any
// other to our own stream. Inside libs/rpc only.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "libs/base/status.h"
#include "libs/rpc/frame_stream.h"

namespace ctc::rpc {

class Arrival;

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using Socket = FrameStream::Socket;
  struct Takers {
    std::function<void(Socket socket)> ours;   // its executor is a strand
    std::function<void(int descriptor)> grpc;  // nothing was read of it, and it does not block
  };

  Listener(asio::any_io_executor executor, Takers takers);

  // Errors: UNAVAILABLE when the address cannot be bound.
  absl::Status Open(const std::string& address);
  int port() const { return port_; }  // 0 for a unix socket
  void Start();
  // Blocks until nothing is accepted any more; call it off the executor. The takers are not called
  // after.
  void Stop();

 private:
  friend class Arrival;
  absl::Status Bind(const SocketAddress& address);
  Task<void> Accept();
  // What a connection begins with.
  void OnFirstByte(const std::shared_ptr<Arrival>& arrival, char first);

  const asio::any_io_executor executor_;
  const asio::any_io_executor strand_;  // of all below
  Takers takers_;
  asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor_;
  std::set<std::shared_ptr<Arrival>> arrivals_;
  int port_ = 0;
};

}  // namespace ctc::rpc
