// Sends Twilio's webhooks: signed, in order for each call unless its script says otherwise.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>

#include "tools/simulator/twilio_model.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class TwilioCallbacks {
 public:
  explicit TwilioCallbacks(World& world) : world_(world) {}

  // A notification; its answer does not matter.
  void Notify(const std::string& queue, const Account& account, const Callback& callback,
              Form parameters, Delivery delivery, bool terminal);
  // Whether all notifications of a queue were answered or given up.
  bool IsIdle(const std::string& queue) const { return !queues_.contains(queue); }
  // A request for TwiML; "" when it failed.
  Task<std::string> Fetch(Account account, std::string url, std::string method, Form parameters);

 private:
  http::ClientRequest MakeRequest(const Account& account, const std::string& url,
                                  const std::string& method, const Form& parameters);
  Task<void> SendQueue(std::string queue);
  Task<void> SendLater(http::ClientRequest request, absl::Duration delay);
  Task<http::ClientResult> Send(http::ClientRequest request);

  World& world_;
  std::unordered_map<std::string, std::deque<http::ClientRequest>> queues_;
};

}  // namespace ctc::simulator
