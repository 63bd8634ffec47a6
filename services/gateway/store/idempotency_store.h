// Table idempotency_key: first answers of POST requests, kept for a day. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <optional>
#include <string>

#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/db/database.h"
#include "services/gateway/domain/idempotency.h"

namespace ctc::gateway {

// Which key: a tenant's, of one route.
struct KeyId {
  KeyId(base::TenantId tenant_id, std::string route_name, std::string key_text)
      : tenant(std::move(tenant_id)), route(std::move(route_name)), key(std::move(key_text)) {}
  base::TenantId tenant;
  std::string route;  // "POST /api/v1/..."
  std::string key;
};

// One attempt to run a request under a key.
struct Attempt {
  Attempt(std::string hash, std::string attempt_owner, absl::Time started, absl::Time until)
      : request_hash(std::move(hash)),
        owner(std::move(attempt_owner)),
        now(started),
        lease_until(until) {}
  std::string request_hash;
  std::string owner;  // UUID of this attempt
  absl::Time now;
  absl::Time lease_until;
};

class IdempotencyStore {
 public:
  static std::unique_ptr<IdempotencyStore> Create(db::Database& database);
  virtual ~IdempotencyStore() = default;

  // Takes the key for this attempt: nullopt when it is ours now (new, or taken over after its lease
  // ended), else what stands there.
  virtual Task<absl::StatusOr<std::optional<StoredKey>>> Claim(absl::Time deadline, const KeyId& id,
                                                               const Attempt& attempt) = 0;
  // Keeps the answer, if the key is still this owner's.
  virtual Task<absl::Status> Finish(absl::Time deadline, const KeyId& id, const std::string& owner,
                                    int http_status, const std::string& body) = 0;
  // Sets the key free, if it is still this owner's.
  virtual Task<absl::Status> Release(absl::Time deadline, const KeyId& id,
                                     const std::string& owner) = 0;
  // Forgets keys made before `before`, at most kSweptAtOnce; how many it were.
  static constexpr int64_t kSweptAtOnce = 5000;
  virtual Task<absl::StatusOr<int64_t>> Sweep(absl::Time deadline, absl::Time before) = 0;
};

}  // namespace ctc::gateway
