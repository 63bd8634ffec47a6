#include "libs/http/server_websocket.h"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "libs/http/text.h"
#include "libs/http/websocket_core.h"

namespace ctc::http {
namespace {

namespace beast = boost::beast;
using asio::ip::tcp;

constexpr std::chrono::seconds kHandshakeLimit{5};
constexpr std::chrono::seconds kIdleLimit{60};  // a ping goes out after half of it

class BeastServerWebSocket final : public ServerWebSocket {
 public:
  using Core = WebSocketCore<tcp::socket>;

  BeastServerWebSocket(tcp::socket socket, size_t max_message_bytes) {
    const asio::any_io_executor strand = socket.get_executor();
    auto stream = std::make_unique<Core::Stream>(std::move(socket));
    stream->read_message_max(max_message_bytes);
    beast::websocket::stream_base::timeout limits{};
    limits.handshake_timeout = kHandshakeLimit;
    limits.idle_timeout = kIdleLimit;
    limits.keep_alive_pings = true;
    stream->set_option(limits);
    stream->text(true);
    stream_ = stream.get();
    core_ = std::make_shared<Core>(strand, std::move(stream));
  }

  Task<void> Run(const Request& request, const Response& response) override {
    beast::http::request<beast::http::empty_body> upgrade;
    upgrade.version(11);
    upgrade.method(beast::http::verb::get);
    upgrade.target(request.target);
    for (const auto& [name, value] : request.headers.all()) upgrade.insert(name, value);
    auto decorate = [&](beast::websocket::response_type& answer) {
      for (const auto& [name, value] : response.headers.all()) answer.set(name, value);
    };
    stream_->set_option(beast::websocket::stream_base::decorator(decorate));
    boost::system::error_code error;
    co_await stream_->async_accept(upgrade, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    core_->Start();
    accepted_ = true;
    if (draining_) core_->Drain();
    WebSocketHandle<tcp::socket> socket(core_);
    try {
      co_await response.websocket(socket);
      co_await socket.Close(1000, "");
    } catch (...) {  // the handle's end cuts the connection
    }
  }

  void Drain() override {
    draining_ = true;
    if (accepted_) core_->Drain();
  }

  void Abort() override { core_->Abort(); }

 private:
  Core::Stream* stream_;
  std::shared_ptr<Core> core_;
  bool accepted_ = false;
  bool draining_ = false;
};

}  // namespace

bool IsWebSocketUpgrade(const Request& request) {
  const Headers& headers = request.headers;
  return request.method == "GET" && EqualsIgnoreCase(headers.Get("Upgrade"), "websocket") &&
         ListHas(headers.Get("Connection"), "upgrade") && headers.Has("Sec-WebSocket-Key") &&
         headers.Get("Sec-WebSocket-Version") == "13";
}

std::shared_ptr<ServerWebSocket> MakeServerWebSocket(tcp::socket socket, size_t max_message_bytes) {
  return std::make_shared<BeastServerWebSocket>(std::move(socket), max_message_bytes);
}

}  // namespace ctc::http
