// The adapter's side of native SIP: the user agents of all accounts, and their calls as an adapter
// places, controls and looks them up. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "libs/providers/sip/native/endpoint.h"

namespace ctc::providers::sip {

class NativeCalls {
 public:
  NativeCalls(const base::Clock& clock, native::FactSink sink)
      : clock_(clock), sink_(std::move(sink)) {}

  dispatch::v1::PlaceCallResponse Place(const Account& account,
                                        const dispatch::v1::CallOrder& order);
  absl::StatusOr<dispatch::v1::ControlCallResponse> Control(
      const Account& account, const dispatch::v1::ControlCallRequest& request);
  dispatch::v1::LookUpCallResponse LookUp(const Account& account,
                                          const dispatch::v1::LookUpCallRequest& request);
  Task<absl::StatusOr<std::string>> Check(const Account& account);

 private:
  using EndpointPtr = std::shared_ptr<native::Endpoint>;

  // The one for the account as it is now; made at its first use.
  absl::StatusOr<EndpointPtr> For(const Account& account);
  // The one that carries the call, whatever the account looks like now.
  EndpointPtr Carrying(const Account& account, const dispatch::v1::CallOrder& order);

  const base::Clock& clock_;
  const native::FactSink sink_;
  base::Mutex mutex_;
  std::multimap<std::string, EndpointPtr> endpoints_ ABSL_GUARDED_BY(mutex_);  // by account
};

}  // namespace ctc::providers::sip
