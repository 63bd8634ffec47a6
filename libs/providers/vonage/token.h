// The tokens with which we speak for a Vonage application: JWTs under RS256, of 15 minutes.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <unordered_map>

#include "libs/base/mutex.h"
#include "libs/providers/adapter.h"

namespace ctc::providers::vonage {

// Makes a token per account and keeps it until shortly before its end: signing costs a millisecond,
// and a burst of calls needs one token. Thread-safe.
class Tokens {
 public:
  Tokens(const base::Clock& clock, base::Random& random) : clock_(clock), ids_(clock, random) {}

  // INVALID_ARGUMENT when the account's private key cannot sign; the message holds nothing of it.
  absl::StatusOr<base::Secret> For(const Account& account);

 private:
  struct Entry {
    std::string key;  // fingerprint of what the token was made from
    base::Secret token;
    absl::Time made_at;
  };

  const base::Clock& clock_;
  base::IdGenerator ids_;
  base::Mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);  // by account
};

// Claims as Vonage wants them, signed. Deterministic: the signature has no salt.
absl::StatusOr<base::Secret> MakeToken(const base::Secret& private_key,
                                       const std::string& application_id, absl::Time now,
                                       const std::string& id);

}  // namespace ctc::providers::vonage
