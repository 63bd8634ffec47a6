// The accounts of each tenant with their credentials opened, cached for the hot paths. A write in
// this process is seen at once, one of another replica within a second. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/providers/adapter.h"
#include "services/dispatch/service/credentials.h"
#include "services/dispatch/store/provider_store.h"

namespace ctc::dispatch {

using AccountPtr = std::shared_ptr<const providers::Account>;
using Accounts = std::vector<AccountPtr>;  // by priority, then id; inactive ones too

class Directory {
 public:
  Directory(ProviderStore& store, const Keyring& keyring, const base::Clock& clock,
            std::string public_url)
      : store_(store), keyring_(keyring), clock_(clock), public_url_(std::move(public_url)) {}

  Task<absl::StatusOr<std::shared_ptr<const Accounts>>> Of(base::TenantId tenant,
                                                           absl::Time deadline);
  // NOT_FOUND for another tenant's as for none.
  Task<absl::StatusOr<AccountPtr>> Find(base::TenantId tenant, std::string id, absl::Time deadline);
  Task<absl::StatusOr<Accounts>> ActiveOfType(common::v1::ProviderType::Value type,
                                              absl::Time deadline);
  // Those that were switched off too.
  Task<absl::StatusOr<Accounts>> OfType(common::v1::ProviderType::Value type, absl::Time deadline);

  void Forget(const base::TenantId& tenant);
  // Drops everything when another replica wrote; true when something changed since the last look.
  Task<absl::StatusOr<bool>> LookForChanges(absl::Time deadline);

  absl::StatusOr<AccountPtr> Open(const StoredProvider& row) const;
  // For the REST answer.
  std::string WebhookUrl(const base::TenantId& tenant, const v1::Provider& provider) const;

 private:
  struct Entry {
    std::shared_ptr<const Accounts> accounts;
    absl::Duration expires_at;
  };
  std::string PublicUrl(const v1::Provider& provider) const;

  ProviderStore& store_;
  const Keyring& keyring_;
  const base::Clock& clock_;
  const std::string public_url_;
  base::Mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  // Rises with every Forget: a load that began before must not be kept.
  int64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string fingerprint_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::dispatch
