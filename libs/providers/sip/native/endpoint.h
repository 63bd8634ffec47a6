// Native SIP of one account: its user agent, its live calls, and what is done with them. The calls
// live in this process: another one does not know them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/mutex.h"
#include "libs/providers/adapter.h"
#include "libs/providers/sip/native/user_agent.h"

namespace ctc::providers::sip::native {

// Takes the facts of one event over, in order; must not wait.
using FactSink = std::function<void(const std::shared_ptr<const Account>& account,
                                    std::vector<session::v1::SessionFact> facts)>;

// How phones are reached; read from the account's settings.
struct NativeSettings {
  std::string trunk;   // for numbers: "proxy.example:5060;transport=tcp"
  std::string agents;  // for names of phones; the trunk by default
  std::string bind = "sip:*:*";
  absl::Duration ring_timeout = absl::Seconds(45);
};

// True when the account's settings choose native SIP.
bool IsNative(const dispatch::v1::Provider& config);
// VALIDATION_FAILED names every field at fault.
absl::StatusOr<NativeSettings> ReadNativeSettings(const dispatch::v1::Provider& config);

// The URI of a number (at the trunk), of a phone's name (at the agents' proxy) or of name@host.
// INVALID_ARGUMENT for what is none of them.
absl::StatusOr<std::string> PhoneUri(const NativeSettings& settings, std::string_view prefix,
                                     std::string_view phone);

// Thread-safe.
class Endpoint : public std::enable_shared_from_this<Endpoint> {
 public:
  static absl::StatusOr<std::shared_ptr<Endpoint>> Create(std::shared_ptr<const Account> account,
                                                          const base::Clock& clock, FactSink sink);

  // Rings the agent. A call that is there already is not rung again.
  absl::Status Place(const dispatch::v1::CallOrder& order);
  // NOT_FOUND when the call is not here; FAILED_PRECONDITION when it is not in a state for it;
  // UNIMPLEMENTED for what SIP without media cannot do.
  absl::Status Control(const dispatch::v1::ControlCallRequest& request);
  bool Has(const std::string& call) const;
  size_t live_calls() const;
  // The proxy's answer to OPTIONS, by `done`, on another thread.
  void Probe(std::function<void(int)> done);
  const Account& account() const { return *account_; }

 private:
  struct Live {
    Call call;
    dispatch::v1::CallOrder order;
  };

  Endpoint(std::shared_ptr<const Account> account, NativeSettings settings,
           const base::Clock& clock, FactSink sink);

  void OnInput(const LegName& name, const Input& input);
  std::string Told(const LegName& name) const;
  void Carry(Live& live, Effects effects) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string From(const Live& live, const std::string& leg) const;
  absl::StatusOr<Effects> Command(Live& live, const dispatch::v1::ControlCallRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<const Account> account_;
  const NativeSettings settings_;
  const base::Clock& clock_;
  const FactSink sink_;
  mutable base::Mutex mutex_;
  std::map<std::string, Live> calls_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<UserAgent> agent_;  // last: its thread ends before what it calls
};

}  // namespace ctc::providers::sip::native
