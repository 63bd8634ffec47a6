// Asks the webhook service for the next step of a caller who came over an event socket. Tries again
// while that service is away, as long as a caller can be kept waiting. Lives on the background
// strand.
#pragma once

#include <memory>

#include "libs/host/background.h"
#include "libs/providers/asterisk/driver.h"
#include "libs/rpc/channel.h"
#include "services/dispatch/service/directory.h"

namespace ctc::dispatch {

class FlowAsker : public std::enable_shared_from_this<FlowAsker> {
 public:
  FlowAsker(rpc::Channel& webhook, host::Background& background, const base::Clock& clock,
            AccountPtr account)
      : webhook_(webhook), background_(background), clock_(clock), account_(std::move(account)) {}

  Task<absl::StatusOr<providers::asterisk::FlowAnswer>> Ask(
      providers::asterisk::FlowQuestion question);

 private:
  rpc::Channel& webhook_;
  host::Background& background_;
  const base::Clock& clock_;
  const AccountPtr account_;
};

}  // namespace ctc::dispatch
