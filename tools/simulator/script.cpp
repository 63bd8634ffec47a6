#include "tools/simulator/script.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>

namespace ctc::simulator {
namespace {

constexpr size_t kSuffixLength = 4;
constexpr absl::Duration kAgentRing = absl::Milliseconds(200);

constexpr CallScript Ends(Ending ending) {
  CallScript script;
  script.ending = ending;
  return script;
}
constexpr CallScript Delivers(Delivery delivery) {
  CallScript script;
  script.delivery = delivery;
  script.talk = absl::Seconds(5);
  return script;
}
constexpr CallScript Submits(Submission submission, bool dials) {
  CallScript script;
  script.submission = submission;
  script.dials = dials;
  return script;
}
constexpr CallScript Takes(absl::Duration ring, absl::Duration talk) {
  CallScript script;
  script.ring = ring;
  script.talk = talk;
  return script;
}

constexpr absl::Duration kRing = absl::Seconds(1);

const std::array kOutcomes = {
    Outcome{"9901", "busy", "is busy", Ends(Ending::kBusy)},
    Outcome{"9902", "no-answer", "rings until the caller gives up", Ends(Ending::kNoAnswer)},
    Outcome{"9903", "rejected", "rings, then declines", Ends(Ending::kRejected)},
    Outcome{"9904", "failed", "the network fails", Ends(Ending::kFailed)},
    Outcome{"9905", "unallocated", "does not exist", Ends(Ending::kUnallocated)},
    Outcome{"9906", "slow-answer", "answers after 8 s", Takes(absl::Seconds(8), absl::Seconds(30))},
    Outcome{"9907", "duplicates", "every event comes twice", Delivers(Delivery::kTwice)},
    Outcome{"9908", "out-of-order", "events come in any order", Delivers(Delivery::kShuffled)},
    Outcome{"9909", "early-events", "events come before the answer to the request",
            Delivers(Delivery::kBeforeAnswer)},
    Outcome{"9910", "lost-terminal", "the last events are lost", Delivers(Delivery::kNoTerminal)},
    Outcome{"9911", "error-500", "500, not dialled", Submits(Submission::kError500, false)},
    Outcome{"9912", "error-429", "429, not dialled", Submits(Submission::kError429, false)},
    Outcome{"9913", "reset", "dialled, then the connection is reset",
            Submits(Submission::kReset, true)},
    Outcome{"9914", "hang", "dialled, never answered", Submits(Submission::kHang, true)},
    Outcome{"9915", "garbage", "dialled, answered with garbage",
            Submits(Submission::kGarbage, true)},
    Outcome{"9916", "garbage-undialled", "garbage, not dialled",
            Submits(Submission::kGarbage, false)},
    Outcome{"9917", "error-500-dialled", "500, yet dialled", Submits(Submission::kError500, true)},
    Outcome{"9918", "reset-undialled", "reset, not dialled", Submits(Submission::kReset, false)},
    Outcome{"9919", "hang-undialled", "never answered, not dialled",
            Submits(Submission::kHang, false)},
    Outcome{"9920", "short", "hangs up after 1 s", Takes(kRing, absl::Seconds(1))},
    Outcome{"9921", "long", "talks for an hour", Takes(kRing, absl::Hours(1))},
    Outcome{"9922", "machine", "a machine answers", Ends(Ending::kMachine)},
    Outcome{"9923", "instant", "answers at once, hangs up at once",
            Takes(absl::Milliseconds(10), absl::Milliseconds(50))},
    Outcome{"9924", "lost-events", "all events are lost", Delivers(Delivery::kNone)},
    Outcome{"9925", "error-503", "503, not dialled", Submits(Submission::kError503, false)},
    Outcome{"9926", "error-401", "401, not dialled", Submits(Submission::kError401, false)},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::span<const Outcome> Outcomes() { return kOutcomes; }

const Outcome* FindOutcome(std::string_view name) {
  const auto* it = std::find_if(kOutcomes.begin(), kOutcomes.end(),
                                [&](const Outcome& outcome) { return outcome.name == name; });
  return it == kOutcomes.end() ? nullptr : it;
}

std::string DialledNumber(std::string_view endpoint) {
  if (const size_t slash = endpoint.rfind('/'); slash != std::string_view::npos) {
    endpoint.remove_prefix(slash + 1);
  }
  endpoint = endpoint.substr(0, endpoint.find('@'));
  if (endpoint.starts_with("sip:")) endpoint.remove_prefix(4);
  if (endpoint.starts_with("+")) endpoint.remove_prefix(1);
  const bool number = !endpoint.empty() && std::all_of(endpoint.begin(), endpoint.end(), IsDigit);
  return number ? std::string(endpoint) : std::string();
}

CallScript ScriptFor(std::string_view endpoint, bool agent) {
  CallScript script;
  const std::string number = DialledNumber(endpoint);
  bool listed = false;
  if (number.size() >= kSuffixLength) {
    const std::string_view suffix = std::string_view(number).substr(number.size() - kSuffixLength);
    for (const Outcome& outcome : kOutcomes) {
      if (outcome.digits != suffix) continue;
      script = outcome.script;
      listed = true;
    }
  }
  if (agent && !listed) script.ring = kAgentRing;
  if (agent && !listed) script.talk = absl::InfiniteDuration();
  return script;
}

std::string OutcomesText() {
  std::string text =
      "Outcome by the last digits of the dialled number; any other number answers\n"
      "after 1 s and hangs up after 30 s:\n";
  for (const Outcome& outcome : kOutcomes) {
    absl::StrAppend(&text,
                    absl::StrFormat("  %s  %-18s %s\n", std::string(outcome.digits),
                                    std::string(outcome.name), std::string(outcome.meaning)));
  }
  return text;
}

}  // namespace ctc::simulator
