// Walks a caller through menus without a call. Pure.
#pragma once

#include <string>
#include <vector>

#include "services/routing/domain/flow.h"

namespace ctc::routing {

struct Simulation {
  struct Step {
    std::string input;  // "" for the first, "done" where a message ended by itself
    v1::FlowStep step;
    std::string explanation;
  };
  std::vector<Step> steps;
  bool ended = false;
};

// `inputs`: keys ("1", "1234#") or "timeout" where keys are asked for; "answered", "busy",
// "no-answer", "rejected" or "failed" where a phone rings; "done" where music plays or a message is
// left. Time goes by as it would. Inputs after the end are not looked at. The floor stays as it is
// given and names all queues. INVALID_ARGUMENT: an input that does not fit, as "inputs[2]".
absl::StatusOr<Simulation> Simulate(const Book& book, const Floor& floor,
                                    const std::string& menu_id, absl::Time at,
                                    const std::vector<std::string>& inputs);

}  // namespace ctc::routing
