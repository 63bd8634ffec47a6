// What happens to a call, decided by the last four digits of the dialled number. Pure.
#pragma once

#include <absl/time/time.h>

#include <span>
#include <string>
#include <string_view>

namespace ctc::simulator {

enum class Ending {
  kAnswer,
  kBusy,
  kNoAnswer,  // rings until the caller's time-out
  kRejected,
  kFailed,       // the network fails
  kUnallocated,  // no such number
  kMachine,      // answered, by a machine
};

// How the events of a call reach the other side.
enum class Delivery {
  kInOrder,
  kTwice,
  kShuffled,
  kBeforeAnswer,  // of the request that placed the call
  kNoTerminal,    // the last events are lost
  kNone,          // all are lost
};

// How the request that places the call is answered.
enum class Submission {
  kAccept,
  kError500,
  kError503,
  kError429,
  kError401,
  kReset,
  kHang,
  kGarbage,
};

struct CallScript {
  Ending ending = Ending::kAnswer;
  Delivery delivery = Delivery::kInOrder;
  Submission submission = Submission::kAccept;
  bool dials = true;  // whether a submission that fails has placed the call all the same
  absl::Duration ring = absl::Seconds(1);
  absl::Duration talk = absl::Seconds(30);  // until the called party hangs up
};

// One line of the table of outcomes.
struct Outcome {
  std::string_view digits;
  std::string_view name;  // also a mode of /_ctl
  std::string_view meaning;
  CallScript script;
};

std::span<const Outcome> Outcomes();

// The outcome with this name; null when there is none.
const Outcome* FindOutcome(std::string_view name);

// The script of a dialled number or endpoint ("PJSIP/15550109901@trunk"): its own if its number
// ends as one of the table, else an answer. `agent` phones answer sooner and stay on the line.
CallScript ScriptFor(std::string_view endpoint, bool agent);

// The digits of a number or an endpoint: "15550109901". Empty for a named phone, as
// "PJSIP/agent-a".
std::string DialledNumber(std::string_view endpoint);

// The table as text, for --help.
std::string OutcomesText();

}  // namespace ctc::simulator
