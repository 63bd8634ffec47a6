#include "services/routing/domain/simulation.h"

#include <absl/strings/str_cat.h>

#include <map>

#include "libs/base/error.h"

namespace ctc::routing {
namespace {

using Input = v1::FlowInput;
using Step = v1::FlowStep;

constexpr size_t kMaxKeys = 32;

bool IsKeys(const std::string& text) {
  return !text.empty() && text.size() <= kMaxKeys &&
         text.find_first_not_of("0123456789*#") == std::string::npos;
}

// UNSPECIFIED when the word does not fit the step.
Input::Kind KindOf(const std::string& word, const Step& step) {
  static const std::map<std::string, Input::Kind> dialled = {
      {"answered", Input::DIAL_ENDED},      {"busy", Input::DIAL_BUSY},
      {"no-answer", Input::DIAL_NO_ANSWER}, {"rejected", Input::DIAL_REJECTED},
      {"failed", Input::DIAL_FAILED},
  };
  switch (step.then_case()) {
    case Step::kGather:
      if (word == "timeout") return Input::NO_INPUT;
      return IsKeys(word) ? Input::DIGITS : Input::KIND_UNSPECIFIED;
    case Step::kDial: {
      const auto found = dialled.find(word);
      return found == dialled.end() ? Input::KIND_UNSPECIFIED : found->second;
    }
    case Step::kWait:
      return word == "done" ? Input::DONE : Input::KIND_UNSPECIFIED;
    case Step::kVoicemail:
      return word == "done" ? Input::VOICEMAIL_LEFT : Input::KIND_UNSPECIFIED;
    default:
      return Input::KIND_UNSPECIFIED;
  }
}

std::string Expected(const Step& step) {
  switch (step.then_case()) {
    case Step::kGather:
      return "keys are asked for here: as \"1\" or \"1234#\", or \"timeout\"";
    case Step::kDial:
      return "a phone rings here: answered, busy, no-answer, rejected or failed";
    default:
      return "only \"done\" is possible here";
  }
}

absl::StatusOr<Input> Read(const std::string& word, const Step& step, const std::string& path) {
  Input input;
  input.set_kind(KindOf(word, step));
  if (input.kind() == Input::KIND_UNSPECIFIED) return base::InvalidField(path, Expected(step));
  input.set_step_number(step.number());
  if (input.kind() == Input::DIGITS) {
    const std::string& finish = step.gather().finish_on_key();
    input.set_digits(finish.empty() ? word : word.substr(0, word.find(finish)));
  }
  return input;
}

// How long the caller spends in the step.
absl::Duration TimeIn(const Step& step, Input::Kind kind) {
  if (step.has_wait()) return absl::Seconds(step.wait().seconds());
  if (kind == Input::NO_INPUT) return absl::Seconds(step.gather().timeout_seconds());
  if (kind == Input::DIAL_NO_ANSWER) return absl::Seconds(step.dial().ring_seconds());
  return absl::ZeroDuration();
}

class Simulating {
 public:
  Simulating(const Book& book, const Floor& floor, absl::Time at) : book_(book), floor_(floor) {
    call_.now = at;
  }

  void Begin(const std::string& menu_id) {
    state_.set_menu_id(menu_id);
    Input input;
    input.set_kind(Input::STARTED);
    Do("", input);
  }

  void Do(const std::string& word, const Input& input) {
    call_.now += TimeIn(state_.current(), input.kind());
    FlowOutcome outcome = Advance(book_, &floor_, call_, state_, input);
    state_ = std::move(outcome.state);
    done_.steps.push_back({word, state_.current(), std::move(outcome.explanation)});
    done_.ended = state_.current().has_hang_up();
    if (state_.current().then_case() == Step::THEN_NOT_SET) GoOn();
  }

  const Step& current() const { return state_.current(); }
  Simulation& done() { return done_; }

 private:
  // A message that is played needs no answer.
  void GoOn() {
    Input input;
    input.set_kind(Input::DONE);
    input.set_step_number(state_.current().number());
    Do("done", input);
  }

  const Book& book_;
  const Floor& floor_;
  FlowCall call_;
  v1::FlowState state_;
  Simulation done_;
};

}  // namespace

absl::StatusOr<Simulation> Simulate(const Book& book, const Floor& floor,
                                    const std::string& menu_id, absl::Time at,
                                    const std::vector<std::string>& inputs) {
  Simulating walk(book, floor, at);
  walk.Begin(menu_id);
  for (size_t i = 0; i < inputs.size() && !walk.done().ended; ++i) {
    CTC_ASSIGN_OR_RETURN(const Input input,
                         Read(inputs[i], walk.current(), absl::StrCat("inputs[", i, "]")));
    walk.Do(inputs[i], input);
  }
  return std::move(walk.done());
}

}  // namespace ctc::routing
