// One leg of a call: its sockets, what comes from it, what it is sent. On the server's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/media/datagrams.h"
#include "libs/media/digit_detector.h"
#include "libs/media/media_server.h"
#include "libs/media/playback.h"
#include "libs/media/playout.h"
#include "libs/media/reception.h"
#include "libs/media/rtp_packet.h"
#include "libs/media/source_gate.h"
#include "libs/media/telephone_event.h"

namespace ctc::media {

// Keys of one party that are told at once; it gets one back every 80 ms, which is the shortest key.
inline constexpr int kKeysAtOnce = 32;

// What all parties of a server share; it outlives them.
struct PartyGround {
  const base::Clock& clock;
  MediaEvents events;
  int64_t silent_after = 0;  // frames; 0: never
  Sound ringback;
  Sound hold_music;
  Inbox inbox;
};

// Who sends under which numbers; random (RFC 3550 section 5.1).
struct RtpStart {
  uint32_t ssrc = 0;
  uint32_t timestamp = 0;
  uint16_t sequence = 0;
};

class Party {
 public:
  Party(std::string room, std::string name, SocketPair sockets, const RtpStart& start,
        PartyGround& ground);

  const std::string& name() const { return name_; }

  void Connect(const Stream& stream, const UdpEndpoint& remote);
  // Whether its silence is told; counted from now on when it was not before.
  void Watch(bool watched);
  void SetTone(Tone tone);
  void Play(std::vector<Piece> pieces, PlayId id, std::function<void(bool)> done);
  void StopPlay(PlayId id);
  void PlayBeep(std::vector<Piece> pieces) { beep_ = Playback(std::move(pieces)); }
  void SendDigits(std::string_view digits);

  // Reads what has come, up to the frame `frame` of the server.
  void Receive(uint64_t frame);
  // What it says in this frame; null when nothing is to be heard.
  const Frame* voice() const { return voiced_ ? &voice_ : nullptr; }
  // Sends what `others` say and what it is played. `voices` is memory to be used.
  void Send(uint64_t frame, std::vector<const Frame*>& voices);
  // The last word: reports, and tells what there is to tell.
  void Close(uint64_t frame);

 private:
  void Take(const Datagram& datagram);
  void TakeSound(const RtpPacket& packet);
  void TakeReport(const Datagram& datagram);
  // Whether another turn of so many frames has begun; any frame of it may have been left out.
  bool IsNewTurn(uint64_t frame, uint64_t frames, std::optional<uint64_t>& turn) const;
  bool IsEventType(uint8_t type) const;
  void WatchSilence();
  void AddPlayed(std::vector<const Frame*>& voices);
  void EndPlay(bool finished);
  void SendSound(uint64_t frame, const std::vector<const Frame*>& voices);
  void SendPacket(const RtpHeader& header, std::span<const uint8_t> payload);
  void SendReport(uint64_t frame, bool bye);
  uint32_t TimestampOf(uint64_t frame) const;
  absl::Time ArrivalOf(const Datagram& datagram) const;

  const std::string room_;
  const std::string name_;
  SocketPair sockets_;
  const RtpStart start_;
  PartyGround& ground_;
  const absl::Time opened_;

  std::optional<Stream> stream_;
  SourceGate gate_;
  // What comes.
  Playout playout_;
  Reception reception_;
  EventReader keys_;
  std::unique_ptr<DigitDetector> detector_;
  Frame voice_{};
  bool voiced_ = false;
  bool watched_ = false;
  int64_t silent_ = 0;           // frames without a packet, since it is watched
  int keys_left_ = kKeysAtOnce;  // that it may still press
  std::optional<uint64_t> read_turn_;
  uint32_t peer_sent_at_ = 0;
  absl::Time peer_report_came_;
  PartyStatistics statistics_;
  // What goes.
  EventWriter events_;
  Playback inband_;
  Tone tone_ = Tone::kNone;
  Loop loop_;
  Playback beep_;
  Playback play_;
  PlayId play_id_ = 0;
  std::function<void(bool)> play_done_;
  Frame inband_frame_{};
  Frame loop_frame_{};
  Frame beep_frame_{};
  Frame play_frame_{};
  Frame mixed_{};
  uint16_t sequence_;
  std::optional<uint64_t> report_turn_;
  uint32_t octets_sent_ = 0;  // of payload
  bool talking_ = false;      // the last frame was sent
};

}  // namespace ctc::media
