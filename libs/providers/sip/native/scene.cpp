#include "libs/providers/sip/native/scene.h"

#include <algorithm>
#include <set>

#include "libs/providers/sip/native/anchored_call.h"
#include "libs/providers/sip/native/call_parts.h"

namespace ctc::providers::sip::native {
namespace {

using dispatch::v1::ControlCallRequest;
using media::Tone;
using session::v1::Leg;
using Phase = AnchoredLeg::Phase;
using FlowPhase = AnchoredFlow::Phase;

// Watches the conversation from outside: hears it, and is heard by the agent at most.
bool Watches(const AnchoredLeg& leg) {
  return leg.party == Leg::SUPERVISOR &&
         (leg.mode == ControlCallRequest::LISTEN || leg.mode == ControlCallRequest::WHISPER);
}

bool IsUp(const AnchoredLeg& leg) { return leg.phase == Phase::kUp && leg.agreed.has_value(); }

// A caller talks once its flow has led it to somebody, or when it had none.
bool FlowTalks(const AnchoredCall& call) {
  return !call.flow || call.flow->phase == FlowPhase::kTalking;
}

class Painter {
 public:
  explicit Painter(const AnchoredCall& call) : call_(call) {
    for (const auto& [name, leg] : call.legs) {
      if (!IsUp(leg) || Watches(leg)) continue;
      // A caller in a menu is alone with it.
      if (leg.party == Leg::CUSTOMER && (call.held || !FlowTalks(call))) continue;
      present_.insert(name);
    }
  }

  Scene Paint() {
    for (const std::string& name : present_) {
      // In place of what a phone plays to whom it holds there is our music.
      const AnchoredLeg& leg = call_.legs.at(name);
      const bool away = leg.holds() && leg.party != Leg::CUSTOMER;
      if (!away && !(call_.muted && name == call_.seat)) heard_.insert(name);
    }
    scene_.recorded.assign(heard_.begin(), heard_.end());
    for (const std::string& speaker : heard_) {
      for (const std::string& listener : present_) Hear(speaker, listener);
    }
    for (const auto& [name, leg] : call_.legs) {
      if (IsUp(leg) && Watches(leg)) PaintWatcher(name, leg);
      // What a phone tells before it picks up is for who waits for it.
      const bool early = leg.phase == Phase::kInviting && leg.sounds();
      if (early && present_.contains(call_.seat)) Hear(name, call_.seat);
    }
    for (const auto& [name, leg] : call_.legs) {
      const bool held = leg.holds() || (leg.party == Leg::CUSTOMER && call_.held);
      if (IsUp(leg) && !held) scene_.watched.push_back(name);
    }
    PaintTones();
    return std::move(scene_);
  }

 private:
  void Hear(const std::string& speaker, const std::string& listener) {
    if (speaker != listener) scene_.hearing.push_back({speaker, listener});
  }

  void PaintWatcher(const std::string& name, const AnchoredLeg& leg) {
    for (const std::string& speaker : heard_) Hear(speaker, name);
    const bool whispers = leg.mode == ControlCallRequest::WHISPER;
    if (whispers && present_.contains(call_.seat)) Hear(name, call_.seat);
  }

  // Somebody other than `name` takes part, with a phone that does not hold the call.
  bool HasCompany(const std::string& name) const {
    return std::any_of(present_.begin(), present_.end(), [&](const std::string& other) {
      return other != name && !call_.legs.at(other).holds();
    });
  }

  bool CustomerWaits(const AnchoredLeg& customer) const {
    if (!IsUp(customer)) return false;
    if (call_.held) return true;
    if (call_.flow && call_.flow->phase == FlowPhase::kDialling) return true;
    if (call_.flow && call_.flow->phase == FlowPhase::kWaiting) return !call_.flow->own_music;
    return call_.joined && FlowTalks(call_) && !HasCompany(kCustomer);
  }

  // A phone rings on behalf of the agent, who has nobody else to listen to.
  bool AgentWaits() const {
    if (!present_.contains(call_.seat) || HasCompany(call_.seat)) return false;
    return std::any_of(call_.legs.begin(), call_.legs.end(), [](const auto& entry) {
      const AnchoredLeg& leg = entry.second;
      const bool wanted = leg.party == Leg::CUSTOMER || leg.party == Leg::CONSULT;
      return wanted && leg.phase == Phase::kInviting && !leg.sounds();
    });
  }

  void PaintTones() {
    if (CustomerWaits(call_.legs.at(kCustomer))) scene_.tones[kCustomer] = Tone::kHoldMusic;
    if (AgentWaits()) scene_.tones[call_.seat] = Tone::kRingback;
  }

  const AnchoredCall& call_;
  std::set<std::string> present_;  // take part
  std::set<std::string> heard_;    // and speak
  Scene scene_;
};

}  // namespace

Scene SceneOf(const AnchoredCall& call) { return Painter(call).Paint(); }

}  // namespace ctc::providers::sip::native
