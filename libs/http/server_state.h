// What a server's connections share. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/base/mutex.h"
#include "libs/http/server.h"

namespace ctc::http {

class Connection;

class ServerState {
 public:
  ServerState(ServerOptions server_options, Handler request_handler, ErrorBody body)
      : options(std::move(server_options)),
        handler(std::move(request_handler)),
        error_body(std::move(body)) {}

  const ServerOptions options;
  const Handler handler;
  const ErrorBody error_body;
  // See ServerOptions::max_held_bytes. Apart, so that bodies cannot take the answers' room.
  std::atomic<int64_t> held_bodies{0};
  std::atomic<int64_t> held_answers{0};

  bool draining() const { return draining_.load(std::memory_order_relaxed); }
  void StartDraining() { draining_.store(true); }

  void Add(const std::shared_ptr<Connection>& connection);
  void Remove(const Connection* connection);
  int count() const { return count_.load(std::memory_order_relaxed); }
  std::vector<std::shared_ptr<Connection>> All() const;
  // The one that has waited longest for a request; null: none waits.
  std::shared_ptr<Connection> LongestIdle() const;
  // Runs once, when the last connection of a draining server goes.
  void OnEmpty(std::function<void()> callback);

 private:
  std::atomic<bool> draining_{false};
  std::atomic<int> count_{0};
  mutable base::Mutex mutex_;
  std::unordered_map<const Connection*, std::weak_ptr<Connection>> connections_
      ABSL_GUARDED_BY(mutex_);
  std::function<void()> on_empty_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::http
