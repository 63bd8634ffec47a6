// Credentials at rest: all of an account's in one value, sealed under a master key that has an id,
// so that keys can be changed one account at a time. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "ctc/dispatch/v1/provider.pb.h"
#include "libs/base/ids.h"
#include "libs/base/secret.h"
#include "libs/base/status.h"

namespace ctc::dispatch {

class Keyring {
 public:
  // `keys`: "id:base64" pairs separated by commas, the current one first; a bare base64 key has the
  // id "1". INVALID_ARGUMENT when a key is not 32 bytes.
  static absl::StatusOr<Keyring> Parse(const base::Secret& keys);

  // The result is text: "<key id>:<base64>". Bound to the account: it opens nowhere else.
  absl::StatusOr<std::string> Seal(const v1::ProviderSecrets& secrets, const base::TenantId& tenant,
                                   std::string_view provider_id) const;
  absl::StatusOr<v1::ProviderSecrets> Unseal(std::string_view sealed, const base::TenantId& tenant,
                                             std::string_view provider_id) const;

 private:
  std::string current_;
  std::map<std::string, base::Secret, std::less<>> keys_;
};

// Names of the credentials that are set, as REST shows them.
std::vector<std::string> NamesOf(const v1::ProviderSecrets& secrets);

}  // namespace ctc::dispatch
