// One message of ARI's event socket as a plain value. Pure; reading never throws.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/providers/asterisk/names.h"

namespace ctc::providers::asterisk {

struct AriEvent {
  enum class Type {
    kOther,
    kStasisStart,
    kStateChange,
    kDial,
    kEnteredBridge,
    kStasisEnd,
    kDestroyed,
    kPlaybackFinished,
    kRecordingStarted,
    kRecordingFinished,  // or failed
    kDtmf,
    kHold,
    kUnhold,
    kReplaced,  // another socket took the application over
  };
  Type type = Type::kOther;
  std::string name;  // Asterisk's own word
  absl::Time at = absl::InfinitePast();
  std::string room;     // conversation it concerns; empty when it names none of ours
  std::string tag;      // leg it concerns: LegName::Tag()
  std::string session;  // session that the leg or the recording belongs to
  std::string channel;  // the channel's id, ours or not
  bool snoop = false;   // the channel through which the supervisor of `tag` hears
  absl::Time created = absl::InfinitePast();  // when the channel was made
  std::string caller_number;
  std::string exten;              // number dialled, of the dialplan
  std::string channel_state;      // Down, Ring, Ringing, Up
  std::string dial_status;        // "", RINGING, PROGRESS, ANSWER, ...
  std::vector<std::string> args;  // of StasisStart
  std::string bridge;             // of ChannelEnteredBridge
  std::vector<std::string> bridge_channels;
  int cause = 0;       // Q.850
  int tech_cause = 0;  // SIP, from version 22 on
  std::string digit;
  std::string media;  // id of the playback, or name of the recording
  int seconds = 0;    // length of the recording
  std::string fault;  // why the recording failed
};

// INVALID_ARGUMENT when it is not a JSON object with a type.
absl::StatusOr<AriEvent> ReadEvent(std::string_view text);

// A channel or bridge of GET /channels and GET /bridges.
struct ChannelView {
  std::string id;
  std::string state;
  std::string app;                // the Stasis application it is in; empty for none
  std::vector<std::string> args;  // of that, from the dialplan's app_data
  std::string caller_number;
  std::string exten;
  absl::Time created_at = absl::InfinitePast();
};
struct BridgeView {
  std::string id;
  std::vector<std::string> channels;
};
absl::StatusOr<std::vector<ChannelView>> ReadChannels(std::string_view text);
absl::StatusOr<std::vector<BridgeView>> ReadBridges(std::string_view text);

// The `id` of an originate's answer; nothing when the body is not what ARI sends.
std::optional<std::string> ReadId(std::string_view text);
// The state of GET /channels/{id}; nothing when unreadable.
std::optional<std::string> ReadChannelState(std::string_view text);
// The value of GET /channels/{id}/variable; empty when unreadable.
std::string ReadVariable(std::string_view text);
// "message" or "error" of an error body.
std::string ReadErrorText(std::string_view text);

// "2026-11-22T17:15:26.137+0000"; InfinitePast when unreadable.
absl::Time ReadTime(std::string_view text);

}  // namespace ctc::providers::asterisk
