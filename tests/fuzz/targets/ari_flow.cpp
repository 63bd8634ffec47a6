// A caller's way at Asterisk, both machines as the driver composes them. Each line is one input:
// "{...}" the switch's event, "s" the step that was asked for (its kind, then the texts of
// MakeStep, parted by "|"), "f" nobody could answer, "t" the timer, "o" one that was overtaken, "r"
// the socket came back, "x" the switch refused the last request.
#include <algorithm>

#include "libs/providers/asterisk/call_machine.h"
#include "libs/providers/asterisk/flow_machine.h"
#include "tests/fuzz/flow_step.h"

namespace ctc::fuzz {
namespace {

namespace asterisk = providers::asterisk;
using routing::v1::FlowInput;
using Phase = asterisk::Flow::Phase;

constexpr char kRoom[] = "01930000-0000-7000-8000-000000000001";
constexpr char kChannel[] = "1795369225.127";

class Way {
 public:
  Way() {
    call_.plan.call = kRoom;
    call_.inbound = true;
    asterisk::LegState& leg = call_.customer();
    leg.requested = leg.answered = leg.entered = true;
    leg.channel = kChannel;
    leg.session = kRoom;
    const asterisk::Effects begin = machine_.Begin(flow_);
    Require(begin.ask.has_value() && flow_.asking, "a caller is asked for");
  }

  void Take(std::string_view line) {
    const bool was_asking = flow_.asking;
    const bool was_live = call_.customer().live();
    asterisk::Effects effects;
    const bool answered = Apply(line, effects);
    Follow(was_live, effects);
    Check(effects, was_asking && !answered);
    for (const auto& action : effects.actions) last_ = action;
  }
  bool over() const { return flow_.done(); }

 private:
  // True when the line answered the question that was out.
  bool Apply(std::string_view line, asterisk::Effects& effects) {
    if (line.starts_with("{")) {
      auto event = asterisk::ReadEvent(line);
      if (event.ok()) Hear(*std::move(event), effects);
      return false;
    }
    switch (TakeByte(line)) {
      case 's':
        if (flow_.asking) effects = machine_.OnStep(flow_, call_, StepOf(line));
        return true;
      case 'f':
        if (flow_.asking) effects = machine_.OnAskFailed(flow_, call_);
        return true;
      case 't':
        effects = machine_.OnTimer(flow_, call_, flow_.timer);
        break;
      case 'o':
        effects = machine_.OnTimer(flow_, call_, flow_.timer - 1);
        Require(effects.actions.empty() && !effects.ask, "a timer that was overtaken is void");
        break;
      case 'r':
        effects = machine_.OnReconnect(flow_, call_);
        break;
      case 'x':
        effects = machine_.OnRefused(flow_, call_, last_);
        break;
      default:
        break;
    }
    return false;
  }

  void Hear(asterisk::AriEvent event, asterisk::Effects& effects) {
    if (event.room.empty() && event.channel == kChannel) {
      event.room = event.session = kRoom;
      event.tag = std::string(asterisk::kCustomerLeg);
    }
    if (event.room != kRoom) return;
    effects = legs_.Apply(call_, event);
    effects.Add(machine_.OnEvent(flow_, call_, event));
  }

  routing::v1::FlowStep StepOf(std::string_view line) {
    const uint8_t kind = TakeByte(line);
    std::string lines(line);
    std::replace(lines.begin(), lines.end(), '|', '\n');
    routing::v1::FlowStep step = MakeStep(kind, lines);
    step.set_number(++steps_);
    return step;
  }

  void Follow(bool was_live, asterisk::Effects& effects) {
    if (was_live && call_.customer().ended && asterisk::FlowMachine::HoldsEnd(flow_)) {
      flow_.held = std::exchange(effects.facts, {});
    }
    effects.Add(machine_.OnCall(flow_, call_));
  }

  void Check(const asterisk::Effects& effects, bool question_is_out) {
    Require(!effects.ask || !question_is_out, "one question at a time");
    Require(!effects.ask || flow_.asking, "what was asked is remembered");
    if (effects.ask && effects.ask->kind() == FlowInput::DIGITS) {
      Require(!effects.ask->digits().empty(), "digits are some");
    }
    for (const auto& action : effects.actions) {
      using Kind = asterisk::Action::Kind;
      Require(action.kind != Kind::kDialCustomer, "a caller is not dialled");
      Require(action.kind != Kind::kRingAgent || call_.customer().live(),
              "nobody is rung for a caller who is gone");
      Require(action.kind != Kind::kPlay || !action.text.empty(), "what is played is something");
    }
    for (const auto& told : effects.facts) {
      Require(!told.fact.event_key().empty(), "a fact has a key");
      Require(told.fact.kind() != session::v1::CallFact::KIND_UNSPECIFIED, "a fact has a kind");
    }
    Require(!flow_.done() || flow_.held.empty(), "the end of a way keeps nothing back");
  }

  const asterisk::FlowMachine machine_{"http://say/{language}/{hash}?t={text}",
                                       "http://pbx/ari/recordings/stored/"};
  const asterisk::CallMachine legs_{asterisk::MachineConfig()};
  asterisk::Flow flow_;
  asterisk::Call call_;
  asterisk::Action last_{};
  int steps_ = 0;
};

}  // namespace

void AriFlow(std::string_view bytes) {
  Way way;
  for (int i = 0; i < 500 && !bytes.empty() && !way.over(); ++i) way.Take(TakeLine(bytes));
}

}  // namespace ctc::fuzz
