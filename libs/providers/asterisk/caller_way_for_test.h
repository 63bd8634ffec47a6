// A caller on the way through a flow, and the steps that tests take it through.
#pragma once

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

#include "libs/providers/asterisk/flow_machine.h"
#include "libs/providers/asterisk/samples_for_test.h"

namespace ctc::providers::asterisk {

using Kind = Action::Kind;
using routing::v1::FlowInput;
using routing::v1::FlowStep;

// A caller whose session is known, in the hands of both machines as the driver composes them.
class Way {
 public:
  Way() {
    call.plan.call = kCall;
    call.inbound = true;
    call.customer().requested = call.customer().answered = true;
    call.customer().channel = "1795369225.127";
    const Effects begin = machine.Begin(flow);
    REQUIRE(begin.ask.has_value());
    CHECK(begin.ask->kind() == FlowInput::STARTED);
    CHECK(begin.ask->step_number() == 0);
  }
  Effects Step(FlowStep step) {
    step.set_number(++steps);
    return machine.OnStep(flow, call, step);
  }
  Effects Key(const std::string& digit) {
    AriEvent event;
    event.type = AriEvent::Type::kDtmf;
    event.tag = "customer";
    event.digit = digit;
    return machine.OnEvent(flow, call, event);
  }
  Effects Media(AriEvent::Type type, const std::string& id, const std::string& name = "",
                int seconds = 0) {
    AriEvent event;
    event.type = type;
    event.media = id;
    event.name = name;
    event.seconds = seconds;
    return machine.OnEvent(flow, call, event);
  }
  Effects PromptEnds(int prompt) {
    return Media(AriEvent::Type::kPlaybackFinished, PromptId(kCall, steps, prompt));
  }
  Effects TimerFires() { return machine.OnTimer(flow, call, flow.timer); }
  // The switch's words on a leg, through the call machine.
  Effects Say(const std::string& text) {
    const absl::StatusOr<AriEvent> event = ReadEvent(text);
    REQUIRE(event.ok());
    Effects effects = legs.Apply(call, *event);
    effects.Add(machine.OnCall(flow, call));
    return effects;
  }
  Effects CallerLeaves() {
    AriEvent event;
    event.type = AriEvent::Type::kStasisEnd;
    event.room = event.session = kCall;
    event.tag = "customer";
    const bool holds = FlowMachine::HoldsEnd(flow);
    Effects effects = legs.Apply(call, event);
    if (holds) flow.held = std::exchange(effects.facts, {});
    effects.Add(machine.OnCall(flow, call));
    return effects;
  }

  FlowMachine machine{"sound:ctc/{text}", "http://pbx/ari/recordings/stored/"};
  CallMachine legs{MachineConfig()};
  Call call;
  Flow flow;
  int steps = 0;
};

inline std::vector<Kind> Kinds(const Effects& effects) {
  std::vector<Kind> kinds;
  for (const Action& action : effects.actions) kinds.push_back(action.kind);
  return kinds;
}

inline FlowInput AskOf(const Effects& effects) {
  REQUIRE(effects.ask.has_value());
  return *effects.ask;
}

inline FlowStep Prompted(int prompts) {
  FlowStep step;
  for (int i = 0; i < prompts; ++i) step.add_prompts()->set_text("p" + std::to_string(i));
  return step;
}

inline FlowStep Menu(int prompts = 1) {
  FlowStep step = Prompted(prompts);
  step.mutable_gather()->set_max_digits(3);
  step.mutable_gather()->set_finish_on_key("#");
  step.mutable_gather()->set_timeout_seconds(5);
  return step;
}

inline FlowStep DialStep() {
  FlowStep step;
  step.mutable_dial()->set_agent_id("ann");
  step.mutable_dial()->set_phone("agent-a");
  step.mutable_dial()->set_ring_seconds(20);
  step.mutable_dial()->set_record(true);
  return step;
}

}  // namespace ctc::providers::asterisk
