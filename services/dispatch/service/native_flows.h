// Asks for the next step of callers whose calls dispatch itself controls (native SIP): one asker
// for each account. Thread-safe.
#pragma once

#include "libs/host/background.h"
#include "libs/providers/sip/native/endpoint.h"
#include "libs/rpc/channel.h"
#include "services/dispatch/service/directory.h"

namespace ctc::dispatch {

class NativeFlows {
 public:
  NativeFlows(rpc::Channel& webhook, host::Background& background, const base::Clock& clock)
      : webhook_(webhook), background_(background), clock_(clock) {}

  void Add(AccountPtr account, providers::sip::native::FlowNote note);

 private:
  Task<void> Ask(AccountPtr account, providers::sip::native::FlowNote note);

  rpc::Channel& webhook_;
  host::Background& background_;
  const base::Clock& clock_;
};

}  // namespace ctc::dispatch
