// What two ends of a call agree on for their sound: where each is, in which code, who sends.
// Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ctc::media {

// An IP address as text and a UDP port.
struct Address {
  std::string ip;
  uint16_t port = 0;
  friend bool operator==(const Address&, const Address&) = default;
};

// G.711 in both its laws; the static RTP payload types 0 and 8 (RFC 3551).
enum class Codec { kPcmu, kPcma };

// The number under which we offer telephone-event (RFC 4733). Events are read under this one too,
// whatever the other end asks for: each end says what it wants to receive (RFC 3264 section 5.1).
inline constexpr uint8_t kTelephoneEventType = 101;

// Whether sound goes where it comes from instead of where the signalling says, for phones behind
// NAT. Once for each address that the signalling says: the first valid packet decides, so that
// nobody takes a call over, but for who sends from exactly that address.
enum class Latch {
  kNever,   // only packets of exactly the signalled address are heard
  kSameIp,  // another port of the signalled IP address
  kAny,     // any address; whoever is first has the call's sound
};

// One leg's sound as its peer described it.
struct Stream {
  // RTP; RTCP is expected one port higher. An unspecified address (0.0.0.0, ::), which is how old
  // phones hold, leaves the one known before in force.
  Address remote;
  Codec codec = Codec::kPcmu;              // ours to send; both are understood
  std::optional<uint8_t> telephone_event;  // payload type of key presses to send; none: in-band
  bool send = true;                        // we may send
  bool receive = true;                     // they say that they send
  Latch latch = Latch::kSameIp;
};

}  // namespace ctc::media
