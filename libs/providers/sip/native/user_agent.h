// A SIP user agent (Sofia-SIP) in a thread of its own: dialogs, transactions, digest authentication
// and session timers are its; what the dialogs say to each other is the call machine's. No Sofia
// type leaves user_agent.cpp. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/secret.h"
#include "libs/base/status.h"
#include "libs/providers/sip/native/call_parts.h"
#include "libs/providers/sip/native/caller_rules.h"
#include "libs/providers/sip/native/refer_to.h"

namespace ctc::providers::sip::native {

struct UserAgentConfig {
  std::string bind;  // "sip:0.0.0.0:*"
  base::Secret user;
  base::Secret password;
  bool tls = false;  // at the port after that of `bind`
  std::string tls_ca;
  std::string tls_certificate;
  base::Secret tls_key;
  std::optional<CallerRules> callers;  // absent: nobody may call us
  bool takes_keys = false;             // phones may tell keys by INFO
  bool refers = false;                 // phones are asked to call others, and tell how that goes
};

// One leg of one call.
struct LegName {
  std::string call;
  std::string leg;
  friend auto operator<=>(const LegName&, const LegName&) = default;
};

// How a leg is called; for kInvite, and of a kRefer for the target.
struct Dialling {
  std::string uri;
  std::string home;  // whose challenges are answered, as long as it is asked: a host; empty: nobody
  std::string from;
  std::string replaces;
  absl::Duration ring_timeout;
};

// Somebody calls us, and may.
struct Caller {
  LegName name;
  std::string from;  // user part: a number, a name or nothing
  std::string to;
  std::string offer;
};

// What phones want of us; all of it on the agent's thread, must not wait.
struct PhoneEvents {
  std::function<void(const LegName& name, Input input)> on_input;
  // A phone's own re-INVITE, with an offer or without one, or an UPDATE with an offer.
  std::function<Reply(const LegName& name, const std::string& offer)> on_reinvite;
  // A key that a phone tells by INFO.
  std::function<void(const LegName& name, char key)> on_key;
  // A phone refers its call: the SIP status that answers it.
  std::function<int(const LegName& name, const ReferTo& target)> on_refer;
  // The SIP status that refuses the caller; 100: it waits.
  std::function<int(Caller caller)> on_caller;
  // The same for one who means to replace a leg of that call.
  std::function<int(const std::string& call, Newcomer newcomer)> on_newcomer;
};

class UserAgent {
 public:
  // UNAVAILABLE when the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<UserAgent>> Start(UserAgentConfig config,
                                                          const base::Clock& clock,
                                                          PhoneEvents events);
  virtual ~UserAgent() = default;

  // Begins to end: hangs up whatever is up. The destructor waits until that is done.
  virtual void Leave() = 0;
  // Does what the machine asks, in the order given.
  virtual void Perform(LegName name, Action action, Dialling dialling) = 0;
  // Calls `then` on its thread.
  virtual void After(absl::Duration time, std::function<void()> then) = 0;
  // Asks `uri` for its OPTIONS; `done` gets the SIP status, 408 when nothing answers, 503 when the
  // agent ends before. On its thread.
  virtual void Probe(std::string uri, std::function<void(int)> done) = 0;
};

}  // namespace ctc::providers::sip::native
