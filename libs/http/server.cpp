// Accepts connections, counts them, and drains.
#include "libs/http/server.h"

#include <absl/strings/str_cat.h>
#include <linux/filter.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include "libs/http/connection.h"
#include "libs/http/server_state.h"

namespace ctc::http {

void ServerState::Add(const std::shared_ptr<Connection>& connection) {
  base::MutexLock lock(mutex_);
  connections_.emplace(connection.get(), connection);
  count_.store(static_cast<int>(connections_.size()));
}

void ServerState::Remove(const Connection* connection) {
  std::function<void()> callback;
  {
    base::MutexLock lock(mutex_);
    connections_.erase(connection);
    count_.store(static_cast<int>(connections_.size()));
    if (connections_.empty()) callback = std::exchange(on_empty_, nullptr);
  }
  if (callback) callback();
}

std::vector<std::shared_ptr<Connection>> ServerState::All() const {
  std::vector<std::shared_ptr<Connection>> all;
  base::MutexLock lock(mutex_);
  for (const auto& [key, weak] : connections_) {
    if (auto connection = weak.lock()) all.push_back(std::move(connection));
  }
  return all;
}

std::shared_ptr<Connection> ServerState::LongestIdle() const {
  std::shared_ptr<Connection> longest;
  auto earliest = std::chrono::steady_clock::time_point::max();
  base::MutexLock lock(mutex_);
  for (const auto& [key, weak] : connections_) {
    auto connection = weak.lock();
    const auto since = connection ? connection->idle_since() : std::nullopt;
    if (!since || *since >= earliest) continue;
    earliest = *since;
    longest = std::move(connection);
  }
  return longest;
}

void ServerState::OnEmpty(std::function<void()> callback) {
  {
    base::MutexLock lock(mutex_);
    if (!connections_.empty()) {
      on_empty_ = std::move(callback);
      return;
    }
  }
  callback();
}

namespace {

using asio::ip::tcp;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr int kBacklog = 4096;
constexpr absl::Duration kAcceptPause = absl::Milliseconds(50);
constexpr absl::Duration kHandshakes = absl::Milliseconds(20);  // for those that are under way

// A filter on the socket (socket(7), SO_ATTACH_FILTER) that drops SYN and takes all else. Where the
// kernel has none, some connections may be reset, as without it.
void RefuseHandshakes(int socket) {
  constexpr uint32_t kFlags = 13;  // RFC 9293 section 3.1: the octet of the flags in a TCP header
  constexpr uint32_t kSyn = 0x02;
  std::array<sock_filter, 4> code = {{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kSyn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  }};
  const sock_fprog program = {static_cast<unsigned short>(code.size()), code.data()};
  setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

// The listening socket; kept by its accept loop. Its members belong to its strand.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(asio::any_io_executor executor, std::shared_ptr<ServerState> state)
      : executor_(std::move(executor)),
        strand_(asio::make_strand(executor_)),
        acceptor_(strand_),
        pause_(strand_),
        empty_(strand_),
        state_(std::move(state)) {}

  absl::Status Open() {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(state_->options.address, error);
    if (error) return absl::InvalidArgumentError("the listen address is not an IP address");
    const tcp::endpoint endpoint(address, static_cast<uint16_t>(state_->options.port));
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && state_->options.reuse_port) acceptor_.set_option(ReusePort(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(kBacklog, error);
    if (!error) acceptor_.non_blocking(true, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    if (!error) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("cannot listen on ", state_->options.address, ":",
                                               state_->options.port, ": ", error.message()));
  }

  void Start() {
    asio::co_spawn(strand_, AcceptLoop(), [self = shared_from_this()](std::exception_ptr) {});
  }

  // From any thread.
  void Stop() {
    asio::post(strand_, [self = shared_from_this()] { self->Close(); });
  }

  Task<void> Drain(absl::Duration limit) {
    return asio::co_spawn(strand_, DrainOnStrand(limit), asio::use_awaitable);
  }

  int port() const { return port_; }

 private:
  Task<void> AcceptLoop() {
    while (acceptor_.is_open()) {
      boost::system::error_code error;
      tcp::socket socket(NewStrand());
      co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
      if (!error) {
        Serve(std::move(socket));
      } else if (error != asio::error::operation_aborted && acceptor_.is_open()) {
        // Out of descriptors or the like: let some connections end first.
        pause_.expires_after(absl::ToChronoMilliseconds(kAcceptPause));
        co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      }
    }
  }

  // A strand straight over the io_context costs less per step than one over its type-erased form.
  asio::any_io_executor NewStrand() const {
    using Direct = asio::io_context::executor_type;
    if (const auto* direct = executor_.target<Direct>()) return asio::strand<Direct>(*direct);
    return asio::make_strand(executor_);
  }

  void Serve(tcp::socket socket) {
    auto connection = std::make_shared<Connection>(std::move(socket), state_);
    if (state_->count() >= state_->options.max_connections) {
      const auto idle = state_->LongestIdle();
      if (idle == nullptr) {
        connection->StartRefusing();
        return;
      }
      idle->EndIdle();
    }
    state_->Add(connection);
    connection->Start();
    if (state_->draining()) connection->Drain();
  }

  // Those whose handshake the kernel has finished already may have sent a request.
  void AcceptWaiting() {
    boost::system::error_code error;
    while (acceptor_.is_open() && !error) {
      tcp::socket socket(NewStrand());
      acceptor_.accept(socket, error);
      if (!error) Serve(std::move(socket));
    }
  }

  void Close() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

  Task<void> DrainOnStrand(absl::Duration limit) {
    state_->StartDraining();
    co_await LetHandshakesEnd();
    AcceptWaiting();
    Close();
    for (const auto& connection : state_->All()) connection->Drain();
    empty_.expires_after(absl::ToChronoNanoseconds(limit));
    boost::system::error_code ignored;
    // Counted anew each time: what the loop had accepted before the close is served after it.
    while (state_->count() > 0 && empty_.expiry() > asio::steady_timer::clock_type::now()) {
      TellWhenEmpty();
      co_await empty_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    for (const auto& connection : state_->All()) connection->Abort();
  }

  // The end of the last connection ends the wait for it.
  void TellWhenEmpty() {
    state_->OnEmpty([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      asio::post(self->strand_, [self] { self->empty_.cancel(); });
    });
  }

  // Closing a socket resets what waits in its queue, which would leave requests without an answer.
  // New connections are kept from it first: a client that is not answered asks again, and is
  // refused then, or taken by another socket of the port.
  Task<void> LetHandshakesEnd() {
    RefuseHandshakes(acceptor_.native_handle());
    pause_.expires_after(absl::ToChronoMilliseconds(kHandshakes));
    boost::system::error_code ignored;
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  const asio::any_io_executor executor_;
  const asio::any_io_executor strand_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  asio::steady_timer empty_;
  const std::shared_ptr<ServerState> state_;
  int port_ = 0;
};

class BeastServer final : public Server {
 public:
  BeastServer(std::shared_ptr<Listener> listener, std::shared_ptr<ServerState> state)
      : listener_(std::move(listener)), state_(std::move(state)) {}
  ~BeastServer() override {
    listener_->Stop();
    for (const auto& connection : state_->All()) connection->Abort();
  }
  int port() const override { return listener_->port(); }
  int connections() const override { return state_->count(); }
  Task<void> Drain(absl::Duration limit) override { return listener_->Drain(limit); }

 private:
  const std::shared_ptr<Listener> listener_;
  const std::shared_ptr<ServerState> state_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(asio::any_io_executor executor,
                                                      ServerOptions options, Handler handler,
                                                      ErrorBody error_body) {
  auto state =
      std::make_shared<ServerState>(std::move(options), std::move(handler), std::move(error_body));
  auto listener = std::make_shared<Listener>(std::move(executor), state);
  CTC_RETURN_IF_ERROR(listener->Open());
  listener->Start();
  return std::make_unique<BeastServer>(std::move(listener), std::move(state));
}

}  // namespace ctc::http
