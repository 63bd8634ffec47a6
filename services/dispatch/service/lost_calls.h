// Calls that live in a process of ours end with it: of those of a process that was killed the next
// one tells the sessions. Whoever may carry such calls says that it is alive (a lease of its own
// for each process), and nobody tells of any while another one does: whose a call is is not known.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctc/session/v1/session.pb.h"
#include "libs/host/background.h"
#include "libs/rpc/channel.h"
#include "services/dispatch/service/directory.h"
#include "services/dispatch/service/registry.h"
#include "services/dispatch/store/lease_store.h"

namespace ctc::dispatch {

// What it stands on; outlives it.
struct LostCallsParts {
  LeaseStore& leases;
  Registry& registry;
  Directory& directory;
  rpc::Channel& session;
  host::Background& background;
  const base::Clock& clock;
  std::string holder;  // this process
};

class LostCalls {
 public:
  explicit LostCalls(LostCallsParts parts) : parts_(std::move(parts)) {}

  // Before this process takes its first call.
  Task<absl::Status> Join();
  // Until the process stops; on the background strand.
  Task<void> Run();
  // When all its calls have ended, and that was told.
  Task<void> Leave();

 private:
  using Live = std::vector<session::v1::Session>;

  absl::Time Soon() const;
  std::string LeaseName() const;
  // False while others are there, or it is not known.
  Task<bool> IsAlone();
  // True when all was told. On the background strand, as the next one.
  Task<bool> EndLost();
  Task<absl::StatusOr<Live>> LiveSessions(AccountPtr account);

  const LostCallsParts parts_;
  // Since when every renewal succeeded, on the monotonic clock: who lived through the same outage
  // has renewed its own by a lease's length later.
  std::optional<absl::Duration> steady_since_;
};

}  // namespace ctc::dispatch
