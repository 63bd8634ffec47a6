// The event socket of one Asterisk account: held under a lease, so that one replica has it;
// reconnected with back-off; what was missed meanwhile is reconciled. Lives on the background
// strand.
#pragma once

#include <memory>
#include <string>

#include "libs/base/ids.h"
#include "libs/host/background.h"
#include "libs/http/message.h"
#include "libs/providers/asterisk/driver.h"
#include "libs/rpc/channel.h"
#include "services/dispatch/service/directory.h"
#include "services/dispatch/service/fact_forwarder.h"
#include "services/dispatch/service/flow_asker.h"
#include "services/dispatch/service/health_board.h"
#include "services/dispatch/store/lease_store.h"

namespace ctc::dispatch {

// What all sockets share; outlives them.
struct EventSocketParts {
  host::Background& background;
  LeaseStore& leases;
  HealthBoard& board;
  rpc::Channel& session;
  rpc::Channel& webhook;
  providers::Environment environment;
  base::Random& random;
  std::string holder;  // this process
  http::AddressGuard guard;
};

class EventSocket : public std::enable_shared_from_this<EventSocket> {
 public:
  EventSocket(const EventSocketParts& parts, AccountPtr account);

  // Runs until Close or until the process stops.
  Task<void> Run();
  // The account was removed, switched off or changed.
  void Close();
  const providers::Account& account() const { return *account_; }

 private:
  using Link = std::shared_ptr<http::WebSocket>;

  bool ending() const { return closed_ || parts_.background.stopping(); }
  std::string LeaseName() const { return "asterisk-events/" + account_->config.id(); }
  Task<bool> HoldLease();
  // One connection from its opening to its end.
  Task<absl::Status> Converse();
  Task<absl::Status> ReadMessages(Link link);
  // While the connection is opened, which may take longer than the lease lasts: renews it.
  Task<void> HoldWhile(std::shared_ptr<const bool> connecting);
  // Beside a conversation: renews the lease, and compares sessions now and then.
  Task<void> KeepLease(Link link);
  Task<void> CompareSessions(Link link);
  Task<absl::StatusOr<std::vector<session::v1::Session>>> LiveSessions();
  void Hang(Link link);
  absl::Duration BackOff(int failures);

  EventSocketParts parts_;
  const AccountPtr account_;
  std::shared_ptr<FactForwarder> forwarder_;
  std::shared_ptr<FlowAsker> flow_asker_;
  std::shared_ptr<providers::asterisk::Driver> driver_;
  Link link_;  // the open connection
  bool closed_ = false;
};

}  // namespace ctc::dispatch
