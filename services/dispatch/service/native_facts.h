// Carries what phones say in calls that dispatch itself controls (native SIP) to the webhook
// service: one forwarder for each account, so that its facts stay in order. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/host/background.h"
#include "libs/rpc/channel.h"
#include "services/dispatch/service/directory.h"
#include "services/dispatch/service/fact_forwarder.h"

namespace ctc::dispatch {

class NativeFacts {
 public:
  NativeFacts(rpc::Channel& webhook, host::Background& background, const base::Clock& clock)
      : webhook_(webhook), background_(background), clock_(clock) {}

  void Add(AccountPtr account, std::vector<session::v1::SessionFact> facts);

 private:
  void Forward(const AccountPtr& account, std::vector<session::v1::SessionFact> facts);

  rpc::Channel& webhook_;
  host::Background& background_;
  const base::Clock& clock_;
  std::map<std::string, std::shared_ptr<FactForwarder>> forwarders_;  // on the strand, by account
};

}  // namespace ctc::dispatch
