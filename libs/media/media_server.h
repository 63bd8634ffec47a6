// The media plane of calls that run through us: takes the RTP of each leg, mixes, plays, records,
// reads keys, and sends each leg what it shall hear. A *room* is one call, a *party* one leg of it;
// both have names of the caller's choice.
//
// Every 20 ms one frame of each party is read, mixed and sent, on one thread of the server's own.
// What is asked takes effect with the next frame. Names that are not there are passed over, unless
// a status says so: a leg may end at any time. Thread-safe; only Start and Open touch the operating
// system on the caller's thread, and nothing waits.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/media/sound.h"
#include "libs/media/stream.h"

namespace ctc::media {

// Of one party's streams, in both directions.
struct PartyStatistics {
  uint64_t packets_received = 0;  // RTP that was ours to hear
  uint64_t packets_sent = 0;
  uint64_t packets_refused = 0;  // of a wrong source, or no RTP
  int64_t packets_lost = 0;      // cumulative, RFC 3550 A.3: duplicates make it less
  absl::Duration jitter;         // RFC 3550 A.8, of what we receive
  absl::Duration round_trip;     // by the peer's last report; zero: it sent none
};

// What the server tells, on its own thread: must not wait, may ask the server for anything but its
// end. Each may be empty.
struct MediaEvents {
  // A key was pressed: 0-9, *, #, A-D. Once, however often its packets are repeated.
  std::function<void(const std::string& room, const std::string& party, char digit)> on_digit;
  // Nothing came for `silent_after` from a party that is watched and says that it sends. Once for
  // each such time.
  std::function<void(const std::string& room, const std::string& party)> on_silent;
  // The party has been closed; the last word of it.
  std::function<void(const std::string& room, const std::string& party,
                     const PartyStatistics& statistics)>
      on_closed;
};

struct MediaConfig {
  std::string bind_ip = "127.0.0.1";  // IPv4 or IPv6; all streams are of its family
  std::string announced_ip = {};      // what Open says; empty: bind_ip
  // Each party takes an even port and the odd one above. 0 and 0: whatever is free.
  uint16_t first_port = 0;
  uint16_t last_port = 0;
  absl::Duration silent_after = absl::Seconds(30);  // of on_silent; zero: never
  Sound hold_music = {};                            // null: a quiet melody of our own
  const base::Clock* clock = &base::SystemClock();  // outlives the server
  base::Random* random = &base::SystemRandom();     // of SSRCs and the like; outlives it, too
  MediaEvents events = {};
};

// Who hears whom: the speakers' voices are added up for each listener. A pair of one with itself
// is left out. Hold, mute, whisper, listening in and conferences are such lists.
struct Heard {
  std::string speaker;
  std::string listener;
  friend bool operator==(const Heard&, const Heard&) = default;
};
using Hearing = std::vector<Heard>;

// Everybody hears everybody else.
Hearing EverybodyOf(const std::vector<std::string>& parties);

// What a party hears beside the others.
enum class Tone {
  kNone,
  kRingback,  // 425 Hz, one second of five (ITU-T E.180, Europe)
  kHoldMusic,
};

using PlayId = uint64_t;

// How a recording came to its end.
enum class RecordEnd { kStopped, kMaxLength, kSilence, kClosed };
struct Recorded {
  absl::Duration length;  // of the sound in the file
  RecordEnd end = RecordEnd::kStopped;
};

struct RecordSpec {
  // A new WAV file of G.711 u-law, mono, 8 kHz. It can be read while it grows, and after the
  // process died: up to what was written last, at most a second before.
  std::string path = {};
  std::vector<std::string> parties = {};  // whose voices; empty: as SetRecorded says
  absl::Duration max_length = absl::Hours(4);
  // Ends when nothing was said for so long; zero: never.
  absl::Duration silence_end = absl::ZeroDuration();
  bool beep = false;        // first, for those who are recorded to hear; it is not in the file
  bool keeps_empty = true;  // false: one without a length leaves no file
  // The file is complete, or why it is not: UNAVAILABLE for what the disk says, ALREADY_EXISTS when
  // the room is being recorded or the file is there, NOT_FOUND when there is no such room. What is
  // not complete leaves no file. On a thread of the server.
  std::function<void(absl::StatusOr<Recorded> recorded)> on_done = {};
};

class MediaServer {
 public:
  // INVALID_ARGUMENT for an address or ports that cannot be; UNAVAILABLE when the address is not
  // this host's.
  static absl::StatusOr<std::unique_ptr<MediaServer>> Start(MediaConfig config);
  // Closes all rooms; recordings are complete when it returns. Not on the server's own thread.
  ~MediaServer();
  MediaServer(const MediaServer&) = delete;
  MediaServer& operator=(const MediaServer&) = delete;

  // Makes a party, and the room with the first; returns where its peer is to send RTP.
  // RESOURCE_EXHAUSTED when no port is free, ALREADY_EXISTS when the party does.
  absl::StatusOr<Address> Open(std::string_view room, std::string_view party);
  // What was agreed with the party's peer; again when it changes. Nothing is sent before, and what
  // comes is not heard. NOT_FOUND without the party; INVALID_ARGUMENT for an address that is none,
  // or is of another family than the server's.
  absl::Status Connect(std::string_view room, std::string_view party, const Stream& stream);
  void Close(std::string_view room, std::string_view party);
  void CloseRoom(std::string_view room);

  // Replaces the room's list; in a new room nobody hears anybody. It may name parties to come.
  void SetHearing(std::string_view room, Hearing hearing);
  // Whose silence is told, counted from when it gets on the list. In a new room nobody's. It may
  // name parties to come.
  void SetWatched(std::string_view room, std::vector<std::string> parties);
  void SetTone(std::string_view room, std::string_view party, Tone tone);

  // Plays `clips`, one after the other, to the party, beside what it hears. What it was played
  // before is stopped. `done` is told true at the end, false when it was stopped, replaced or the
  // party is not there; on the server's thread.
  void Play(std::string_view room, std::string_view party, std::vector<Clip> clips, PlayId id,
            std::function<void(bool finished)> done);
  // Does nothing when something else is played meanwhile.
  void StopPlay(std::string_view room, std::string_view party, PlayId id);

  // Presses keys for the party to hear, 100 ms each and 60 ms apart, after those before: as
  // RFC 4733 events when its stream has them, else as tones. Other characters are left out.
  void SendDigits(std::string_view room, std::string_view party, std::string_view digits);

  // One recording at a time in a room. It holds what the parties say, not what they are played.
  void Record(std::string_view room, RecordSpec spec);
  // Whose voices the room's recordings hold from now on, this one and those to come; everybody's,
  // whoever comes, before it was called.
  void SetRecorded(std::string_view room, std::vector<std::string> parties);
  // What is said meanwhile is not in the file.
  void PauseRecording(std::string_view room);
  void ResumeRecording(std::string_view room);
  void StopRecording(std::string_view room);

 private:
  class Impl;
  explicit MediaServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace ctc::media
