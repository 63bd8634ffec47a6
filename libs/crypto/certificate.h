// X.509 certificates in PEM, over OpenSSL. All functions are pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/secret.h"
#include "libs/base/status.h"

namespace ctc::crypto {

bool IsCertificate(std::string_view pem);
// True when `key` (PEM, without a passphrase) is the first certificate's.
bool KeyFits(std::string_view certificate_pem, const base::Secret& key);
// A new key and its certificate, signed by itself, together in PEM; for peers that ask for none.
absl::StatusOr<std::string> MakeSelfSigned(const std::string& common_name);

}  // namespace ctc::crypto
