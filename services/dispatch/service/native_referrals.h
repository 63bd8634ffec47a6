// Carries what a phone asks for by itself in a call that dispatch controls (native SIP): that its
// call be handed over. The session service decides; the phone is told what that means in SIP.
// Thread-safe.
#pragma once

#include "libs/host/background.h"
#include "libs/providers/sip/native/endpoint.h"
#include "libs/rpc/channel.h"
#include "services/dispatch/service/directory.h"

namespace ctc::dispatch {

class NativeReferrals {
 public:
  NativeReferrals(rpc::Channel& session, host::Background& background, const base::Clock& clock)
      : session_(session), background_(background), clock_(clock) {}

  void Add(AccountPtr account, providers::sip::native::ReferralNote note);

 private:
  Task<void> Ask(AccountPtr account, providers::sip::native::ReferralNote note);

  rpc::Channel& session_;
  host::Background& background_;
  const base::Clock& clock_;
};

// The SIP status that the session service's answer means.
int SipStatusOf(const absl::Status& status);

}  // namespace ctc::dispatch
