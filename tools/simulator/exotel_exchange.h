// Exotel's side of a call: the first phone rings, then the second one, then both talk; and what the
// callbacks tell of it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "tools/simulator/exotel_model.h"
#include "tools/simulator/poster.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class ExotelExchange {
 public:
  using CallPtr = std::shared_ptr<ExotelCall>;

  explicit ExotelExchange(World& world);

  const std::map<std::string, CallPtr>& calls() const { return calls_; }
  CallPtr Find(const std::string& sid) const;

  // Dials: the scripts, times and statuses are the call's own from here on.
  void Start(const CallPtr& call);

 private:
  Task<void> Run(CallPtr call);
  // Rings one phone; true when somebody picked up, else `leg` says why not.
  Task<bool> Rings(CallPtr call, ExotelLeg& leg, const CallScript& script);
  void End(const CallPtr& call, const std::string& status);
  void Tell(const CallPtr& call, const std::string& event);

  World& world_;
  Poster poster_;
  std::map<std::string, CallPtr> calls_;
};

}  // namespace ctc::simulator
