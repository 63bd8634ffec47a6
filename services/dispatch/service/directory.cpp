#include "services/dispatch/service/directory.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include "libs/base/error_catalogue.h"
#include "libs/http/message.h"
#include "libs/observability/log.h"

namespace ctc::dispatch {
namespace {

constexpr absl::Duration kTtl = absl::Minutes(5);
constexpr size_t kMaxTenants = 10'000;

std::string TrimSlash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

}  // namespace

std::string Directory::PublicUrl(const v1::Provider& provider) const {
  return TrimSlash(provider.callback_url().empty() ? public_url_ : provider.callback_url());
}

std::string Directory::WebhookUrl(const base::TenantId& tenant,
                                  const v1::Provider& provider) const {
  return absl::StrCat(
      PublicUrl(provider), "/api/v1/webhooks/voip/",
      absl::AsciiStrToLower(common::v1::ProviderType::Value_Name(provider.provider_type())),
      "?tenant=", http::Encode(tenant.value()));
}

absl::StatusOr<AccountPtr> Directory::Open(const StoredProvider& row) const {
  CTC_ASSIGN_OR_RETURN(v1::ProviderSecrets secrets,
                       keyring_.Unseal(row.sealed, row.tenant, row.provider.id()));
  auto account = std::make_shared<providers::Account>();
  account->tenant = row.tenant;
  account->config = row.provider;
  account->api_key = base::Secret(std::move(*secrets.mutable_api_key()));
  account->api_secret = base::Secret(std::move(*secrets.mutable_api_secret()));
  account->auth_token = base::Secret(std::move(*secrets.mutable_auth_token()));
  account->webhook_secret = base::Secret(std::move(*secrets.mutable_webhook_secret()));
  account->private_key = base::Secret(std::move(*secrets.mutable_private_key()));
  account->public_url = PublicUrl(row.provider);
  return AccountPtr(std::move(account));
}

Task<absl::StatusOr<std::shared_ptr<const Accounts>>> Directory::Of(base::TenantId tenant,
                                                                    absl::Time deadline) {
  int64_t generation = 0;
  {
    const base::MutexLock lock(mutex_);
    const auto found = entries_.find(tenant.value());
    if (found != entries_.end() && clock_.Monotonic() < found->second.expires_at) {
      co_return found->second.accounts;
    }
    generation = generation_;
  }
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<StoredProvider> rows,
                          co_await store_.All(tenant, deadline));
  auto accounts = std::make_shared<Accounts>();
  for (const StoredProvider& row : rows) {
    absl::StatusOr<AccountPtr> account = Open(row);
    if (account.ok()) {
      accounts->push_back(*std::move(account));
    } else {  // one account that cannot be opened must not take the others along
      observability::Error("a provider's credentials cannot be opened",
                           {{"provider", row.provider.id()}, {"error", account.status()}});
    }
  }
  const base::MutexLock lock(mutex_);
  if (generation == generation_) {
    if (entries_.size() >= kMaxTenants) entries_.clear();
    Entry entry;
    entry.accounts = accounts;
    entry.expires_at = clock_.Monotonic() + kTtl;
    entries_.insert_or_assign(tenant.value(), std::move(entry));
  }
  co_return std::shared_ptr<const Accounts>(std::move(accounts));
}

Task<absl::StatusOr<AccountPtr>> Directory::Find(base::TenantId tenant, std::string id,
                                                 absl::Time deadline) {
  CTC_CO_ASSIGN_OR_RETURN(const std::shared_ptr<const Accounts> accounts,
                          co_await Of(tenant, deadline));
  for (const AccountPtr& account : *accounts) {
    if (account->config.id() == id) co_return account;
  }
  co_return base::MakeError(base::kNotFound, "no such provider");
}

Task<absl::StatusOr<Accounts>> Directory::ActiveOfType(common::v1::ProviderType::Value type,
                                                       absl::Time deadline) {
  CTC_CO_ASSIGN_OR_RETURN(Accounts accounts, co_await OfType(type, deadline));
  std::erase_if(accounts, [](const AccountPtr& account) { return !account->config.is_active(); });
  co_return accounts;
}

Task<absl::StatusOr<Accounts>> Directory::OfType(common::v1::ProviderType::Value type,
                                                 absl::Time deadline) {
  std::string name = common::v1::ProviderType::Value_Name(type);
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<StoredProvider> rows,
                          co_await store_.OfType(std::move(name), deadline));
  Accounts accounts;
  for (const StoredProvider& row : rows) {
    if (absl::StatusOr<AccountPtr> account = Open(row); account.ok()) {
      accounts.push_back(*std::move(account));
    }
  }
  co_return accounts;
}

void Directory::Forget(const base::TenantId& tenant) {
  const base::MutexLock lock(mutex_);
  ++generation_;
  entries_.erase(tenant.value());
}

Task<absl::StatusOr<bool>> Directory::LookForChanges(absl::Time deadline) {
  CTC_CO_ASSIGN_OR_RETURN(const std::string seen, co_await store_.Fingerprint(deadline));
  const base::MutexLock lock(mutex_);
  if (seen == fingerprint_) co_return false;
  fingerprint_ = seen;
  ++generation_;
  entries_.clear();
  co_return true;
}

}  // namespace ctc::dispatch
