// Opening a WebSocket as a client: resolve, connect, TLS with the name verified, upgrade.
#include <absl/strings/str_cat.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "libs/http/client.h"
#include "libs/http/websocket_core.h"

namespace ctc::http {
namespace {

namespace beast = boost::beast;
using asio::ip::tcp;
using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct WebSocketUrl {
  bool tls = false;
  std::string host;  // without brackets
  std::string port;
  std::string authority;  // for the Host header
  std::string target;
};

absl::StatusOr<WebSocketUrl> ParseUrl(std::string_view url) {
  WebSocketUrl out;
  if (url.starts_with("wss://")) {
    out.tls = true;
    url.remove_prefix(6);
  } else if (url.starts_with("ws://")) {
    url.remove_prefix(5);
  } else {
    return absl::InvalidArgumentError("the URL must begin with ws:// or wss://");
  }
  const size_t slash = std::min(url.find_first_of("/?"), url.size());
  out.authority = std::string(url.substr(0, slash));
  out.target = slash < url.size() ? std::string(url.substr(slash)) : "/";
  if (out.target.front() == '?') out.target.insert(0, "/");
  const std::string& authority = out.authority;
  const size_t bracket = authority.starts_with("[") ? authority.find(']') : 0;
  if (authority.empty() || bracket == std::string::npos ||
      authority.find('@') != std::string::npos) {
    return absl::InvalidArgumentError("the URL has no proper host");
  }
  const size_t colon = authority.find(':', bracket);
  out.host = bracket > 0 ? authority.substr(1, bracket - 1) : authority.substr(0, colon);
  out.port = colon == std::string::npos ? (out.tls ? "443" : "80") : authority.substr(colon + 1);
  return out;
}

absl::Status Failed(std::string_view step, const boost::system::error_code& error) {
  return absl::UnavailableError(
      absl::StrCat("WebSocket ", std::string(step), " failed: ", error.message()));
}

// What both kinds of stream share once they are connected.
template <class Next>
Task<absl::StatusOr<std::unique_ptr<WebSocket>>> Upgrade(
    std::unique_ptr<beast::websocket::stream<Next>> stream, const WebSocketUrl& url,
    const HeaderList& headers, absl::Duration connect_timeout, absl::Duration ping_interval) {
  beast::get_lowest_layer(*stream).expires_never();
  beast::websocket::stream_base::timeout limits{};
  limits.handshake_timeout = absl::ToChronoNanoseconds(connect_timeout);
  limits.idle_timeout = absl::ToChronoNanoseconds(2 * ping_interval);  // pings after half of it
  limits.keep_alive_pings = true;
  stream->set_option(limits);
  auto decorate = [&](beast::websocket::request_type& request) {
    for (const auto& [name, value] : headers) request.set(name, value);
  };
  stream->set_option(beast::websocket::stream_base::decorator(decorate));
  stream->read_message_max(16 << 20);
  stream->text(true);
  beast::websocket::response_type response;
  boost::system::error_code error;
  co_await stream->async_handshake(response, url.authority, url.target,
                                   asio::redirect_error(asio::use_awaitable, error));
  if (error == beast::websocket::error::upgrade_declined) {
    const std::string detail =
        absl::StrCat("the WebSocket was declined with status ", response.result_int());
    if (response.result_int() == 401 || response.result_int() == 403) {
      co_return absl::UnauthenticatedError(detail);
    }
    co_return absl::UnavailableError(detail);
  }
  if (error) co_return Failed("upgrade", error);
  // The decorator refers to this frame; nothing may call it later.
  stream->set_option(beast::websocket::stream_base::decorator([](auto&) {}));
  const asio::any_io_executor strand = stream->get_executor();
  auto core = std::make_shared<WebSocketCore<Next>>(strand, std::move(stream));
  core->Start();
  std::unique_ptr<WebSocket> socket = std::make_unique<WebSocketHandle<Next>>(std::move(core));
  co_return socket;
}

Task<absl::Status> ConnectTcp(beast::tcp_stream& stream, const WebSocketUrl& url,
                              const AddressGuard& guard, absl::Duration limit) {
  boost::system::error_code error;
  tcp::resolver resolver(stream.get_executor());
  const auto found = co_await resolver.async_resolve(
      url.host, url.port, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return Failed("name resolution", error);
  std::vector<tcp::endpoint> allowed;
  for (const auto& entry : found) {
    if (guard.Allows(entry.endpoint().address())) allowed.push_back(entry.endpoint());
  }
  if (allowed.empty()) co_return absl::UnavailableError(kForbiddenAddress);
  stream.expires_after(absl::ToChronoNanoseconds(limit));
  co_await stream.async_connect(allowed, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return Failed("connection", error);
  stream.socket().set_option(tcp::no_delay(true), error);
  co_return absl::OkStatus();
}

asio::ssl::context MakeTlsContext() {
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_default_verify_paths();
  context.set_verify_mode(asio::ssl::verify_peer);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  return context;
}

Task<absl::StatusOr<std::unique_ptr<WebSocket>>> ConnectTls(
    asio::any_io_executor strand, const WebSocketUrl& url, const HeaderList& headers,
    const AddressGuard& guard, absl::Duration connect_timeout, absl::Duration ping_interval) {
  using Next = beast::ssl_stream<beast::tcp_stream>;
  static asio::ssl::context context = MakeTlsContext();
  auto stream = std::make_unique<beast::websocket::stream<Next>>(strand, context);
  CTC_CO_RETURN_IF_ERROR(
      co_await ConnectTcp(beast::get_lowest_layer(*stream), url, guard, connect_timeout));
  Next& tls = stream->next_layer();
  SSL_set_tlsext_host_name(tls.native_handle(), url.host.c_str());
  tls.set_verify_callback(asio::ssl::host_name_verification(url.host));
  boost::system::error_code error;
  co_await tls.async_handshake(asio::ssl::stream_base::client,
                               asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return Failed("TLS handshake", error);
  co_return co_await Upgrade<Next>(std::move(stream), url, headers, connect_timeout, ping_interval);
}

Task<absl::StatusOr<std::unique_ptr<WebSocket>>> ConnectOnStrand(
    asio::any_io_executor strand, WebSocketUrl url, HeaderList headers, AddressGuard guard,
    absl::Duration connect_timeout, absl::Duration ping_interval) {
  if (url.tls) {
    co_return co_await ConnectTls(strand, url, headers, guard, connect_timeout, ping_interval);
  }
  using Next = beast::tcp_stream;
  auto stream = std::make_unique<beast::websocket::stream<Next>>(strand);
  CTC_CO_RETURN_IF_ERROR(
      co_await ConnectTcp(beast::get_lowest_layer(*stream), url, guard, connect_timeout));
  co_return co_await Upgrade<Next>(std::move(stream), url, headers, connect_timeout, ping_interval);
}

}  // namespace

Task<absl::StatusOr<std::unique_ptr<WebSocket>>> ConnectWebSocket(
    std::string url, std::vector<std::pair<std::string, std::string>> headers,
    absl::Duration connect_timeout, absl::Duration ping_interval, AddressGuard guard) {
  CTC_CO_ASSIGN_OR_RETURN(WebSocketUrl parsed, ParseUrl(url));
  const asio::any_io_executor strand = asio::make_strand(co_await asio::this_coro::executor);
  auto connect = ConnectOnStrand(strand, std::move(parsed), std::move(headers), std::move(guard),
                                 connect_timeout, ping_interval);
  try {
    co_return co_await asio::co_spawn(strand, std::move(connect), asio::use_awaitable);
  } catch (const std::exception&) {  // Beast throws where a header cannot be built
    co_return absl::InvalidArgumentError("the WebSocket request cannot be built");
  }
}

}  // namespace ctc::http
