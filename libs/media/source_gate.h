// Whose packets are heard, and where to send: a stream's peer as the signalling has it, or as its
// packets come, once (see Latch); one exactly as the signalling has it is believed at any time.
// Pure; one thread at a time.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <optional>

#include "libs/base/asio.h"
#include "libs/media/stream.h"

namespace ctc::media {

class SourceGate {
 public:
  using Endpoint = asio::ip::udp::endpoint;

  // What was agreed. The same address again does not undo what its packets decided; an unspecified
  // one changes nothing. After another one the peer of before, whose packets may be under way, is
  // not heard.
  void Agree(const Endpoint& remote, Latch latch);

  // Whether a packet of `from` would be heard; a valid one decides by Settle.
  bool Admits(const Endpoint& from) const;
  void Settle(const Endpoint& from);

  // Where to send; none before an address is known.
  const std::optional<Endpoint>& target() const { return settled_ ? settled_ : remote_; }

 private:
  std::optional<Endpoint> remote_;
  std::optional<Endpoint> settled_;
  std::optional<Endpoint> left_;  // the one before, which decides nothing any more
  Latch latch_ = Latch::kNever;
};

}  // namespace ctc::media
