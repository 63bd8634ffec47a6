// Posts the flat webhooks that a PBX without a scheme of its own sends, for legs of customers.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tools/simulator/ari_model.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

// The body for what happened to a leg; empty when nothing is sent. Pure.
std::string SeedWebhookBody(const Channel& channel, std::string_view what, absl::Time now);

class SeedWebhooks {
 public:
  explicit SeedWebhooks(World& world) : world_(world) {}
  void Tell(const Channel& channel, std::string_view what);

 private:
  // In order for each call.
  Task<void> Post(std::string call);

  World& world_;
  std::map<std::string, std::deque<std::string>> waiting_;
};

}  // namespace ctc::simulator
