// Callers at an ExoPhone whose flow is the one that libs/providers/exotel/README.md draws: applets
// that ask one URL what to do and tell it what became of it.
#pragma once

#include <memory>
#include <string>

#include "tools/simulator/exotel_model.h"
#include "tools/simulator/inbound.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class ExotelCallers {
 public:
  explicit ExotelCallers(World& world) : world_(world) {}

  // The script's answer_url is the flow's URL, its event_url that of callbacks; both bear tenant
  // and token. Gives the call's sid.
  absl::StatusOr<std::string> Ring(const CallerPtr& caller);

 private:
  struct Call {
    std::string sid;
    CallerPtr caller;
    absl::Time began;
    Pairs outcome;  // CallType, DialCallStatus and the like, as they stand
    bool talked = false;
    std::string digits;
  };
  using CallPtr = std::shared_ptr<Call>;

  Task<void> Run(CallPtr call);
  // One round through the flow; false when it is over.
  Task<bool> Round(CallPtr call);
  Task<bool> GatherKeys(CallPtr call);
  Task<bool> DialAgent(CallPtr call);
  Task<bool> LeaveMessage(CallPtr call);
  Task<void> Greet(CallPtr call);
  Task<void> RingAgent(CallPtr call, std::string number, std::string event_url);

  Task<http::Response> Ask(CallPtr call, std::string url, Pairs more);
  Task<http::Response> AskApplet(CallPtr call, std::string applet);
  // True for branch A.
  Task<bool> Passes(CallPtr call, std::string applet);
  bool HasLeft(const Call& call) const;

  World& world_;
};

}  // namespace ctc::simulator
