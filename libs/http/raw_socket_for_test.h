// Blocking sockets for tests that must send and see exact bytes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace ctc::http {

class RawSocket {
 public:
  explicit RawSocket(int descriptor) : fd_(descriptor) {}
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawSocket& operator=(RawSocket&&) = delete;
  ~RawSocket() { Close(); }

  static RawSocket Connect(int port) {
    RawSocket socket(::socket(AF_INET, SOCK_STREAM, 0));
    const sockaddr_in address = Loopback(port);
    if (::connect(socket.fd_, Cast(&address), sizeof(address)) != 0) {
      throw std::runtime_error("cannot connect");
    }
    return socket;
  }

  // False when the peer has closed.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Reads until `enough` says so, the peer closes or `limit` passed.
  std::string ReceiveUntil(const std::function<bool(const std::string&)>& enough,
                           std::chrono::milliseconds limit = std::chrono::seconds(30)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    std::string all;
    while (!enough(all)) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      pollfd wait{fd_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) break;
      char buffer[65536];
      const ssize_t count = ::recv(fd_, buffer, sizeof(buffer), 0);
      if (count <= 0) {
        closed_ = true;
        break;
      }
      all.append(buffer, static_cast<size_t>(count));
    }
    return all;
  }
  std::string ReceiveAll(std::chrono::milliseconds limit = std::chrono::seconds(30)) {
    return ReceiveUntil([](const std::string&) { return false; }, limit);
  }
  std::string ReceiveText(std::string_view end) {
    return ReceiveUntil([&](const std::string& all) { return all.find(end) != std::string::npos; });
  }
  // Whether the last Receive ended because the peer closed.
  bool closed() const { return closed_; }

  // The next close resets the connection instead of ending it.
  void ResetOnClose() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  }
  void ShrinkReceiveBuffer() {
    const int size = 4096;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
  }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static const sockaddr* Cast(const sockaddr_in* address) {
    return static_cast<const sockaddr*>(static_cast<const void*>(address));
  }

 private:
  int fd_;
  bool closed_ = false;
};

// Listens on loopback and gives each connection to `serve`, one after the other.
class RawServer {
 public:
  explicit RawServer(std::function<void(RawSocket&)> serve) : serve_(std::move(serve)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in any = RawSocket::Loopback(0);
    ::bind(fd_, RawSocket::Cast(&any), sizeof(any));
    ::listen(fd_, 64);
    sockaddr_in bound{};
    socklen_t length = sizeof(bound);
    ::getsockname(fd_, static_cast<sockaddr*>(static_cast<void*>(&bound)), &length);
    port_ = ntohs(bound.sin_port);
    thread_ = std::thread([this] { Run(); });
  }
  ~RawServer() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  int port() const { return port_; }

 private:
  void Run() {
    while (true) {
      const int accepted = ::accept(fd_, nullptr, nullptr);
      if (accepted < 0) return;
      RawSocket socket(accepted);
      serve_(socket);
    }
  }

  std::function<void(RawSocket&)> serve_;
  int fd_ = -1;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace ctc::http
