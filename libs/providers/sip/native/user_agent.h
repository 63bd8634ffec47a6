// A SIP user agent (Sofia-SIP) in a thread of its own: dialogs, transactions, digest authentication
// and session timers are its; what the dialogs say to each other is the call machine's. No Sofia
// type leaves user_agent.cpp. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/base/secret.h"
#include "libs/base/status.h"
#include "libs/providers/sip/native/call_machine.h"

namespace ctc::providers::sip::native {

struct UserAgentConfig {
  std::string bind;  // "sip:0.0.0.0:*"
  base::Secret user;
  base::Secret password;
  absl::Duration ring_timeout;
};

// One leg of one call.
struct LegName {
  std::string call;
  std::string leg;
  friend auto operator<=>(const LegName&, const LegName&) = default;
};

class UserAgent {
 public:
  // What a phone said. On the agent's thread; must not wait.
  using OnInput = std::function<void(const LegName& name, Input input)>;
  // A phone's own re-INVITE: what we last told it, to be told again. On the agent's thread.
  using OnRefresh = std::function<std::string(const LegName& name)>;

  // UNAVAILABLE when the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<UserAgent>> Start(UserAgentConfig config, OnInput on_input,
                                                          OnRefresh on_refresh);
  virtual ~UserAgent() = default;

  // Does what the machine asks, in the order given. `uri` and `from` are for kInvite.
  virtual void Perform(LegName name, Action action, std::string uri, std::string from) = 0;
  // Asks `uri` for its OPTIONS; `done` gets the SIP status, 408 when nothing answers. On its
  // thread.
  virtual void Probe(std::string uri, std::function<void(int)> done) = 0;
};

}  // namespace ctc::providers::sip::native
