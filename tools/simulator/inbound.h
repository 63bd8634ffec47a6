// A caller of ours: who calls whom, which keys it presses at which question, when it hangs up; and
// what it heard. The same for every provider. All durations are real ones; World::Scaled shortens.
#pragma once

#include <absl/time/time.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/secret.h"
#include "libs/base/status.h"
#include "libs/http/message.h"

namespace ctc::simulator {

// What the caller does at one question: an answer to a Gather, or the end of a message.
struct KeyPress {
  std::string keys;      // "" lets the question time out
  absl::Duration pause;  // before the first key
};

struct CallerScript {
  std::string provider;  // "twilio"
  std::string from;      // "" withholds the number
  std::string to;
  std::string account;  // of the provider, as the Twilio account's sid
  base::Secret secret;  // signs what the provider sends, as the Twilio auth token
  std::string answer_url;
  std::string event_url;
  std::vector<KeyPress> keys;                               // one for each question, in order
  absl::Duration message = absl::Seconds(3);                // how long it speaks on a voicemail
  absl::Duration talk = absl::InfiniteDuration();           // once joined with somebody
  absl::Duration hang_up_after = absl::InfiniteDuration();  // since the call began
};

// Reads the body of POST /_inbound (see README.md). INVALID_ARGUMENT names the field.
absl::StatusOr<CallerScript> ReadCallerScript(std::string_view json);

// What a provider waits for. `max_digits` 0: no limit.
struct Question {
  int max_digits = 0;
  std::string finish_keys;  // each of them ends the input
  absl::Duration timeout;   // for the first key, and after the last one
};
// What came of it, after `took`.
struct Entry {
  std::string digits;    // without the finishing key
  std::string finished;  // the key that ended it; "" when the count or silence did
  absl::Duration took;
};

// One caller during its call.
class Caller {
 public:
  explicit Caller(CallerScript script)
      : script_(std::move(script)), keys_(script_.keys.begin(), script_.keys.end()) {}

  const CallerScript& script() const { return script_; }
  // Answers the question with the next of the script's entries; with none left, by silence. Keys
  // beyond what the question takes are lost.
  Entry Answer(const Question& question);

  // What happened to the caller, in words that are the same for every provider: "say TEXT",
  // "play URL", "pause SECONDS", "music URL", "keys DIGITS", "room NAME", "joined", "held",
  // "resumed", "message SECONDS", "end".
  void Heard(std::string what) { heard_.push_back(std::move(what)); }
  const std::vector<std::string>& heard() const { return heard_; }

 private:
  CallerScript script_;
  std::deque<KeyPress> keys_;
  std::vector<std::string> heard_;
};

using CallerPtr = std::shared_ptr<Caller>;

// Behind POST and GET /_inbound: starts callers at the providers that registered for it, and tells
// what they heard.
class Inbound {
 public:
  // Makes the call go, and gives the provider's id of it; or says why it cannot.
  using Ring = std::function<absl::StatusOr<std::string>(CallerPtr)>;

  void Register(const std::string& provider, Ring ring) { rings_[provider] = std::move(ring); }
  http::Response Handle(const http::Request& request);

 private:
  http::Response Start(std::string_view json);

  std::map<std::string, Ring> rings_;
  std::map<std::string, CallerPtr> callers_;  // by the provider's id of the call
};

}  // namespace ctc::simulator
