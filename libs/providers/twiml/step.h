// Our steps as TwiML. Pure; thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "ctc/routing/v1/call_flow.pb.h"

namespace ctc::providers::twiml {

// What differs from switch to switch.
struct StepWords {
  // Where is asked what follows `step`; `on` is a word of question.h.
  std::function<std::string(int step, std::string_view on)> flow_url;
  // Where it is told that a message can be fetched.
  std::string recording_url;
  // The verbs that ring whom a dial step names, and ask what is next.
  std::function<std::string(const routing::v1::FlowStep& step)> dial;
  // True where a Gather asks also when no key came (actionOnEmptyResult).
  bool asks_of_silence = true;
};

std::string StepTwiml(const StepWords& words, const routing::v1::FlowStep& step);

// The verb that asks at `url`.
std::string RedirectTwiml(std::string_view url);

}  // namespace ctc::providers::twiml
