// What an anchored call asks of the media server, in order. Values.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <variant>
#include <vector>

#include "libs/media/stream.h"
#include "libs/providers/sip/native/scene.h"

namespace ctc::providers::sip::native {

struct ConnectLeg {
  std::string leg;
  media::Stream stream;
};
struct CloseLeg {
  std::string leg;
};
// As a whole; what it does not name is no more.
struct SetScene {
  Scene scene;
};
// To the caller. A number tells one from another.
struct PlayPrompt {
  int number = 0;
  std::string url;   // played
  std::string text;  // spoken, when there is no `url`
  std::string language;
  absl::Duration at_least;  // again and again for so long; zero: once
};
struct StopPrompt {
  int number = 0;
};
struct PressKeys {
  std::string leg;
  std::string digits;
};
struct BeginRecording {
  std::string file;
  std::vector<std::string> voices;  // empty: those of the scene
  bool beep = false;
  bool keeps_empty = true;    // a file without any sound is one
  absl::Duration max_length;  // zero: no other than the server's
};
struct PauseTheRecording {
  bool paused = false;
};
struct EndRecording {};

using MediaOrder = std::variant<ConnectLeg, CloseLeg, SetScene, PlayPrompt, StopPrompt, PressKeys,
                                BeginRecording, PauseTheRecording, EndRecording>;

}  // namespace ctc::providers::sip::native
