// A SIP switch's calls: the agent is rung, then the customer, and every step is told by a signed
// webhook. The REST interface over them is in sip_http.h.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tools/simulator/world.h"

namespace ctc::simulator {

struct SipLeg {
  explicit SipLeg(asio::any_io_executor executor) : wake(std::move(executor)) {}

  std::string id;  // "agent", "customer", or as the request names it
  std::string to;
  CallScript script;
  bool answered = false;
  bool ended = false;
  int sip_status = 0;  // of its ending
  bool muted = false;
  std::string digits;  // played to it
  asio::steady_timer wake;
};

struct SipCall {
  using LegPtr = std::shared_ptr<SipLeg>;

  std::string id;
  std::string reference;
  std::string key;  // signs its webhooks
  std::string callback_url;
  std::string caller_id;
  absl::Duration ring_timeout;
  Delivery delivery = Delivery::kInOrder;
  std::string status = "queued";
  std::string recording = "stopped";
  std::map<std::string, LegPtr> legs;
  int sequence = 0;
  int sip_status = 0;
  std::string cause;
  absl::Time created = absl::Now();
  std::optional<absl::Time> joined_at;
  std::optional<absl::Time> ended_at;
  bool held = false;
  bool agent_left = false;

  bool ended() const { return ended_at.has_value(); }
  LegPtr Find(const std::string& leg) const;
};

class SipHttpCalls {
 public:
  using CallPtr = std::shared_ptr<SipCall>;
  using LegPtr = SipCall::LegPtr;

  explicit SipHttpCalls(World& world) : world_(world) {}

  // Rings the agent, then the customer.
  void Start(const CallPtr& call, const std::string& agent, const std::string& customer);
  // Rings one more party of a call.
  void Add(const CallPtr& call, const std::string& leg, const std::string& to);
  void EndLeg(const CallPtr& call, const LegPtr& leg, int sip_status);
  void End(const CallPtr& call, const std::string& leg, int sip_status, const std::string& cause);
  // The agent leaves, the others go on.
  void HandOver(const CallPtr& call);
  void Tell(const CallPtr& call, const std::string& event, const std::string& leg,
            nlohmann::json more = nlohmann::json::object());
  nlohmann::json Describe(const SipCall& call) const;

  CallPtr Find(const std::string& id) const;
  CallPtr FindReference(const std::string& reference) const;
  void Keep(const CallPtr& call) { calls_[call->id] = call; }
  const std::map<std::string, CallPtr>& all() const { return calls_; }

 private:
  LegPtr NewLeg(const CallPtr& call, const std::string& leg, const std::string& to);
  Task<void> Run(CallPtr call);
  Task<void> RunParty(CallPtr call, LegPtr leg);
  Task<bool> Answered(CallPtr call, LegPtr leg);
  Task<void> Wait(LegPtr leg, absl::Duration duration);
  Task<void> SendQueue(std::string call);
  Task<void> SendLater(http::ClientRequest request);

  World& world_;
  std::map<std::string, CallPtr> calls_;
  std::map<std::string, std::deque<http::ClientRequest>> queues_;
};

}  // namespace ctc::simulator
