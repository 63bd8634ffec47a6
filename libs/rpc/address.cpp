// See address.h.
#include "libs/rpc/address.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <sys/un.h>

#include <charconv>

namespace ctc::rpc {
namespace {

using asio::ip::tcp;

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kDns = "dns:///";  // as gRPC clients write it

bool IsPort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

// What needs no name lookup.
std::optional<SocketAddress> Literal(const Address& address) {
  if (!address.path.empty()) return asio::local::stream_protocol::endpoint(address.path);
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(address.host, error);
  if (error) return std::nullopt;
  uint16_t port = 0;
  std::from_chars(address.port.data(), address.port.data() + address.port.size(), port);
  return tcp::endpoint(ip, port);
}

std::vector<SocketAddress> ToList(const tcp::resolver::results_type& results) {
  std::vector<SocketAddress> list;
  for (const auto& result : results) list.emplace_back(result.endpoint());
  return list;
}

}  // namespace

std::optional<Address> ParseAddress(std::string_view text) {
  Address address;
  if (text.starts_with(kUnix)) {
    text.remove_prefix(kUnix.size());
    if (text.starts_with("//")) text.remove_prefix(2);
    if (text.empty() || text.size() >= sizeof(sockaddr_un::sun_path)) return std::nullopt;
    address.path = text;
    return address;
  }
  if (text.starts_with(kDns)) text.remove_prefix(kDns.size());
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !IsPort(text.substr(colon + 1))) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return std::nullopt;
  address.host = host;
  address.port = text.substr(colon + 1);
  return address;
}

bool IsOfThisMachine(const Address& address) {
  if (!address.path.empty() || address.host == "localhost") return true;
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(address.host, error);
  return !error && ip.is_loopback();
}

Task<std::vector<SocketAddress>> Resolve(const Address& address, boost::system::error_code& error) {
  if (const auto literal = Literal(address)) co_return std::vector<SocketAddress>(1, *literal);
  tcp::resolver resolver(co_await asio::this_coro::executor);
  const auto results = co_await resolver.async_resolve(
      address.host, address.port, asio::redirect_error(asio::use_awaitable, error));
  co_return ToList(results);
}

std::vector<SocketAddress> ResolveNow(const Address& address, boost::system::error_code& error) {
  if (const auto literal = Literal(address)) return {*literal};
  asio::io_context io;
  return ToList(tcp::resolver(io).resolve(address.host, address.port, error));
}

}  // namespace ctc::rpc
