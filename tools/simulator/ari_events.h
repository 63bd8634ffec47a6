// The event sockets of ARI: one for each application, the newest wins.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/http/message.h"
#include "tools/simulator/ari_model.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class AriEvents {
 public:
  explicit AriEvents(World& world) : world_(world) {}

  // Runs until the client goes. `apps` are separated by commas; `all` sees every application.
  Task<void> Serve(http::WebSocket& socket, std::string apps, bool all);

  // Whether an application has a socket, without which its legs are dropped at the answer.
  bool Connected(const std::string& app) const { return by_app_.contains(app); }
  std::vector<std::string> Apps() const;

  // `terminal` marks the events that end a leg.
  void Publish(const std::string& app, Json event, Delivery delivery, bool terminal);

 private:
  struct Subscriber {
    explicit Subscriber(asio::any_io_executor executor) : signal(std::move(executor)) {}
    std::deque<std::string> queue;
    asio::steady_timer signal;
    bool closed = false;
    bool writer_done = false;
  };

  Task<void> WriteQueue(http::WebSocket& socket, std::shared_ptr<Subscriber> subscriber);
  Task<void> SendLater(std::string app, std::string text, absl::Duration delay);
  void Send(const std::string& app, const std::string& text);
  static void Push(Subscriber& subscriber, const std::string& text);

  World& world_;
  std::map<std::string, std::shared_ptr<Subscriber>> by_app_;
  std::vector<std::shared_ptr<Subscriber>> witnesses_;
};

}  // namespace ctc::simulator
