// The operator's port of a process: /healthz, /readyz, /metrics. Loopback only unless configured.
#pragma once

#include <functional>
#include <memory>

#include "libs/http/server.h"

namespace ctc::host {

class AdminServer {
 public:
  using Readiness = std::function<Task<absl::Status>()>;
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(asio::any_io_executor executor,
                                                            int port, Readiness ready);
  Task<void> Drain(absl::Duration limit) { return server_->Drain(limit); }
  int port() const { return server_->port(); }

 private:
  AdminServer() = default;
  Readiness ready_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace ctc::host
