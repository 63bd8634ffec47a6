// See listener.h.
#include "libs/rpc/listener.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <future>

#include "libs/base/error_catalogue.h"

namespace ctc::rpc {
namespace {

constexpr int kBacklog = 1024;
constexpr auto kFirstByteLimit = std::chrono::seconds(10);
constexpr auto kAcceptPause = std::chrono::milliseconds(50);

// A socket file that a process left behind; no other kind of file is touched.
void RemoveOldSocket(const std::string& path) {
  struct stat info{};
  if (!path.empty() && lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) {
    unlink(path.c_str());
  }
}

int PortOf(const SocketAddress& address) {
  sockaddr_storage storage{};
  std::memcpy(&storage, address.data(), std::min(address.size(), sizeof(storage)));
  if (storage.ss_family != AF_INET && storage.ss_family != AF_INET6) return 0;
  sockaddr_in in{};  // the port is at the same place in both families
  std::memcpy(&in, &storage, sizeof(in));
  return ntohs(in.sin_port);
}

}  // namespace

// A connection that has said nothing yet. On the listener's strand.
class Arrival : public std::enable_shared_from_this<Arrival> {
 public:
  Arrival(std::shared_ptr<Listener> listener, Listener::Socket arrived)
      : socket(std::move(arrived)),
        listener_(std::move(listener)),
        limit_(socket.get_executor(), kFirstByteLimit) {}

  void Start() {
    limit_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->Close();
    });
    socket.async_wait(Listener::Socket::wait_read,
                      [self = shared_from_this()](const boost::system::error_code&) {
                        self->limit_.cancel();
                        self->OnReadable();
                      });
  }

  void Close() {
    boost::system::error_code ignored;
    socket.close(ignored);
  }

  Listener::Socket socket;

 private:
  void OnReadable() {
    char first = 0;
    boost::system::error_code error;
    socket.non_blocking(true, error);
    const size_t bytes = socket.receive(asio::buffer(&first, 1), MSG_PEEK, error);
    const auto self = shared_from_this();
    listener_->arrivals_.erase(self);
    if (!error && bytes == 1) listener_->OnFirstByte(self, first);
  }

  const std::shared_ptr<Listener> listener_;
  asio::steady_timer limit_;
};

Listener::Listener(asio::any_io_executor executor, Takers takers)
    : executor_(std::move(executor)),
      strand_(NewStrand(executor_)),
      takers_(std::move(takers)),
      acceptor_(strand_) {}

absl::Status Listener::Open(const std::string& text) {
  const auto address = ParseAddress(text);
  if (!address) return base::MakeError(base::kUnavailable, text + " is not an address");
  RemoveOldSocket(address->path);
  boost::system::error_code error;
  const auto found = ResolveNow(*address, error);
  absl::Status status = absl::UnavailableError(error.message());
  for (const SocketAddress& each : found) {
    status = Bind(each);
    if (status.ok()) return status;
  }
  return base::MakeError(base::kUnavailable,
                         "cannot listen at " + text + ": " + std::string(status.message()));
}

absl::Status Listener::Bind(const SocketAddress& address) {
  boost::system::error_code error;
  acceptor_.close(error);
  acceptor_.open(address.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(address, error);
  if (!error) acceptor_.listen(kBacklog, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (!error) port_ = PortOf(acceptor_.local_endpoint(error));
  return error ? absl::UnavailableError(error.message()) : absl::OkStatus();
}

void Listener::Start() {
  asio::co_spawn(strand_, Accept(), [self = shared_from_this()](std::exception_ptr) {});
}

void Listener::Stop() {
  std::promise<void> stopped;
  asio::post(strand_, [self = shared_from_this(), &stopped] {
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
    for (const auto& arrival : self->arrivals_) arrival->Close();
    self->takers_ = Takers();
    stopped.set_value();
  });
  stopped.get_future().wait();
}

Task<void> Listener::Accept() {
  asio::steady_timer pause(strand_);
  while (true) {
    boost::system::error_code error;
    Socket socket(strand_);
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (!acceptor_.is_open()) co_return;
    if (!error) {
      const auto arrival = std::make_shared<Arrival>(shared_from_this(), std::move(socket));
      arrivals_.insert(arrival);
      arrival->Start();
    } else {
      // Out of descriptors or the like: let some connections end first.
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

void Listener::OnFirstByte(const std::shared_ptr<Arrival>& arrival, char first) {
  if (!acceptor_.is_open()) return;
  boost::system::error_code error;
  const auto protocol = arrival->socket.local_endpoint(error).protocol();
  boost::system::error_code ignored;
  // gRPC does so only with what it accepts itself. No effect on a unix socket.
  arrival->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  const int descriptor = error ? -1 : arrival->socket.release(error);
  if (error) return;
  if (first != kGreeting.front()) {
    takers_.grpc(descriptor);
    return;
  }
  Socket ours(NewStrand(executor_));
  ours.assign(protocol, descriptor, error);
  if (error) {
    close(descriptor);
    return;
  }
  takers_.ours(std::move(ours));
}

}  // namespace ctc::rpc
