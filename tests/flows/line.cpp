#include "tests/flows/line.h"

#include <absl/strings/str_cat.h>

#include <stdexcept>

namespace ctc::flows {

Line::Line(std::vector<std::string> script, absl::Time& now)
    : script_(script.begin(), script.end()), now_(now) {}

std::string Line::Take() {
  if (script_.empty()) throw std::logic_error("the caller is asked for more than it does");
  std::string word = std::move(script_.front());
  script_.pop_front();
  return word;
}

void Line::Note(std::string line) {
  if (over_) throw std::logic_error("after the end: " + line);
  if (course_.size() > 100) throw std::logic_error("the call does not end");
  course_.push_back(std::move(line));
  hearing_ = false;
}

Heard Line::Hears(const std::string& what, bool may_cut) {
  if (what.empty()) return Heard::kAll;
  if (hearing_) {
    absl::StrAppend(&course_.back(), " ", what);
  } else {
    Note("hears " + what);
    hearing_ = true;
  }
  const bool music = what.find(kMusic) != std::string::npos;
  if (music && Next("leaves")) {
    Take();
    return Heard::kGone;
  }
  now_ += music ? kMusicLength : kPromptLength;
  if (script_.empty() || !script_.front().starts_with("!")) return Heard::kAll;
  if (may_cut) {
    script_.front().erase(0, 1);
    Note("cuts it short");
    return Heard::kCut;
  }
  Note("presses " + Take().substr(1) + " in vain");
  return Heard::kAll;
}

Keys Line::Presses(const KeysAsked& asked) {
  const std::string& finish = asked.finish.empty() ? asked.later_finish : asked.finish;
  Note(absl::StrCat("is asked for up to ", asked.most, " keys within ", asked.seconds, " s",
                    finish.empty() ? "" : ", ended by " + finish));
  const std::string word = Take();
  Keys keys;
  if (word == "leaves") {
    keys.gone = true;
    return keys;
  }
  Note(word == "timeout" ? "presses nothing" : "presses " + word);
  if (word == "timeout") {
    now_ += absl::Seconds(asked.seconds);
    return keys;
  }
  for (const char key : word) {
    if (keys.finished || static_cast<int>(keys.digits.size()) >= asked.most) {
      throw std::logic_error("more keys than asked for: " + word);
    }
    keys.finished = std::string(1, key) == asked.finish;
    if (!keys.finished) keys.digits += key;
  }
  return keys;
}

Rung Line::Rings(const std::string& phone, int seconds) {
  Note(absl::StrCat("rings ", phone, " for ", seconds, " s"));
  const std::string word = Take();
  if (word == "leaves") return Rung::kGone;
  if (word == "talks") return Rung::kTalks;
  if (word == "talks and leaves") return Rung::kTalksAndLeaves;
  Note(word);
  if (word == "busy") return Rung::kBusy;
  if (word == "rejected") return Rung::kRejected;
  if (word == "failed") return Rung::kFailed;
  if (word != "no answer") throw std::logic_error("no answer of a phone: " + word);
  now_ += absl::Seconds(seconds);
  return Rung::kNoAnswer;
}

void Line::Talks(bool recorded) {
  talked_ = true;
  Note(recorded ? "talks, recorded" : "talks");
}

bool Line::Waits(int seconds) {
  Note(absl::StrCat("waits ", seconds, " s"));
  const bool stays = !Next("leaves");
  if (!stays) Take();
  now_ += absl::Seconds(seconds);
  return stays;
}

Spoken Line::Speaks(int most_seconds, const std::string& finish) {
  Note(absl::StrCat("may speak for ", most_seconds, " s",
                    finish.empty() ? "" : ", ended by " + finish));
  const std::string word = Take();
  if (word == "leaves") return Spoken::kGone;
  if (word == "nothing") return Spoken::kNothing;
  Note("leaves a message");
  if (word == "message") return Spoken::kMessage;
  if (word == "message and leaves") return Spoken::kMessageAndGone;
  throw std::logic_error("no message: " + word);
}

void Line::Leaves(bool told) {
  Note(told ? "leaves" : "leaves, which nobody is told");
  over_ = true;
}

void Line::IsHungUpOn() {
  Note("is hung up on");
  over_ = true;
}

}  // namespace ctc::flows
