// Who hears whom in an anchored call, and what each hears beside that: by the call's state alone.
// Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/media/media_server.h"

namespace ctc::providers::sip::native {

struct AnchoredCall;

struct Scene {
  media::Hearing hearing;
  std::map<std::string, media::Tone> tones;  // by leg; a leg that is not here hears none
  std::vector<std::string> recorded;         // whose voices are in the recording of the call
  std::vector<std::string> watched;          // who should send: up and not on hold, by either side

  friend bool operator==(const Scene&, const Scene&) = default;
};

// Everybody in the conversation hears the others, but for a held customer, who hears music and is
// not heard, and a muted agent, who is not heard. A supervisor who listens or whispers hears the
// conversation; only the agent hears a whisper, and no recording does.
Scene SceneOf(const AnchoredCall& call);

}  // namespace ctc::providers::sip::native
