#include "libs/providers/asterisk/effects.h"

#include <iterator>
#include <utility>

namespace ctc::providers::asterisk {

void Effects::Add(Effects more) {
  std::move(more.actions.begin(), more.actions.end(), std::back_inserter(actions));
  std::move(more.facts.begin(), more.facts.end(), std::back_inserter(facts));
  if (more.ask.has_value()) ask = std::move(more.ask);
  if (more.timer.has_value()) timer = more.timer;
}

}  // namespace ctc::providers::asterisk
