#include "services/dispatch/service/credentials.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"

namespace ctc::dispatch {
namespace {

constexpr size_t kKeyBytes = 32;

std::string ContextOf(const base::TenantId& tenant, std::string_view provider_id) {
  return absl::StrCat(tenant.value(), "|",
                      absl::string_view(provider_id.data(), provider_id.size()), "|credentials");
}

}  // namespace

absl::StatusOr<Keyring> Keyring::Parse(const base::Secret& keys) {
  const absl::Status bad = absl::InvalidArgumentError(
      "dispatch.master_key must be 32 bytes in base64, as made by `openssl rand -base64 32`");
  Keyring ring;
  const absl::string_view text(keys.Reveal().data(), keys.Reveal().size());
  for (const absl::string_view item : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const size_t colon = item.find(':');
    const std::string id(colon == absl::string_view::npos ? "1" : item.substr(0, colon));
    const absl::string_view encoded =
        colon == absl::string_view::npos ? item : item.substr(colon + 1);
    absl::StatusOr<std::string> key = crypto::FromBase64({encoded.data(), encoded.size()});
    if (!key.ok() || key->size() != kKeyBytes || id.empty()) return bad;
    if (ring.current_.empty()) ring.current_ = id;
    ring.keys_.emplace(id, base::Secret(*std::move(key)));
  }
  if (ring.keys_.empty()) return bad;
  return ring;
}

absl::StatusOr<std::string> Keyring::Seal(const v1::ProviderSecrets& secrets,
                                          const base::TenantId& tenant,
                                          std::string_view provider_id) const {
  const base::Secret plain(secrets.SerializeAsString());
  CTC_ASSIGN_OR_RETURN(
      const std::string sealed,
      crypto::Seal(keys_.find(current_)->second, plain.Reveal(), ContextOf(tenant, provider_id)));
  return absl::StrCat(current_, ":", crypto::ToBase64(sealed));
}

absl::StatusOr<v1::ProviderSecrets> Keyring::Unseal(std::string_view sealed,
                                                    const base::TenantId& tenant,
                                                    std::string_view provider_id) const {
  v1::ProviderSecrets secrets;
  if (sealed.empty()) return secrets;
  const size_t colon = sealed.find(':');
  const auto key = keys_.find(sealed.substr(0, colon));
  if (colon == std::string_view::npos || key == keys_.end()) {
    return base::MakeError(base::kInternal, "credentials are sealed under a key that is not given");
  }
  CTC_ASSIGN_OR_RETURN(const std::string bytes, crypto::FromBase64(sealed.substr(colon + 1)));
  CTC_ASSIGN_OR_RETURN(const std::string plain,
                       crypto::Unseal(key->second, bytes, ContextOf(tenant, provider_id)));
  if (!secrets.ParseFromString(plain)) {
    return base::MakeError(base::kInternal, "sealed credentials cannot be read");
  }
  return secrets;
}

std::vector<std::string> NamesOf(const v1::ProviderSecrets& secrets) {
  std::vector<std::string> names;
  if (!secrets.api_key().empty()) names.push_back("api_key");
  if (!secrets.api_secret().empty()) names.push_back("api_secret");
  if (!secrets.auth_token().empty()) names.push_back("auth_token");
  if (!secrets.webhook_secret().empty()) names.push_back("webhook_secret");
  if (!secrets.private_key().empty()) names.push_back("private_key");
  return names;
}

}  // namespace ctc::dispatch
