// Fetches what callers of native SIP are played: WAV files by HTTP, kept for a while, bounded.
// Thread-safe.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <map>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/host/background.h"
#include "libs/http/client.h"
#include "libs/providers/sip/native/media_desk.h"

namespace ctc::dispatch {

class NativeSounds {
 public:
  // `http` guards addresses; see client.h.
  NativeSounds(http::Client& http, host::Background& background, const base::Clock& clock)
      : http_(http), background_(background), clock_(clock) {}

  void Add(providers::sip::native::SoundNote note);

 private:
  using Done = std::function<void(absl::StatusOr<media::Sound>)>;
  struct Kept {
    media::Sound sound;
    absl::Duration until;  // monotonic
  };

  Task<void> Fetch(providers::sip::native::SoundNote note);
  Task<absl::StatusOr<media::Sound>> Load(std::string url);
  void Keep(const std::string& url, const media::Sound& sound);

  http::Client& http_;
  host::Background& background_;
  const base::Clock& clock_;
  std::map<std::string, Kept> kept_;                  // these on the strand
  std::map<std::string, std::vector<Done>> waiting_;  // for a fetch that is under way
  size_t samples_ = 0;                                // of all that is kept
  asio::thread_pool decoder_{1};  // a long file takes a second; the last member: it ends first
};

}  // namespace ctc::dispatch
