// What a process needs to know of a service, whichever it is: the same form for all seven, so that
// one program can host one of them (--distributed) or all (tools/run).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/asio.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/secret.h"
#include "libs/base/status.h"
#include "libs/db/database.h"
#include "libs/http/client.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/handler_map.h"

namespace ctc::host {

// Configuration values by name, as "session.ring_limit_seconds": flag --session.ring_limit_seconds,
// else environment CTC_SESSION_RING_LIMIT_SECONDS, else the default given here. Every value asked
// for is declared in libs/host/settings.cpp, from which --help and docs/configuration.md are made.
class Settings {
 public:
  virtual ~Settings() = default;
  virtual std::string Text(std::string_view name) const = 0;
  virtual int64_t Int(std::string_view name) const = 0;
  virtual bool Bool(std::string_view name) const = 0;
  virtual absl::Duration Seconds(std::string_view name) const = 0;
  // From the environment or from the file named by CTC_..._FILE, never from a flag.
  virtual base::Secret Secret(std::string_view name) const = 0;
};

// What the host gives to each service; outlives it.
struct Environment {
  asio::any_io_executor executor;  // the io threads' pool; make a strand for what must not overlap
  db::Database& database;
  http::Client& http;
  const base::Clock& clock;
  base::Random& random;
  const Settings& settings;
  // The way to another service by its name ("session"): in the process or over gRPC.
  std::function<rpc::Channel&(std::string_view service)> peer;
  // OK when every service of this process is ready; for the gateway's /readyz.
  std::function<Task<absl::Status>()> ready;
};

class Service {
 public:
  virtual ~Service() = default;
  virtual std::string_view name() const = 0;  // "session"
  // The rpcs it serves.
  virtual void Bind(rpc::HandlerMap& handlers) = 0;
  // Called once all peers of this process are bound and the schema was checked: starts background
  // work.
  virtual absl::Status Start() = 0;
  // Stops background work and gives leases up; rpcs in flight still finish.
  virtual Task<void> Stop() = 0;
  // What traffic needs; the reason when it is not there. For /readyz.
  virtual Task<absl::Status> Ready() = 0;
};

using ServiceFactory =
    std::function<absl::StatusOr<std::unique_ptr<Service>>(const Environment& environment)>;

}  // namespace ctc::host
