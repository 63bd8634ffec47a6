#include "tools/simulator/ari_events.h"

#include <algorithm>

namespace ctc::simulator {
namespace {

constexpr size_t kMaxQueued = 100000;  // a reader this far behind is cut off
constexpr uint64_t kShuffleMs = 300;

std::vector<std::string> SplitApps(const std::string& apps) {
  std::vector<std::string> all;
  size_t begin = 0;
  while (begin <= apps.size()) {
    const size_t end = std::min(apps.find(',', begin), apps.size());
    if (end > begin) all.push_back(apps.substr(begin, end - begin));
    begin = end + 1;
  }
  return all;
}

}  // namespace

Task<void> AriEvents::Serve(http::WebSocket& socket, std::string apps, bool all) {
  auto subscriber = std::make_shared<Subscriber>(world_.executor());
  for (const std::string& app : SplitApps(apps)) {
    if (const auto old = by_app_.find(app); old != by_app_.end()) {
      const Json replaced = {{"type", "ApplicationReplaced"},
                             {"timestamp", AriTime(absl::Now())},
                             {"application", app}};
      Push(*old->second, replaced.dump());
    }
    by_app_[app] = subscriber;
  }
  if (all) witnesses_.push_back(subscriber);
  world_.Spawn(WriteQueue(socket, subscriber), "event socket");
  bool open = true;
  while (open) {
    const absl::StatusOr<std::string> message = co_await socket.Read();
    open = message.ok() && !subscriber->closed;
  }
  subscriber->closed = true;
  subscriber->signal.cancel();
  std::erase_if(by_app_, [&](const auto& entry) { return entry.second == subscriber; });
  std::erase(witnesses_, subscriber);
  // The writer refers to the socket.
  while (!subscriber->writer_done) co_await world_.Sleep(absl::Milliseconds(1));
}

Task<void> AriEvents::WriteQueue(http::WebSocket& socket, std::shared_ptr<Subscriber> subscriber) {
  while (!subscriber->closed) {
    if (subscriber->queue.empty()) {
      boost::system::error_code ignored;
      subscriber->signal.expires_at(asio::steady_timer::time_point::max());
      co_await subscriber->signal.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    std::string text = std::move(subscriber->queue.front());
    subscriber->queue.pop_front();
    const absl::Status written = co_await socket.Write(std::move(text));
    if (!written.ok()) subscriber->closed = true;
  }
  subscriber->writer_done = true;
}

std::vector<std::string> AriEvents::Apps() const {
  std::vector<std::string> apps;
  for (const auto& [app, subscriber] : by_app_) apps.push_back(app);
  return apps;
}

void AriEvents::Publish(const std::string& app, Json event, Delivery delivery, bool terminal) {
  if (delivery == Delivery::kNone || (terminal && delivery == Delivery::kNoTerminal)) return;
  event["application"] = app;
  event["timestamp"] = AriTime(absl::Now());
  event["asterisk_id"] = "00:00:00:00:00:01";
  std::string text = event.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (delivery == Delivery::kTwice) Send(app, text);
  if (delivery == Delivery::kShuffled) {
    const auto delay = absl::Milliseconds(world_.Random() % kShuffleMs);
    world_.Spawn(SendLater(app, std::move(text), delay), "delayed event");
  } else {
    Send(app, text);
  }
}

Task<void> AriEvents::SendLater(std::string app, std::string text, absl::Duration delay) {
  co_await world_.Sleep(delay);
  Send(app, text);
}

void AriEvents::Send(const std::string& app, const std::string& text) {
  world_.ledger().EventSent();
  const auto it = by_app_.find(app);
  if (it != by_app_.end()) Push(*it->second, text);
  for (const auto& witness : witnesses_) {
    if (it == by_app_.end() || witness != it->second) Push(*witness, text);
  }
}

void AriEvents::Push(Subscriber& subscriber, const std::string& text) {
  if (subscriber.queue.size() >= kMaxQueued) {
    subscriber.closed = true;
  } else {
    subscriber.queue.push_back(text);
  }
  subscriber.signal.cancel();
}

}  // namespace ctc::simulator
