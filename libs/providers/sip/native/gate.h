// Lets callers in: the trunk by its address, anybody else by the account's password. On the stack's
// thread.
#pragma once

#include <absl/time/time.h>
#include <sofia-sip/msg_types.h>
#include <sofia-sip/sip.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/secret.h"
#include "libs/providers/sip/native/caller_rules.h"
#include "libs/providers/sip/native/digest.h"

namespace ctc::providers::sip::native {

class Gate {
 public:
  // Without rules nobody may call.
  Gate(std::optional<CallerRules> callers, base::Secret user, base::Secret password);

  struct Verdict {
    int refusal = 0;                      // SIP; 0: let in
    bool trusted = false;                 // by the address: what it asserts is believed
    std::string proof;                    // by which it is let in, unless it is trusted
    std::vector<std::string> challenges;  // of 401
  };
  // `request` is the message that `sip` is read from. Strangers learn no more than that they are
  // unknown.
  Verdict Judge(const sip_t* sip, msg_t* request, absl::Time now) const;
  // False when the proof was spent before: who has heard it may send it again, with any body. An
  // empty one never is.
  bool Spend(const std::string& proof, absl::Time now);
  std::vector<std::string> Challenges(const sip_t* sip, absl::Time now, bool stale) const;

 private:
  // The digest by which the caller shows the account's password, or nothing.
  std::string ProofOf(const sip_t* sip, absl::Time now, bool& stale) const;

  const std::optional<CallerRules> callers_;
  const base::Secret user_;
  const base::Secret password_;
  const Challenger challenger_;
  std::map<std::string, absl::Time> spent_;  // as long as they would be good
};

}  // namespace ctc::providers::sip::native
