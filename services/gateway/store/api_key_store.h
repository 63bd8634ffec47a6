// Table api_key: keys of tenants, stored as SHA-256 of their text. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/db/database.h"
#include "libs/db/list_page.h"

namespace ctc::gateway {

// What someone asks for.
struct NewApiKey {
  base::TenantId tenant;
  std::string name;
  std::string role = "ADMIN";  // AGENT, SUPERVISOR, ADMIN
  std::vector<std::string> scopes;
  std::string agent_id;  // required for AGENT
  absl::Time expires_at = absl::InfiniteFuture();
};

// A key as stored.
struct ApiKeyRecord {
  std::string id;
  base::TenantId tenant;
  std::string name;
  std::string prefix;
  std::string key_hash;  // hex
  std::string role;
  std::vector<std::string> scopes;
  std::string agent_id;
  absl::Time expires_at = absl::InfiniteFuture();
  absl::Time created_at;
};

// Newest first unless asked otherwise.
extern const db::ListOrders kApiKeyOrders;

struct ApiKeyPage {
  int64_t total = 0;
  std::vector<ApiKeyRecord> keys;
  std::string next_cursor;
};

// The form under which a key's text is stored and looked up.
std::string HashOfToken(std::string_view token);

// A record for `wanted` and the text of the key. VALIDATION_FAILED names the field at fault.
struct MintedKey {
  std::string token;
  ApiKeyRecord record;
};
absl::StatusOr<MintedKey> MintApiKey(base::IdGenerator& ids, const base::Clock& clock,
                                     const NewApiKey& wanted);

// Makes and stores a key on the calling thread and returns its text, which is nowhere else.
absl::StatusOr<std::string> CreateApiKey(db::Database& database, base::IdGenerator& ids,
                                         const base::Clock& clock, const NewApiKey& wanted);

class ApiKeyStore {
 public:
  static std::unique_ptr<ApiKeyStore> Create(db::Database& database);
  virtual ~ApiKeyStore() = default;

  virtual Task<absl::Status> Insert(absl::Time deadline, const ApiKeyRecord& record) = 0;
  // nullopt when there is none or it was revoked. Expiry is the caller's to judge.
  virtual Task<absl::StatusOr<std::optional<ApiKeyRecord>>> FindByHash(absl::Time deadline,
                                                                       const std::string& hash) = 0;
  virtual Task<absl::StatusOr<ApiKeyPage>> List(absl::Time deadline, const base::TenantId& tenant,
                                                const db::ListPage& page) = 0;
  // The hash of the key that ended; kNotFound when the tenant has none of this id.
  virtual Task<absl::StatusOr<std::string>> Revoke(absl::Time deadline,
                                                   const base::TenantId& tenant,
                                                   const std::string& id, absl::Time now) = 0;
};

}  // namespace ctc::gateway
