// The things of an Asterisk as ARI shows them, and their JSON forms. Pure.
#pragma once

#include <absl/time/time.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "libs/base/asio.h"
#include "tools/simulator/script.h"

namespace ctc::simulator {

using Json = nlohmann::json;

struct Channel {
  Channel(asio::any_io_executor executor, std::string channel_id, std::string dialled)
      : id(std::move(channel_id)), endpoint(std::move(dialled)), timer(std::move(executor)) {}

  std::string id;
  std::string endpoint;  // "PJSIP/15550100@trunk"
  std::string name;      // "PJSIP/trunk-00000001"
  std::string state = "Down";
  std::string caller_name;
  std::string caller_number;
  std::string app;
  std::vector<std::string> args;
  Json variables = Json::object();
  std::string bridge;
  absl::Time created;
  absl::Duration timeout;
  CallScript script;
  bool in_app = false;        // answered or created into Stasis
  bool ends_quietly = false;  // not originated: its end is told by StasisEnd alone
  bool ended = false;
  std::string live_recording;
  std::string finish_keys;   // end the recording
  asio::steady_timer timer;  // what the leg waits for
};

struct Bridge {
  std::string id;
  std::string name;
  std::string type = "mixing";
  std::vector<std::string> channels;
  absl::Time created;
  std::string live_recording;
};

struct AriRecording {
  std::string name;
  std::string format = "wav";
  std::string target_uri;
  std::string state = "recording";
  absl::Time started;
};

// A sound that is played to a channel or bridge.
struct AriPlayback {
  std::string app;
  std::string channel;  // empty: to a bridge
  Json json;
};

std::string AriTime(absl::Time time);
Json ChannelJson(const Channel& channel);
Json BridgeJson(const Bridge& bridge);
Json RecordingJson(const AriRecording& recording);

// "SIP text" of a Q.850 cause.
std::string CauseText(int cause);

// Splits `"Click to call" <15550100>` into name and number.
void ReadCallerId(const std::string& text, Channel& channel);

// A second of silence as a WAV file of 8 kHz, 16 bit, mono.
std::string SilentWav();

}  // namespace ctc::simulator
