// From an Authorization header to a caller: API keys through a bounded cache over the store, JWTs
// verified here. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "libs/base/asio.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "services/gateway/domain/token_buckets.h"
#include "services/gateway/service/caller.h"
#include "services/gateway/service/jwt.h"
#include "services/gateway/store/api_key_store.h"

namespace ctc::gateway {

struct AuthenticatorOptions {
  // A key that ends in another process ends here after this time; in this process at once.
  absl::Duration cache_for = absl::Seconds(10);
  absl::Duration cache_misses_for = absl::Seconds(2);
  // While the database is away, a key that was valid goes on to be.
  absl::Duration stale_for = absl::Minutes(10);
  size_t max_entries = 16384;
  // Tokens that turn out to be no key, a second and at once: each costs a look-up in the database.
  double guesses_per_second = 200;
  double guesses_at_once = 1000;
};

class Authenticator {
 public:
  Authenticator(ApiKeyStore& store, const JwtVerifier& jwt, const base::Clock& clock,
                AuthenticatorOptions options = {});

  // The token of "Bearer ..."; kUnauthenticated for anything else.
  static absl::StatusOr<std::string_view> TokenOf(std::string_view authorization);

  // The caller when the cache knows the token; null when the store has to be asked.
  absl::StatusOr<CallerPtr> FromCache(const std::string& hash) const;
  // Looks the token up. kUnauthenticated; kUnavailable when it is not known and the store is away;
  // kOverloaded when it is not known and too many that were no key came before it.
  Task<absl::StatusOr<CallerPtr>> LookUp(std::string token, std::string hash, absl::Time deadline);
  // A key ended.
  void Forget(const std::string& hash);
  // How often a JWT named a key that is not known; the JWK set may be old.
  int64_t unknown_jwt_keys() const { return unknown_jwt_keys_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    CallerPtr caller;  // null: no such key
    bool is_key = false;
    absl::Duration loaded_at = absl::ZeroDuration();
  };
  using Entries = std::unordered_map<std::string, Entry>;
  static constexpr size_t kShards = 16;
  struct Shard {
    mutable base::Mutex mutex;
    Entries entries ABSL_GUARDED_BY(mutex);
    // Raised by Forget, so that a look-up begun before does not bring a key back.
    int64_t forgotten ABSL_GUARDED_BY(mutex) = 0;
  };

  Shard& ShardOf(const std::string& hash) const {
    return shards_[std::hash<std::string>()(hash) % kShards];
  }
  void Remember(const std::string& hash, Entry entry, int64_t forgotten_before);
  // Whether there is room for one more, after what is worth less was dropped.
  bool MakeRoom(Entries& entries, bool for_key) const;
  absl::StatusOr<CallerPtr> Stale(const std::string& hash, absl::Status status) const;
  absl::StatusOr<CallerPtr> FromJwt(const std::string& token);
  Task<absl::StatusOr<CallerPtr>> FromStore(std::string hash, int64_t forgotten,
                                            absl::Time deadline);
  // True for a token that was a key when it was looked up last, however long ago.
  bool WasKey(const std::string& hash) const;

  ApiKeyStore& store_;
  const JwtVerifier& jwt_;
  const base::Clock& clock_;
  const AuthenticatorOptions options_;
  TokenBuckets guesses_;  // one bucket, of the process
  mutable std::array<Shard, kShards> shards_;
  std::atomic<int64_t> unknown_jwt_keys_{0};
};

}  // namespace ctc::gateway
