// Keys as RTP events (RFC 4733 section 2). Pure; one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>

namespace ctc::media {

// The payload of a packet.
struct TelephoneEvent {
  uint8_t event = 0;  // 0-15 are keys
  bool end = false;
  uint8_t volume = 10;    // -dBm0, 0-63
  uint16_t duration = 0;  // samples since the packet's timestamp
};

// None when it is too short.
std::optional<TelephoneEvent> ReadTelephoneEvent(std::span<const uint8_t> payload);
std::array<uint8_t, 4> WriteTelephoneEvent(const TelephoneEvent& event);

// '0'-'9', '*', '#', 'A'-'D' and back; none for another.
std::optional<char> DigitOf(uint8_t event);
std::optional<uint8_t> EventOf(char digit);

// Tells each key once, with the first of its packets that comes: one event has one timestamp, so
// repetitions, losses and an end that never comes do not matter.
class EventReader {
 public:
  std::optional<char> Take(uint32_t ssrc, uint32_t timestamp, std::span<const uint8_t> payload);

 private:
  struct Seen {
    uint32_t ssrc = 0;
    uint32_t timestamp = 0;
    TelephoneEvent event;
  };
  bool IsNew(const Seen& now) const;

  std::optional<Seen> last_;
};

// Sends keys, one packet each 20 ms: 100 ms on, its end told three times, 60 ms off.
class EventWriter {
 public:
  // Characters that are no keys are left out, and what would wait for more than a minute.
  void Add(std::string_view digits);
  bool idle() const { return waiting_.empty(); }

  struct Step {
    TelephoneEvent event;
    bool first = false;      // marker bit
    uint32_t timestamp = 0;  // of the event's beginning
  };
  // What to send in the frame that begins at `timestamp`; none: sound.
  std::optional<Step> Next(uint32_t timestamp);

 private:
  std::deque<uint8_t> waiting_;  // events; the first is being sent
  int step_ = 0;
  uint32_t begin_ = 0;
};

}  // namespace ctc::media
