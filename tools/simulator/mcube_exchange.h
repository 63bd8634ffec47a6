// mCube's side of a call: the agent's phone rings, then the customer's, and two pushes tell of it
// in the form of either generation.
#pragma once

#include <absl/time/time.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/simulator/inbound.h"
#include "tools/simulator/poster.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

struct McubeCall {
  std::string callid;
  bool classic = false;
  bool inbound = false;
  std::string agent;     // ten digits
  std::string customer;  // ten digits
  std::string did;
  std::string refid;
  std::string push_url;  // of the call; empty: none
  CallScript agent_script;
  CallScript customer_script;
  absl::Time created;
  std::optional<absl::Time> joined_at;
  std::optional<absl::Time> ended_at;
  std::string word = "CONNECTING";  // dialstatus
};

// The fields of a push: those of the hang-up once the call is over. Pure.
std::vector<std::pair<std::string, std::string>> McubePush(const McubeCall& call,
                                                           const std::string& public_url);

class McubeExchange {
 public:
  using CallPtr = std::shared_ptr<McubeCall>;

  explicit McubeExchange(World& world);

  const std::map<std::string, CallPtr>& calls() const { return calls_; }
  // Ten digits and the second it began: twenty, more than 64 bits hold.
  std::string NewCallId();
  void Start(const CallPtr& call);
  // A caller of ours: asks which agent to ring, rings, pushes.
  absl::StatusOr<std::string> Ring(const CallerPtr& caller);

 private:
  Task<void> Run(CallPtr call);
  Task<void> RunInbound(CallPtr call, CallerPtr caller);
  // Rings one phone; the word for what came of it, ANSWER when somebody picked up.
  Task<std::string> Rings(CallScript script);
  void End(const CallPtr& call, const std::string& word);
  void Push(const CallPtr& call);

  World& world_;
  Poster poster_;
  std::map<std::string, CallPtr> calls_;
};

}  // namespace ctc::simulator
