#include "services/gateway/service/authenticator.h"

#include <absl/strings/match.h>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"
#include "libs/observability/log.h"

namespace ctc::gateway {
namespace {

constexpr size_t kMaxTokenBytes = 8 << 10;

absl::Status NoValidToken() {
  return base::MakeError(base::kUnauthenticated, "The token is not valid.");
}

absl::Status TooManyGuesses(absl::Duration wait) {
  base::ErrorDetail extra;
  extra.retry_after = wait;
  return base::MakeError(base::kOverloaded, "Too many tokens that are no key are being tried.",
                         std::move(extra));
}

}  // namespace

Authenticator::Authenticator(ApiKeyStore& store, const JwtVerifier& jwt, const base::Clock& clock,
                             AuthenticatorOptions options)
    : store_(store),
      jwt_(jwt),
      clock_(clock),
      options_(options),
      guesses_(options.guesses_per_second, options.guesses_at_once) {}

absl::StatusOr<std::string_view> Authenticator::TokenOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.empty()) {
    return base::MakeError(base::kUnauthenticated, "The Authorization header is missing.");
  }
  const bool bearer =
      authorization.size() > kScheme.size() && authorization.size() < kMaxTokenBytes &&
      absl::EqualsIgnoreCase(absl::string_view(authorization.data(), kScheme.size()),
                             absl::string_view(kScheme.data(), kScheme.size()));
  if (!bearer) {
    return base::MakeError(base::kUnauthenticated, "The Authorization header is not Bearer.");
  }
  std::string_view token = authorization.substr(kScheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token;
}

absl::StatusOr<CallerPtr> Authenticator::FromCache(const std::string& hash) const {
  const absl::Duration now = clock_.Monotonic();
  Shard& shard = ShardOf(hash);
  CallerPtr caller;
  {
    base::MutexLock lock(shard.mutex);
    const auto found = shard.entries.find(hash);
    if (found == shard.entries.end()) return CallerPtr();
    const absl::Duration age = now - found->second.loaded_at;
    caller = found->second.caller;
    if (age > (caller ? options_.cache_for : options_.cache_misses_for)) return CallerPtr();
  }
  if (caller == nullptr || caller->expires_at <= clock_.Now()) return NoValidToken();
  return caller;
}

// Neither guesses nor JWTs push out a key, which has to be known while the database is away.
bool Authenticator::MakeRoom(Entries& entries, bool for_key) const {
  const absl::Duration now = clock_.Monotonic();
  const absl::Time time = clock_.Now();
  const size_t most = options_.max_entries / kShards;
  const auto drop = [&](auto useless) {
    if (entries.size() < most) return;
    std::erase_if(entries, [&](const auto& item) { return useless(item.second); });
  };
  drop([](const Entry& entry) { return entry.caller == nullptr; });
  drop([&](const Entry& entry) {
    const absl::Duration kept = entry.is_key ? options_.stale_for : options_.cache_for;
    return now - entry.loaded_at > kept || entry.caller->expires_at <= time;
  });
  if (for_key) {
    drop([](const Entry& entry) { return !entry.is_key; });
    drop([&](const Entry& entry) { return now - entry.loaded_at > options_.cache_for; });
  }
  return entries.size() < most;
}

void Authenticator::Remember(const std::string& hash, Entry entry, int64_t forgotten_before) {
  Shard& shard = ShardOf(hash);
  base::MutexLock lock(shard.mutex);
  if (shard.forgotten != forgotten_before) return;
  if (!shard.entries.contains(hash) && !MakeRoom(shard.entries, entry.is_key)) return;
  entry.loaded_at = clock_.Monotonic();
  shard.entries.insert_or_assign(hash, std::move(entry));
}

void Authenticator::Forget(const std::string& hash) {
  Shard& shard = ShardOf(hash);
  base::MutexLock lock(shard.mutex);
  shard.entries.erase(hash);
  ++shard.forgotten;
}

absl::StatusOr<CallerPtr> Authenticator::Stale(const std::string& hash, absl::Status status) const {
  const absl::Duration now = clock_.Monotonic();
  Shard& shard = ShardOf(hash);
  base::MutexLock lock(shard.mutex);
  const auto found = shard.entries.find(hash);
  if (found == shard.entries.end() || found->second.caller == nullptr ||
      now - found->second.loaded_at > options_.stale_for ||
      found->second.caller->expires_at <= clock_.Now()) {
    return status;
  }
  return found->second.caller;
}

bool Authenticator::WasKey(const std::string& hash) const {
  Shard& shard = ShardOf(hash);
  base::MutexLock lock(shard.mutex);
  const auto found = shard.entries.find(hash);
  return found != shard.entries.end() && found->second.caller != nullptr;
}

absl::StatusOr<CallerPtr> Authenticator::FromJwt(const std::string& token) {
  bool unknown_key = false;
  absl::StatusOr<Caller> caller = jwt_.Verify(token, clock_.Now(), unknown_key);
  if (unknown_key) unknown_jwt_keys_.fetch_add(1, std::memory_order_relaxed);
  if (!caller.ok()) return std::move(caller).status();
  return std::make_shared<const Caller>(*std::move(caller));
}

Task<absl::StatusOr<CallerPtr>> Authenticator::LookUp(std::string token, std::string hash,
                                                      absl::Time deadline) {
  int64_t forgotten = 0;
  {
    Shard& shard = ShardOf(hash);
    base::MutexLock lock(shard.mutex);
    forgotten = shard.forgotten;
  }
  if (JwtVerifier::LooksLikeOne(token)) {
    absl::StatusOr<CallerPtr> caller = FromJwt(token);
    // A failure is not kept: the key of its signature may be published in a moment.
    if (caller.ok()) Remember(hash, Entry(*caller, false), forgotten);
    co_return caller;
  }
  if (WasKey(hash)) co_return co_await FromStore(std::move(hash), forgotten, deadline);
  const absl::Duration wait = guesses_.Take("", clock_.Monotonic());
  if (wait > absl::ZeroDuration()) co_return TooManyGuesses(wait);
  absl::StatusOr<CallerPtr> caller = co_await FromStore(std::move(hash), forgotten, deadline);
  if (caller.ok()) guesses_.GiveBack("");
  co_return caller;
}

Task<absl::StatusOr<CallerPtr>> Authenticator::FromStore(std::string hash, int64_t forgotten,
                                                         absl::Time deadline) {
  absl::StatusOr<std::optional<ApiKeyRecord>> record = co_await store_.FindByHash(deadline, hash);
  if (!record.ok()) co_return Stale(hash, std::move(record).status());
  const std::optional<ApiKeyRecord>& key = *record;
  const std::optional<TokenRole> role = key ? ParseRole(key->role) : std::nullopt;
  if (!role || !crypto::ConstantTimeEqual(key->key_hash, hash)) {
    Remember(hash, Entry(), forgotten);
    co_return NoValidToken();
  }
  auto caller = std::make_shared<Caller>();
  caller->tenant = key->tenant;
  caller->principal = MakePrincipal(key->id, *role, key->agent_id, ListedScopes(key->scopes));
  caller->expires_at = key->expires_at;
  Remember(hash, Entry(caller, true), forgotten);
  if (caller->expires_at <= clock_.Now()) co_return NoValidToken();
  co_return caller;
}

}  // namespace ctc::gateway
