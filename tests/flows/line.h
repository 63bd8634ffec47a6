// A caller of the table: what it does when it is asked, and what can be observed of its call, as
// lines that are the same whatever the provider.
#pragma once

#include <absl/time/time.h>

#include <deque>
#include <string>
#include <vector>

namespace ctc::flows {

// A prompt whose address holds this word is music; it lasts so long, and other prompts less.
inline constexpr char kMusic[] = "music";
inline constexpr absl::Duration kMusicLength = absl::Seconds(10);
inline constexpr absl::Duration kPromptLength = absl::Seconds(2);

struct KeysAsked {
  int most = 0;
  int seconds = 0;
  std::string finish;        // ends them
  std::string later_finish;  // does not end them, but is cut off by us
};
struct Keys {
  bool gone = false;      // the caller hung up instead
  bool finished = false;  // by the key that ends them
  std::string digits;     // without that key
};
enum class Heard { kAll, kCut, kGone };
enum class Rung { kTalks, kTalksAndLeaves, kBusy, kNoAnswer, kRejected, kFailed, kGone };
enum class Spoken { kMessage, kMessageAndGone, kNothing, kGone };

// What a caller does, a word for each thing it is asked for:
//   keys         "1", "1234#", "timeout"; "!1" while the prompt is still heard
//   a phone      "talks", "talks and leaves", "busy", "no answer", "rejected", "failed"
//   a message    "message", "message and leaves", "nothing"
//   and anywhere "leaves"
class Line {
 public:
  // `now` goes on while the caller waits.
  Line(std::vector<std::string> script, absl::Time& now);

  Heard Hears(const std::string& what, bool may_cut);
  Keys Presses(const KeysAsked& asked);
  // How the phone of `phone` takes it, and how the talk ends.
  Rung Rings(const std::string& phone, int seconds);
  void Talks(bool recorded);
  // False: the caller has gone.
  bool Waits(int seconds);
  Spoken Speaks(int most_seconds, const std::string& finish);
  void Note(std::string line);

  // The end. `told`: the session heard of it.
  void Leaves(bool told);
  void IsHungUpOn();

  bool talked() const { return talked_; }
  bool over() const { return over_; }
  const std::vector<std::string>& course() const { return course_; }
  // What the caller did not get to do.
  const std::deque<std::string>& rest() const { return script_; }

 private:
  std::string Take();
  bool Next(const std::string& word) const { return !script_.empty() && script_.front() == word; }

  std::deque<std::string> script_;
  absl::Time& now_;
  std::vector<std::string> course_;
  bool hearing_ = false;  // the last line goes on with the next prompt
  bool talked_ = false;
  bool over_ = false;
};

}  // namespace ctc::flows
