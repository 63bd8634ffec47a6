// Rows of voip_provider. Every query names the tenant, but for those that serve the whole
// installation.
#pragma once

#include <string>
#include <vector>

#include "ctc/dispatch/v1/provider.pb.h"
#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/db/database.h"
#include "libs/db/list_page.h"

namespace ctc::dispatch {

struct StoredProvider {
  base::TenantId tenant;
  v1::Provider provider;  // credentials_set included, webhook_url not
  std::string sealed;     // all credentials under the master key; empty when there are none
  int64_t version = 1;
};

struct ProviderFilter {
  std::string type;    // empty: all
  int is_active = -1;  // 0, 1, -1: both
};

// By priority unless asked otherwise.
extern const db::ListOrders kProviderOrders;

struct ProviderPage {
  int64_t total = 0;
  std::vector<StoredProvider> providers;
  std::string next_cursor;
};

class ProviderStore {
 public:
  explicit ProviderStore(db::Database& database) : database_(database) {}

  Task<absl::Status> Insert(const StoredProvider& row, absl::Time deadline);
  // kConflict when someone else changed it since `row.version` was read.
  Task<absl::Status> Update(const StoredProvider& row, absl::Time deadline);
  // NOT_FOUND for another tenant's as for none.
  Task<absl::StatusOr<StoredProvider>> Get(base::TenantId tenant, std::string id,
                                           absl::Time deadline);
  Task<absl::StatusOr<ProviderPage>> List(base::TenantId tenant, ProviderFilter filter,
                                          db::ListPage page, absl::Time deadline);
  // All of a tenant, by priority, then id.
  Task<absl::StatusOr<std::vector<StoredProvider>>> All(base::TenantId tenant, absl::Time deadline);
  Task<absl::Status> Delete(base::TenantId tenant, std::string id, absl::Time deadline);

  // Accounts of one type over all tenants.
  Task<absl::StatusOr<std::vector<StoredProvider>>> OfType(std::string type, absl::Time deadline);
  // Differs after any write by any replica.
  Task<absl::StatusOr<std::string>> Fingerprint(absl::Time deadline);

 private:
  db::Database& database_;
};

}  // namespace ctc::dispatch
