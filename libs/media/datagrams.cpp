#include "libs/media/datagrams.h"

#include <absl/strings/str_cat.h>
#include <netinet/in.h>

#include <cstring>
#include <utility>

namespace ctc::media {
namespace {

constexpr int kAnyTries = 100;

using asio::ip::udp;

std::optional<absl::Time> ArrivalOf(msghdr& header) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec time{};
    std::memcpy(&time, CMSG_DATA(each), sizeof(time));
    return absl::TimeFromTimespec(time);
  }
  return std::nullopt;
}

boost::system::error_code BindOne(udp::socket& socket, const UdpEndpoint& own) {
  boost::system::error_code error;
  if (socket.is_open()) socket.close(error);
  socket.open(own.protocol(), error);
  if (!error) socket.non_blocking(true, error);
  if (!error) socket.bind(own, error);
  if (error) return error;
  const int on = 1;
  // Without it the time of reading does; jitter is coarser then.
  setsockopt(socket.native_handle(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
  return error;
}

}  // namespace

Inbox::Inbox() {
  read_.reserve(kBatch);
  for (size_t i = 0; i < kBatch; ++i) {
    vectors_[i] = {bytes_[i].data(), kLongest};
    messages_[i] = mmsghdr{};
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

std::span<const Datagram> Inbox::Read(udp::socket& socket, bool& more) {
  for (size_t i = 0; i < kBatch; ++i) {
    msghdr& header = messages_[i].msg_hdr;
    header.msg_name = from_[i].data();
    header.msg_namelen = static_cast<socklen_t>(from_[i].capacity());
    header.msg_control = control_[i].data();
    header.msg_controllen = kControl;
    header.msg_flags = 0;
  }
  read_.clear();
  const int count =
      recvmmsg(socket.native_handle(), messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
  more = count == static_cast<int>(kBatch);
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<size_t>(i);
    msghdr& header = messages_[at].msg_hdr;
    if ((header.msg_flags & MSG_TRUNC) != 0) continue;
    from_[at].resize(header.msg_namelen);
    read_.push_back({{bytes_[at].data(), messages_[at].msg_len}, from_[at], ArrivalOf(header)});
  }
  return read_;
}

void SendDatagram(udp::socket& socket, std::span<const uint8_t> bytes, const UdpEndpoint& to) {
  sendto(socket.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL, to.data(),
         static_cast<socklen_t>(to.size()));
}

absl::StatusOr<PortFinder> PortFinder::Create(asio::ip::address ip, uint16_t first, uint16_t last) {
  if (first == 0 && last == 0) return PortFinder(std::move(ip), 0, 0);
  const int even = first + (first & 1);
  if (first == 0 || even + 1 > last) {
    return absl::InvalidArgumentError("the media ports hold no even one with the next above it");
  }
  return PortFinder(std::move(ip), static_cast<uint16_t>(even), last);
}

boost::system::error_code PortFinder::Bind(SocketPair& pair, uint16_t port) const {
  boost::system::error_code error = BindOne(pair.rtp, {ip_, port});
  if (error) return error;
  pair.port = pair.rtp.local_endpoint(error).port();
  if (error) return error;
  if (pair.port % 2 != 0) return asio::error::address_in_use;
  return BindOne(pair.rtcp, {ip_, static_cast<uint16_t>(pair.port + 1)});
}

absl::StatusOr<SocketPair> PortFinder::FindAny(asio::io_context& io) const {
  SocketPair pair{udp::socket(io), udp::socket(io)};
  for (int i = 0; i < kAnyTries; ++i) {
    const auto error = Bind(pair, 0);
    if (!error) return pair;
    if (error != asio::error::address_in_use) return absl::UnavailableError(error.message());
  }
  return absl::ResourceExhaustedError("no pair of UDP ports is free");
}

absl::StatusOr<SocketPair> PortFinder::Find(asio::io_context& io) {
  if (first_ == 0) return FindAny(io);
  SocketPair pair{udp::socket(io), udp::socket(io)};
  for (uint32_t tried = first_; tried < last_; tried += 2) {
    const uint32_t port = next_;
    next_ = next_ + 3 > last_ ? first_ : next_ + 2;
    const auto error = Bind(pair, static_cast<uint16_t>(port));
    if (!error) return pair;
    if (error != asio::error::address_in_use && error != asio::error::access_denied) {
      return absl::UnavailableError(error.message());
    }
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("no pair of the UDP ports ", first_, " to ", last_, " is free"));
}

}  // namespace ctc::media
