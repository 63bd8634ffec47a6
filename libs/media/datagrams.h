// UDP as the media plane uses it: sockets that never block, read in batches with the time at which
// the kernel got each packet. One thread at a time.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "libs/base/asio.h"

namespace ctc::media {

using UdpEndpoint = asio::ip::udp::endpoint;

struct Datagram {
  std::span<const uint8_t> bytes;  // until the next batch
  UdpEndpoint from;
  std::optional<absl::Time> arrival;  // none when the kernel does not say
};

// A batch's memory; one for all sockets of a thread.
class Inbox {
 public:
  static constexpr size_t kBatch = 16;

  Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // What has come to `socket`, at most a batch. Longer packets than RTP's and RTCP's are left out.
  std::span<const Datagram> Read(asio::ip::udp::socket& socket, bool& more);

 private:
  static constexpr size_t kLongest = 2048;
  static constexpr size_t kControl = 64;

  std::array<std::array<uint8_t, kLongest>, kBatch> bytes_;
  alignas(cmsghdr) std::array<std::array<char, kControl>, kBatch> control_;
  std::array<UdpEndpoint, kBatch> from_;
  std::array<iovec, kBatch> vectors_;
  std::array<mmsghdr, kBatch> messages_;
  std::vector<Datagram> read_;
};

// RTP's socket on an even port, RTCP's on the odd one above.
struct SocketPair {
  asio::ip::udp::socket rtp;
  asio::ip::udp::socket rtcp;
  uint16_t port = 0;
};

// Errors of the network concern nobody: RTP counts on loss.
void SendDatagram(asio::ip::udp::socket& socket, std::span<const uint8_t> bytes,
                  const UdpEndpoint& to);

// Finds pairs of free ports. A port just given back is the last to be given again, as its last
// peer may still be sending.
class PortFinder {
 public:
  // 0 and 0: any. INVALID_ARGUMENT when there is no pair among them.
  static absl::StatusOr<PortFinder> Create(asio::ip::address ip, uint16_t first, uint16_t last);

  // RESOURCE_EXHAUSTED when none is free, UNAVAILABLE when the address cannot be bound at all.
  absl::StatusOr<SocketPair> Find(asio::io_context& io);

 private:
  PortFinder(asio::ip::address ip, uint16_t first, uint16_t last)
      : ip_(std::move(ip)), first_(first), last_(last), next_(first) {}
  absl::StatusOr<SocketPair> FindAny(asio::io_context& io) const;
  boost::system::error_code Bind(SocketPair& pair, uint16_t port) const;

  asio::ip::address ip_;
  uint32_t first_;
  uint32_t last_;
  uint32_t next_;
};

}  // namespace ctc::media
