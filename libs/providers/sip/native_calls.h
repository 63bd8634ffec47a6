// The adapter's side of native SIP: the user agents of all accounts, and their calls as an adapter
// places, controls and looks them up. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/providers/sip/native/endpoint.h"

namespace ctc::providers::sip {

class NativeCalls {
 public:
  explicit NativeCalls(native::Ground ground) : ground_(std::move(ground)) {}

  // VALIDATION_FAILED names every field at fault.
  absl::Status CheckAccount(const Account& account) const {
    return native::ReadNativeSettings(account, ground_.guard).status();
  }
  dispatch::v1::PlaceCallResponse Place(const Account& account,
                                        const dispatch::v1::CallOrder& order);
  absl::StatusOr<dispatch::v1::ControlCallResponse> Control(
      const Account& account, const dispatch::v1::ControlCallRequest& request);
  // Of a call that is not here the recordings are told, which reads the disk.
  dispatch::v1::LookUpCallResponse LookUp(const Account& account,
                                          const dispatch::v1::LookUpCallRequest& request);
  // See Adapter; both take time.
  void EndLost(const std::shared_ptr<const Account>& account,
               const std::vector<session::v1::Session>& live);
  void Leave();
  // See Adapter::Attend.
  absl::Duration Attend(const std::vector<std::shared_ptr<const Account>>& accounts);
  Task<absl::StatusOr<std::string>> Check(const Account& account);

  // How many user agents there are; those that are ending do not count.
  size_t lines() const;

 private:
  using EndpointPtr = std::shared_ptr<native::Endpoint>;

  // An account whose callers cannot be listened for as it is now.
  struct Fault {
    google::protobuf::Timestamp updated_at;
    absl::StatusCode code;
    absl::Duration next_try;  // monotonic
  };

  // The one for the account as it is now; made at its first use.
  absl::StatusOr<EndpointPtr> For(const Account& account);
  // The one that carries the call, whatever the account looks like now.
  EndpointPtr Carrying(const Account& account, const std::string& call);
  bool IsHere(const Account& account, const session::v1::Session& session);
  // How long until the account's callers should be listened for again; infinite when they are.
  absl::Duration Listen(const Account& account);
  absl::Duration NoteFault(const Account& account, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Lets closed ones go that carry nothing.
  void Prune() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const native::Ground ground_;
  native::Reaper reaper_;  // where endpoints end, wherever they are let go
  mutable base::Mutex mutex_;
  bool left_ ABSL_GUARDED_BY(mutex_) = false;
  std::multimap<std::string, EndpointPtr> endpoints_ ABSL_GUARDED_BY(mutex_);  // by account
  std::map<std::string, Fault> faults_ ABSL_GUARDED_BY(mutex_);                // by account
};

}  // namespace ctc::providers::sip
