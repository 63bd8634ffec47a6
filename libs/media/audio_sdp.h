// Session descriptions (RFC 4566, offer and answer by RFC 3264) of an end that speaks G.711 and
// telephone-event (RFC 4733) and nothing else. Pure.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/media/stream.h"

namespace ctc::media {

// Who sends, as the end that writes the description sees it.
enum class Direction { kSendRecv, kSendOnly, kRecvOnly, kInactive };

// The same as the other end has to answer it: what one sends the other receives.
Direction Mirrored(Direction direction);

// The o= line: the same session for a dialog's life, the version raised with each description.
struct SdpOrigin {
  uint64_t session = 1;
  uint64_t version = 0;
};

// PCMU, PCMA and telephone-event 0-15 at our RTP address `own` (RTCP one port higher), frames of
// 20 ms.
std::string Offer(const Address& own, const SdpOrigin& origin,
                  Direction direction = Direction::kSendRecv);

// What the other end's description says.
struct PeerAudio {
  Stream stream;        // with the codec it likes best, and sending as the direction lets us
  Direction direction;  // as it wrote it; kSendOnly for c=0.0.0.0, which means hold
};

// The first stream of an offer or an answer that we can have. INVALID_ARGUMENT when there is none:
// no audio by RTP/AVP, port 0, no G.711, an address that is a name, no description at all.
absl::StatusOr<PeerAudio> ReadAudio(std::string_view sdp);

// Answers an offer: that stream with its best codec and telephone-event when it has both, the other
// streams refused. The direction is the offer's mirrored, less what `ours` does not do.
// INVALID_ARGUMENT as ReadAudio.
absl::StatusOr<std::string> Answer(std::string_view offer, const Address& own,
                                   const SdpOrigin& origin, Direction ours = Direction::kSendRecv);

}  // namespace ctc::media
