// JSON Web Tokens (RFC 7519): HS256 with a shared secret, RS256 and ES256 with public keys of a JWK
// set (RFC 7517). `alg: none` and any other algorithm are refused. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/mutex.h"
#include "libs/base/secret.h"
#include "services/gateway/service/caller.h"

namespace ctc::gateway {

struct JwtConfig {
  base::Secret secret;   // of HS256; empty: HS256 is refused
  std::string issuer;    // empty: not checked
  std::string audience;  // empty: not checked
};

// INVALID_ARGUMENT for a secret that is too short for HS256 (RFC 7518, section 3.2); none is right.
absl::Status CheckSecret(const base::Secret& secret);

struct PublicKey {
  std::string id;         // kid
  std::string algorithm;  // RS256 or ES256
  std::string pem;
};

// The signing keys of a JWK set; keys of other kinds are left out. INVALID_ARGUMENT: no JWK set.
absl::StatusOr<std::vector<PublicKey>> ParseJwks(std::string_view json);

class JwtVerifier {
 public:
  explicit JwtVerifier(JwtConfig config) : config_(std::move(config)) {}

  void SetKeys(std::vector<PublicKey> keys);
  // UNAUTHENTICATED (the catalogue's) with the reason in words that say nothing about keys.
  // `unknown_key` becomes true when the token names a key that is not known (yet).
  absl::StatusOr<Caller> Verify(std::string_view token, absl::Time now, bool& unknown_key) const;

  // Three parts with dots: what is tried as a JWT.
  static bool LooksLikeOne(std::string_view token);

 private:
  bool SignatureIsRight(std::string_view algorithm, const std::string& key_id,
                        std::string_view data, std::string_view signature, bool& unknown_key) const;

  const JwtConfig config_;
  mutable base::Mutex mutex_;
  std::shared_ptr<const std::vector<PublicKey>> keys_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const std::vector<PublicKey>>();
};

}  // namespace ctc::gateway
