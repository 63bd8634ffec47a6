// Where a process listens or is called: unix:PATH, HOST:PORT or [IPV6]:PORT. Inside libs/rpc only.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/asio.h"

namespace ctc::rpc {

using SocketAddress = asio::generic::stream_protocol::endpoint;

struct Address {
  std::string path;  // of a unix socket; else empty
  std::string host;
  std::string port;
};

// nullopt for what is no address.
std::optional<Address> ParseAddress(std::string_view text);

// Only processes of this machine can get there: a unix socket, a loopback address, `localhost`.
// Other names are not looked up: what they mean may change.
bool IsOfThisMachine(const Address& address);

// Names are looked up without blocking. Empty when there is none, with the reason in `error`.
Task<std::vector<SocketAddress>> Resolve(const Address& address, boost::system::error_code& error);
// The same, blocking; for the start of a process.
std::vector<SocketAddress> ResolveNow(const Address& address, boost::system::error_code& error);

}  // namespace ctc::rpc
